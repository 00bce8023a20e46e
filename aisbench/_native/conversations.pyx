"""Conversations under way. See conversations.pxd."""
from libc.stdint cimport int64_t

from heapq import heappop, heappush


cdef class Conversation:
    def __cinit__(self, int64_t number):
        self.number = number
        self.answers = []


cdef class Conversations:
    """`first`: int64, shape (conversations + 1,): the index of each one's first body, then the number of bodies.

    `think_ns`: int64, shape (bodies,): the pause before a turn, after the previous answer.

    Raises ValueError if the two do not match.
    """

    def __cinit__(self, const int64_t[::1] first, const int64_t[::1] think_ns):
        if first.shape[0] < 2 or first[first.shape[0] - 1] != think_ns.shape[0]:
            raise ValueError("the turns of the conversations do not add up")
        self.first = first
        self.think_ns = think_ns
        self.count = first.shape[0] - 1
        self.heap = []

    cdef int64_t turns(self, int64_t number):
        """The number of turns of conversation `number`; numbers beyond the last start over."""
        cdef int64_t i = number % self.count
        return self.first[i + 1] - self.first[i]

    cdef int64_t ticket(self, Conversation conversation):
        """The ticket of the turn; modulo the number of bodies, it is the index of the turn's body."""
        cdef int64_t round_ = conversation.number // self.count
        cdef int64_t i = conversation.number % self.count
        return round_ * self.first[self.count] + self.first[i] + conversation.turn

    cdef int64_t think(self, Conversation conversation):
        """The pause before the turn, ns."""
        return self.think_ns[self.first[conversation.number % self.count] + conversation.turn]

    # The waiting conversations are a heap, ordered by when their turns are due.

    cdef void wait(self, Conversation conversation, int64_t due_ns):
        heappush(self.heap, (due_ns, self.pushed, conversation))
        self.pushed += 1

    cdef int64_t next_due_ns(self):
        """When the next turn is due; -1: no conversation waits."""
        return self.heap[0][0] if self.heap else -1

    cdef Conversation next_waiting(self):
        return <Conversation>heappop(self.heap)[2]

    cdef Py_ssize_t waiting(self):
        return len(self.heap)
