"""A request and the answer to it: stamped bytes come in, a row is filled. It knows nothing of sockets.

`take(bytes, floor_ns)` with `at_ns` and `seen_ns` set is all that it knows of how bytes were had (reader.pxd);
what the events in them say is counted by its base (tally.pxd).
"""
from libc.stdint cimport int64_t

from aisbench._native.protocol.http cimport HttpResponse
from aisbench._native.memory.recorder cimport Row
from aisbench._native.tally cimport Tally


cdef class Exchange(Tally):
    # Since when the request is waited for.
    cdef int64_t waiting_since_ns
    # The answer so far.
    cdef HttpResponse http
    cdef bint is_stream
    cdef bint is_whole
    cdef bint is_unknown      # the content type is wrong for a stream, and the body has not begun
    cdef int64_t over_ns      # when the stream had said all, with its body still open; 0: it has not
    cdef bytearray plain

    cdef void begin(self, int64_t row_index, int64_t now_ns)
    cdef int take(self, const char* data, Py_ssize_t n, int64_t floor_ns) except -1
    cdef int take_items(self) except -1
    cdef int take_head(self) except -1
    cdef int take_body(self) except -1
    cdef int take_plain(self) except -1
    cdef int take_event(self) except -1
    cdef int peer_closed(self) except -1
    cdef int left_open(self) except -1
    cdef bytes no_output(self, Row* row)
    cdef int cut(self, bytes why) except -1
    cdef int answered(self) except -1
    cdef void finish_row(self, int status, int64_t now_ns)
