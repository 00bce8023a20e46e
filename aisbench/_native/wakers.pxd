"""What wakes a worker's loop: sockets, the time of the next ticket, a free slot or place, the end of a rest."""
from libc.stdint cimport int64_t

from aisbench._native.os.clock cimport Timer
from aisbench._native.os.watch cimport WatchSet

cdef enum:
    SOCKETS = 0
    PACE = 1
    REST = 2
    SLOTS = 3       # an in-flight slot is free
    PREFILLS = 4    # one more request may be without a first token

    WAKERS = 5


cdef class Wakers:
    # Readable whenever there is something to do; the event loop watches it.
    cdef readonly int fd
    cdef WatchSet watched
    # The reader's descriptor.
    cdef int sockets_fd
    cdef Timer pace
    cdef Timer rest
    cdef readonly int64_t rest_ns
    cdef bint resting
    cdef int empty_rests
    cdef int64_t woke_ns
    # The descriptors of SLOTS and PREFILLS; -1: not watched.
    cdef int fds[WAKERS]

    cdef int clear(self) except -1
    cdef int wake_at(self, int64_t at_ns) except -1
    cdef int watch(self, int waker, int fd) except -1
    cdef int set_rest(self, int64_t rest_ns) except -1
    cdef int tune(self, int64_t longest_ns, int64_t gap_ns, int64_t request_ns) except -1
    cdef int drained(self, int handled, int64_t now_ns) except -1
