"""Sends what is due: turns before new tickets, each with its slot, and sets what wakes the loop next."""
from libc.stdint cimport int64_t

from aisbench._native.requests cimport Requests
from aisbench._native.tickets cimport Offer, Tickets
from aisbench._native.wakers cimport Wakers


cdef class Sender:
    cdef Wakers wakers
    cdef Tickets tickets
    cdef Requests requests

    cdef int drain(self) except -1
    cdef int pump(self) except -1
    cdef int64_t send_due(self) except -2
    cdef int watch_slots(self, Offer offer) except -1
    cdef int stop_sending(self) except -1
