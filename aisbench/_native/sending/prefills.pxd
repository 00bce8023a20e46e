"""The places for requests without a first token, which all workers share, and this worker's requests that wait for one.

A request asks for its place after its in-flight slot, and gives it back at its first token or at its end, so whoever
holds a place needs nothing more, and the line always moves on.
"""
from libc.stdint cimport int64_t

from aisbench._native.conversations cimport Conversation
from aisbench._native.memory.shared cimport Slots
from aisbench._native.tickets cimport Tickets


cdef class Waiting:
    """A request that has its slot and waits for a place."""
    cdef int64_t ticket
    cdef Conversation talk
    cdef int64_t turn
    cdef int64_t planned_ns
    cdef int64_t taken_ns


cdef class Prefills:
    # None: as many as there are slots.
    cdef Slots places
    cdef object line

    cdef bint admits(
        self, int64_t ticket, Conversation talk, int64_t turn, int64_t planned_ns, int64_t taken_ns
    ) except -1
    cdef Waiting next(self)
    cdef int clear(self, Tickets tickets) except -1
    cdef int watched_fd(self) noexcept
