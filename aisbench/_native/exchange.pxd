"""A request and its answer: takes stamped bytes and fills the request's row.

It knows nothing of sockets: a connection sets `at_ns` and `seen_ns` and calls `take(bytes, floor_ns)`. The base
class (tally.pxd) counts what the events say.
"""
from libc.stdint cimport int32_t, int64_t

from aisbench._native.protocol.http cimport HttpResponse
from aisbench._native.memory.recorder cimport Row
from aisbench._native.memory.shared cimport Slots
from aisbench._native.tally cimport Tally

cdef enum:
    NEVER_LEAVES = 0x7FFFFFFF


cdef class Exchange(Tally):
    # When the wait for the answer began.
    cdef int64_t waiting_since_ns
    # The answer so far.
    cdef HttpResponse http
    cdef bint is_stream
    cdef bint is_whole
    cdef bint is_unknown      # not a stream by its content type; the start of the body will tell
    cdef int64_t over_ns      # when the stream said that it ends before its body did; 0: not yet
    cdef bytearray plain
    # With this many token events it is aborted.
    cdef int32_t leaves_at
    # Where its place among the requests without a first token goes back to; None: it holds none.
    cdef Slots prefilling

    cdef void begin(self, int64_t row_index, int64_t now_ns)
    cdef int take(self, const char* data, Py_ssize_t n, int64_t floor_ns) except -1
    cdef bint came_early(self, int64_t sent_ns) except -1
    cdef int end_prefill(self) except -1
    cdef int take_items(self) except -1
    cdef int take_head(self) except -1
    cdef int take_body(self) except -1
    cdef int take_plain(self) except -1
    cdef int take_event(self) except -1
    cdef int peer_closed(self) except -1
    cdef int peer_reset(self, bytes why) except -1
    cdef int left_open(self) except -1
    cdef bytes no_output(self, Row* row)
    cdef int cut(self, bytes why) except -1
    cdef int answered(self) except -1
    cdef void finish_row(self, int status, int64_t now_ns)
