"""Limits the requests without a first token. See prefills.pxd."""
from libc.stdint cimport int64_t

cimport cython

from aisbench._native.conversations cimport Conversation
from aisbench._native.memory.shared cimport Slots
from aisbench._native.tickets cimport Tickets

from collections import deque


cdef class Waiting:
    pass


@cython.final
cdef class Prefills:
    def __cinit__(self, Slots places):
        self.places = places
        self.line = deque()

    cdef bint admits(
        self, int64_t ticket, Conversation talk, int64_t turn, int64_t planned_ns, int64_t taken_ns
    ) except -1:
        """Whether a request has a place now; otherwise `next` will return it."""
        cdef Waiting one
        if self.places is None or (not self.line and self.places.try_take()):
            return True
        one = Waiting()
        one.ticket, one.talk, one.turn, one.planned_ns, one.taken_ns = ticket, talk, turn, planned_ns, taken_ns
        self.line.append(one)
        return False

    cdef Waiting next(self):
        """The first in line, which now has a place; None: there is none, or no place is free."""
        if self.line and self.places.try_take():
            return self.line.popleft()
        return None

    cdef int clear(self, Tickets tickets) except -1:
        """Gives up all in line, and their slots, except those that conversations hold."""
        cdef Waiting one
        for one in self.line:
            if one.talk is None:
                tickets.give_slot()
            else:
                one.talk.flying -= 1
        self.line.clear()
        return 0

    cdef int watched_fd(self) noexcept:
        """A descriptor that is readable while places are free; -1: nobody waits for one."""
        return self.places.fd if self.line else -1
