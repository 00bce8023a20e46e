"""The requests that the client aborts on purpose: a share of all, after a set time or number of tokens."""
from libc.stdint cimport int32_t, int64_t, uint64_t

from aisbench._native.connection cimport Connection


cdef class Aborts:
    cdef double share
    cdef uint64_t seed
    # From the send; -1: by tokens.
    cdef int64_t after_ns
    cdef int32_t after_tokens
    # By when they are aborted.
    cdef list heap
    cdef int64_t pushed

    cdef bint chooses(self, int64_t ticket) noexcept
    cdef int sent(self, Connection connection, int64_t ticket, int64_t sent_ns) except -1
    cdef int64_t next_ns(self)
    cdef Connection next(self, int64_t now_ns)
