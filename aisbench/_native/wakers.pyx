"""What wakes a worker's loop, and when the sockets may. See wakers.pxd.

When events come faster than the reader needs to look, the sockets are taken out of what wakes the
loop, and looked at after a rest instead. The kernel holds the time of each arrival, so that costs no
accuracy as long as the rest is short against one inter-token gap.
"""
from libc.stdint cimport int64_t, uint32_t
from posix.unistd cimport close

from aisbench._native.os.clock cimport Timer
from aisbench._native.os.epoll cimport (
    EPOLLIN, EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, epoll_create1, epoll_ctl, epoll_event, epoll_wait,
)

cdef enum:
    # After so many rests in which nothing came the sockets wake the loop again.
    EMPTY_RESTS = 3
    # Shorter rests are not worth their timer.
    SHORTEST_REST_NS = 100_000

cdef enum Waker:
    SOCKETS = 0
    PACE = 1
    REST = 2
    SLOTS = 3


cdef class Wakers:
    def __cinit__(self):
        self.slots_fd = -1
        self.pace = Timer()
        self.rest = Timer()
        self.fd = epoll_create1(EPOLL_CLOEXEC)
        self.sockets_fd = epoll_create1(EPOLL_CLOEXEC)
        if self.fd < 0 or self.sockets_fd < 0:
            raise OSError("epoll_create1 failed")
        self.control(EPOLL_CTL_ADD, self.sockets_fd, SOCKETS)
        self.control(EPOLL_CTL_ADD, self.pace.fd, PACE)
        self.control(EPOLL_CTL_ADD, self.rest.fd, REST)

    def __dealloc__(self):
        if self.sockets_fd >= 0:
            close(self.sockets_fd)
        if self.fd >= 0:
            close(self.fd)

    cdef void control(self, int op, int fd, int waker) noexcept:
        cdef epoll_event event
        event.events = EPOLLIN
        event.data.ptr = NULL
        event.data.u32 = waker
        epoll_ctl(self.fd, op, fd, &event)

    cdef void clear(self):
        """Makes the timers that have fired unreadable again."""
        cdef epoll_event events[4]
        cdef int i
        for i in range(epoll_wait(self.fd, events, 4, 0)):
            if events[i].data.u32 == PACE:
                self.pace.clear()
            elif events[i].data.u32 == REST:
                self.rest.clear()

    cdef void wake_at(self, int64_t at_ns):
        self.pace.arm_at(at_ns)

    cdef void watch_slots(self, int fd) noexcept:
        """Wakes when in-flight slots are free at `fd`; -1: no longer."""
        if fd != self.slots_fd:
            if self.slots_fd >= 0:
                self.control(EPOLL_CTL_DEL, self.slots_fd, SLOTS)
            if fd >= 0:
                self.control(EPOLL_CTL_ADD, fd, SLOTS)
            self.slots_fd = fd

    cdef void set_rest(self, int64_t rest_ns) noexcept:
        """How long a rest is from now on; 0: none."""
        if rest_ns != self.rest_ns:
            self.rest_ns = rest_ns
            if self.resting and rest_ns > 0:
                self.rest.repeat(rest_ns)

    cdef void tune(self, int64_t longest_ns, int64_t gap_ns, int64_t request_ns) noexcept:
        """A rest costs at most 1/5 of a token gap, and 1/200 of the time that a request takes."""
        cdef int64_t rest_ns = min(longest_ns, request_ns // 200)
        if gap_ns > 0:
            rest_ns = min(rest_ns, gap_ns // 5)
        self.set_rest(rest_ns if rest_ns >= SHORTEST_REST_NS else 0)

    cdef void drained(self, int handled, int64_t now_ns) noexcept:
        """Decides, after a wake at `now_ns` that found `handled` sockets, what wakes the loop next."""
        if self.resting:
            self.empty_rests = 0 if handled > 0 else self.empty_rests + 1
            if self.empty_rests >= EMPTY_RESTS or self.rest_ns == 0:
                self.resting = False
                self.rest.repeat(0)
                self.control(EPOLL_CTL_ADD, self.sockets_fd, SOCKETS)
        elif handled > 0 and 0 < now_ns - self.woke_ns < self.rest_ns:
            self.resting = True
            self.empty_rests = 0
            self.control(EPOLL_CTL_DEL, self.sockets_fd, SOCKETS)
            self.rest.repeat(self.rest_ns)
        self.woke_ns = now_ns
