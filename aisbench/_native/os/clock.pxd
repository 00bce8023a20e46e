"""Time in nanoseconds on CLOCK_MONOTONIC, which all processes on the host share."""
from libc.stdint cimport int64_t

cdef int64_t mono_ns() noexcept nogil
cdef int64_t real_ns() noexcept nogil


cdef class ClockPair:
    # Added to a CLOCK_REALTIME stamp, this gives CLOCK_MONOTONIC.
    cdef readonly int64_t offset_ns
    # How often the offset jumped by more than STEP_NS between two syncs, and its largest change.
    cdef readonly int64_t steps
    cdef readonly int64_t largest_step_ns

    cpdef int64_t to_mono(self, int64_t stamp_ns, int64_t floor_ns, int64_t seen_ns) noexcept
    cpdef void sync(self)


cdef class Timer:
    cdef readonly int fd
    cdef int64_t armed_ns

    cpdef int arm_at(self, int64_t at_ns) except -1
    cdef int repeat(self, int64_t every_ns) except -1
    cpdef int clear(self) except -1
