"""Conversations: each turn waits for the answer to the one before, and may repeat the answers so far."""
from libc.stdint cimport int64_t


cdef class Conversation:
    """A conversation under way. It keeps its in-flight slot and its connection from the first turn to the last."""
    cdef int64_t number
    cdef int64_t turn         # the turn that is in flight or waits to be sent
    cdef list answers         # made by History.answer
    cdef object connection    # the Connection for its next turn while it waits; None: a new one


cdef class Conversations:
    """All prepared conversations, and those of this worker that wait to send their next turn."""
    cdef const int64_t[::1] first
    cdef const int64_t[::1] think_ns
    cdef readonly int64_t count
    cdef list heap
    cdef int64_t pushed

    cdef int64_t turns(self, int64_t number)
    cdef int64_t ticket(self, Conversation conversation)
    cdef int64_t think(self, Conversation conversation)
    cdef void wait(self, Conversation conversation, int64_t due_ns)
    cdef int64_t next_due_ns(self)
    cdef Conversation next_waiting(self)
    cdef Py_ssize_t waiting(self)
