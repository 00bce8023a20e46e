"""What wakes a worker's loop, and when the sockets may. See wakers.pxd.

When events arrive faster than the reader needs to look, the sockets no longer wake the loop and are read
after a rest instead. The kernel keeps the time of arrival, so this costs no accuracy as long as the rest
is short compared with an inter-token gap.
"""
from libc.stdint cimport int64_t

cimport cython

from aisbench._native.os.clock cimport Timer
from aisbench._native.os.watch cimport WatchSet

cdef enum:
    # After this many rests in which nothing came, the sockets wake the loop again.
    EMPTY_RESTS = 3
    # Shorter rests are not worth their timer.
    SHORTEST_REST_NS = 100_000


@cython.final
cdef class Wakers:
    """`sockets_fd`: readable while the reader has something to report."""

    def __cinit__(self, int sockets_fd):
        self.sockets_fd = sockets_fd
        self.fds[SLOTS] = self.fds[PREFILLS] = -1
        self.pace = Timer()
        self.rest = Timer()
        self.watched = WatchSet()
        self.fd = self.watched.fd
        self.watched.add(self.sockets_fd, SOCKETS)
        self.watched.add(self.pace.fd, PACE)
        self.watched.add(self.rest.fd, REST)

    cdef int clear(self) except -1:
        """Makes the timers that have fired unreadable again."""
        cdef unsigned int readable = self.watched.readable()
        if readable & (1 << PACE):
            self.pace.clear()
        if readable & (1 << REST):
            self.rest.clear()
        return 0

    cdef int wake_at(self, int64_t at_ns) except -1:
        return self.pace.arm_at(at_ns)

    cdef int watch(self, int waker, int fd) except -1:
        """Wakes when `fd` says that one is free; -1: stops watching. For SLOTS and PREFILLS."""
        if fd != self.fds[waker]:
            if self.fds[waker] >= 0:
                self.watched.remove(self.fds[waker])
            if fd >= 0:
                self.watched.add(fd, waker)
            self.fds[waker] = fd
        return 0

    cdef int set_rest(self, int64_t rest_ns) except -1:
        """Sets the length of a rest from now on; 0: no rests."""
        if rest_ns != self.rest_ns:
            self.rest_ns = rest_ns
            if self.resting and rest_ns > 0:
                self.rest.repeat(rest_ns)
        return 0

    cdef int tune(self, int64_t longest_ns, int64_t gap_ns, int64_t request_ns) except -1:
        """Sets the rest to the least of `longest_ns`, 1/5 of a token gap and 1/200 of a request's time."""
        cdef int64_t rest_ns = min(longest_ns, request_ns // 200)
        if gap_ns > 0:
            rest_ns = min(rest_ns, gap_ns // 5)
        return self.set_rest(rest_ns if rest_ns >= SHORTEST_REST_NS else 0)

    cdef int drained(self, int handled, int64_t now_ns) except -1:
        """Decides, after a wake at `now_ns` that found `handled` sockets, what wakes the loop next."""
        if self.resting:
            self.empty_rests = 0 if handled > 0 else self.empty_rests + 1
            if self.empty_rests >= EMPTY_RESTS or self.rest_ns == 0:
                self.resting = False
                self.rest.repeat(0)
                self.watched.add(self.sockets_fd, SOCKETS)
        elif handled > 0 and 0 < now_ns - self.woke_ns < self.rest_ns:
            self.resting = True
            self.empty_rests = 0
            self.watched.remove(self.sockets_fd)
            self.rest.repeat(self.rest_ns)
        self.woke_ns = now_ns
        return 0
