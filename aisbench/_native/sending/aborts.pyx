"""Chooses requests to abort, and tells when. See aborts.pxd."""
from libc.stdint cimport int32_t, int64_t, uint64_t

cimport cython

from aisbench._native.connection cimport Connection
from aisbench._native.exchange cimport NEVER_LEAVES

from heapq import heappop, heappush


@cython.final
cdef class Aborts:
    """`share`: of all requests, from 0 to 1, drawn with `seed` by ticket: the same for any number of workers.

    `after_ns`: from the send, or `after_tokens`: token events.
    """

    def __cinit__(self, double share=0.0, uint64_t seed=0, int64_t after_ns=-1, int32_t after_tokens=0):
        self.share = share
        self.seed = seed
        self.after_ns = after_ns
        self.after_tokens = after_tokens
        self.heap = []

    cdef bint chooses(self, int64_t ticket) noexcept:
        """A uniform number for each ticket, by SplitMix64 (Steele, Lea and Flood 2014)."""
        cdef uint64_t z = (self.seed << 32) + <uint64_t>ticket + 1
        z *= 0x9E3779B97F4A7C15ULL
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL
        z ^= z >> 31
        return <double>(z >> 11) / 9007199254740992.0 < self.share

    cdef int sent(self, Connection connection, int64_t ticket, int64_t sent_ns) except -1:
        """Notes a request that was sent, or sent again."""
        cdef bint chosen = self.share > 0 and self.chooses(ticket)
        connection.leaves_at = self.after_tokens if chosen and self.after_ns < 0 else NEVER_LEAVES
        if chosen and self.after_ns >= 0:
            heappush(self.heap, (sent_ns + self.after_ns, self.pushed, connection, connection.row_index))
            self.pushed += 1
        return 0

    cdef int64_t next_ns(self):
        """When the next request is to be aborted; -1: none is."""
        return self.heap[0][0] if self.heap else -1

    cdef Connection next(self, int64_t now_ns):
        """The connection of a request that is to be aborted by now; None: there is none."""
        cdef Connection connection
        cdef int64_t row_index
        while self.heap and <int64_t>self.heap[0][0] <= now_ns:
            _, _, connection, row_index = heappop(self.heap)
            if connection.row_index == row_index:
                return connection
        return None
