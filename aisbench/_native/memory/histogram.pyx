"""Mergeable latency histograms in a mapped file. See histogram.pxd for buckets and precision."""
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from aisbench._native.memory.mapped cimport MappedFile

BUCKET_COUNT = BUCKETS

# Order of the histograms in a worker's file.
HISTOGRAMS = tuple(which.name.lower() for which in list(Which))

# Layout of one histogram for numpy: `np.dtype(HISTOGRAM_FIELDS)`.
HISTOGRAM_FIELDS = [
    ("count", "<i8"),
    ("sum_ns", "<i8"),
    ("min_ns", "<i8"),
    ("max_ns", "<i8"),
    ("sum_squares", "<f8"),
    ("reserved", "<i8", (3,)),
    ("buckets", "<i8", (BUCKETS,)),
]


def bucket_index(int64_t value_ns):
    """The bucket that counts `value_ns`."""
    return bucket_of(value_ns)


cdef class HistogramFile:
    """One worker's histograms, in the order of HISTOGRAMS, mapped from `path`."""

    def __cinit__(self, str path):
        self.file = MappedFile(path, len(HISTOGRAMS) * sizeof(Hist))
        self.hists = <Hist*>self.file.data

    def add(self, str name, int64_t value_ns):
        """Counts one value; the per-event path does this without Python."""
        hist_add(&self.hists[HISTOGRAMS.index(name)], value_ns)

    def to_bytes(self):
        """A copy of all histograms, to be read with HISTOGRAM_FIELDS."""
        return (<char*>self.hists)[:len(HISTOGRAMS) * sizeof(Hist)]
