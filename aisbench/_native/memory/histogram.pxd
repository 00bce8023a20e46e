"""Log-linear histogram of nanoseconds, with 3 significant digits; adding counts merges two.

After G. Tene's HdrHistogram: 1,024 buckets for each power of two above 2,048 ns, so a bucket is
never wider than 1/1,024 of the values in it. Below 2,048 ns every nanosecond has its own bucket.
"""
from libc.stdint cimport int64_t

from aisbench._native.memory.mapped cimport MappedFile

cdef enum:
    # The last bucket ends at 2**44 ns, which is 4.9 hours; longer values are counted there.
    BUCKETS = 34 * 1024 + 1024

# The histograms in a worker's file, in order; HISTOGRAMS in histogram.pyx is made from these names.
cpdef enum Which:
    ITL = 0
    CLIENT_DELAY = 1
    TTFT = 2
    MERGE_WINDOW = 3
    SCHEDULE_LAG = 4

ctypedef struct Hist:
    int64_t count
    int64_t sum_ns
    int64_t min_ns
    int64_t max_ns
    double sum_squares
    int64_t reserved[3]
    int64_t buckets[BUCKETS]


cdef inline int bucket_of(int64_t value) noexcept nogil:
    cdef int shift
    if value < 2048:
        return <int>value
    shift = 53 - __builtin_clzll(<unsigned long long>value)
    if shift > 33:
        return BUCKETS - 1
    return shift * 1024 + <int>(value >> shift)


cdef inline void hist_add(Hist* h, int64_t value) noexcept nogil:
    if value < 0:
        value = 0
    if h.count == 0 or value < h.min_ns:
        h.min_ns = value
    if value > h.max_ns:
        h.max_ns = value
    h.count += 1
    h.sum_ns += value
    h.sum_squares += <double>value * <double>value
    h.buckets[bucket_of(value)] += 1


cdef extern from *:
    int __builtin_clzll(unsigned long long) noexcept nogil


cdef class HistogramFile:
    cdef MappedFile file
    cdef Hist* hists
