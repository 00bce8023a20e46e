"""Clocks and timers of the per-event path. See clock.pxd."""
from libc.errno cimport EAGAIN, errno
from libc.stdint cimport int64_t, uint64_t
from posix.time cimport CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime, timespec, itimerspec
from posix.unistd cimport close, read

from aisbench._native.os.failures cimport fail

cdef extern from "sys/timerfd.h" nogil:
    int timerfd_create(int clockid, int flags)
    int timerfd_settime(int fd, int flags, const itimerspec* new_value, itimerspec* old_value)
    int TFD_NONBLOCK, TFD_CLOEXEC, TFD_TIMER_ABSTIME

# NTP slews by at most 500 us per second, so a jump of this size between two syncs is a step.
cdef int64_t STEP_NS = 200_000


cdef int64_t mono_ns() noexcept nogil:
    cdef timespec t
    clock_gettime(CLOCK_MONOTONIC, &t)
    return <int64_t>t.tv_sec * 1_000_000_000 + t.tv_nsec


cdef int64_t real_ns() noexcept nogil:
    cdef timespec t
    clock_gettime(CLOCK_REALTIME, &t)
    return <int64_t>t.tv_sec * 1_000_000_000 + t.tv_nsec


def now_ns():
    """CLOCK_MONOTONIC in nanoseconds: the axis of every time in the records."""
    return mono_ns()


cdef class ClockPair:
    """Converts the kernel's CLOCK_REALTIME receive stamps to CLOCK_MONOTONIC."""

    def __cinit__(self):
        self.offset_ns = 0
        self.steps = 0
        self.largest_step_ns = 0
        self.sync()

    cpdef void sync(self):
        """Compares both clocks again, and uses the tightest of five readings."""
        cdef int64_t before, between, after, best = 1 << 62, offset = 0, moved
        cdef int i
        for i in range(5):
            before = mono_ns()
            between = real_ns()
            after = mono_ns()
            if after - before < best:
                best = after - before
                offset = before + (after - before) // 2 - between
        if self.offset_ns != 0:
            moved = offset - self.offset_ns
            if moved < 0:
                moved = -moved
            if moved > STEP_NS:
                self.steps += 1
            if moved > self.largest_step_ns:
                self.largest_step_ns = moved
        self.offset_ns = offset

    cpdef int64_t to_mono(self, int64_t stamp_ns, int64_t floor_ns, int64_t seen_ns) noexcept:
        """When bytes arrived that have this stamp: not after `seen_ns`, and not before `floor_ns`, when none were there."""
        cdef int64_t at_ns = stamp_ns + self.offset_ns
        if at_ns > seen_ns + STEP_NS or at_ns < floor_ns - STEP_NS:
            # The system clock may have been set since both were compared.
            self.sync()
            at_ns = stamp_ns + self.offset_ns
            if self.steps > 0 and at_ns < floor_ns - STEP_NS:
                # It was set forward while the bytes waited. Without a step, the kernel was late to pass them on.
                return seen_ns
        return at_ns if at_ns < seen_ns else seen_ns


cdef class Timer:
    """A timerfd on CLOCK_MONOTONIC: readable once its time has come.

    Raises OSError when the kernel refuses: a worker whose timer does not fire cannot go on.
    """

    def __cinit__(self):
        self.armed_ns = 0
        self.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)
        if self.fd < 0:
            fail("timerfd_create")

    def __dealloc__(self):
        if self.fd >= 0:
            close(self.fd)

    cpdef int arm_at(self, int64_t at_ns) except -1:
        """Fires once at `at_ns`; arming again for the same time costs nothing."""
        cdef itimerspec spec
        if at_ns == self.armed_ns:
            return 0
        self.armed_ns = at_ns
        spec.it_interval.tv_sec = 0
        spec.it_interval.tv_nsec = 0
        spec.it_value.tv_sec = at_ns // 1_000_000_000
        spec.it_value.tv_nsec = at_ns % 1_000_000_000
        if timerfd_settime(self.fd, TFD_TIMER_ABSTIME, &spec, NULL) != 0:
            fail("timerfd_settime")
        return 0

    cdef int repeat(self, int64_t every_ns) except -1:
        """Fires every `every_ns` from now on; 0 disarms."""
        cdef itimerspec spec
        self.armed_ns = 0
        spec.it_interval.tv_sec = every_ns // 1_000_000_000
        spec.it_interval.tv_nsec = every_ns % 1_000_000_000
        spec.it_value = spec.it_interval
        if timerfd_settime(self.fd, 0, &spec, NULL) != 0:
            fail("timerfd_settime")
        return 0

    cpdef int clear(self) except -1:
        """Makes the descriptor unreadable until the timer fires again."""
        cdef uint64_t fired
        self.armed_ns = 0
        # EAGAIN: it was armed again after it had fired.
        if read(self.fd, &fired, 8) != 8 and errno != EAGAIN:
            fail("reading a timerfd")
        return 0
