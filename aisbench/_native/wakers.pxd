"""What wakes a worker's loop: sockets, the time of the next ticket, a free in-flight slot, the end of a rest."""
from libc.stdint cimport int64_t

from aisbench._native.os.clock cimport Timer
from aisbench._native.os.watch cimport WatchSet


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
    cdef int slots_fd

    cdef int clear(self) except -1
    cdef int wake_at(self, int64_t at_ns) except -1
    cdef int watch_slots(self, int fd) except -1
    cdef int set_rest(self, int64_t rest_ns) except -1
    cdef int tune(self, int64_t longest_ns, int64_t gap_ns, int64_t request_ns) except -1
    cdef int drained(self, int handled, int64_t now_ns) except -1
