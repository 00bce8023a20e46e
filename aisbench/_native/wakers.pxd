"""What wakes a worker's loop: sockets, the time of the next ticket, a free in-flight slot, the end of a rest."""
from libc.stdint cimport int64_t

from aisbench._native.os.clock cimport Timer


cdef class Wakers:
    # Readable whenever there is something to do; the event loop watches it.
    cdef readonly int fd
    # The epoll that all sockets are in.
    cdef readonly int sockets_fd
    cdef Timer pace
    cdef Timer rest
    cdef readonly int64_t rest_ns
    cdef bint resting
    cdef int empty_rests
    cdef int64_t woke_ns
    cdef int slots_fd

    cdef void control(self, int op, int fd, int waker) noexcept
    cdef void clear(self)
    cdef void wake_at(self, int64_t at_ns)
    cdef void watch_slots(self, int fd) noexcept
    cdef void set_rest(self, int64_t rest_ns) noexcept
    cdef void tune(self, int64_t longest_ns, int64_t gap_ns, int64_t request_ns) noexcept
    cdef void drained(self, int handled, int64_t now_ns) noexcept
