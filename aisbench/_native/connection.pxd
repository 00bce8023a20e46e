"""One socket and the request on it: bytes go out, stamped bytes come in, a row is filled.

The reading side is one small contract, so that another reader can stand beside this one:
`take(bytes, at_ns, seen_ns, floor_ns)` is all that it needs to know of how bytes were had.
"""
from libc.stdint cimport int32_t, int64_t, uint32_t

from aisbench._native.clock cimport ClockPair
from aisbench._native.decode cimport Decoder
from aisbench._native.http cimport HttpItem, HttpResponse
from aisbench._native.recorder cimport Error, Recorder, Row
from aisbench._native.shared cimport Live
from aisbench._native.sse cimport SseParser

cdef enum Outcome:
    GOING = 0      # more is to come
    ANSWERED = 1   # the response is complete; `error` says whether it was a good one
    LOST = 2       # the connection is of no more use; `error` and `detail` say why
    UNUSABLE = 3   # closed by the peer with no request on it

cdef enum ConnectionState:
    CONNECTING = 0
    IDLE = 1
    BUSY = 2
    CLOSED = 3


cdef class Connection:
    cdef readonly int fd
    cdef ConnectionState state
    cdef bint wants_out
    cdef int requests
    cdef int connect_error
    # The request on this connection: its row, and since when it is waited for.
    cdef int64_t row_index
    cdef int64_t waiting_since_ns
    cdef Error error
    cdef bytes detail
    # Parts of the read in hand.
    cdef int64_t at_ns
    cdef int64_t seen_ns
    # The answer so far.
    cdef HttpResponse http
    cdef SseParser sse
    cdef bint is_stream
    cdef bint ended
    cdef bytearray plain
    cdef int32_t events_at_first
    # What is still to be sent: the head of this connection's own, the body in the shared file.
    cdef char* head
    cdef Py_ssize_t head_room
    cdef const char* out[2]
    cdef Py_ssize_t out_bytes[2]
    # Kept per request only where asked for.
    cdef uint32_t* gaps
    cdef Py_ssize_t gap_count
    cdef Py_ssize_t gap_room
    cdef bytearray content
    cdef bytearray reasoning
    # Shared by all connections of a worker.
    cdef Recorder recorder
    cdef ClockPair clock
    cdef Decoder decoder
    cdef Live* live
    cdef bint counts_chunks

    cdef int connect(self, const char* address, Py_ssize_t n) noexcept
    cdef int connect_result(self) noexcept
    cdef void begin(self, int64_t row_index, int64_t now_ns)
    cdef int send(self, const char* head, Py_ssize_t head_n, int64_t slot, const char* body, Py_ssize_t body_n) except -1
    cdef int send_rest(self) except -1
    cdef int read(self, char* buffer, Py_ssize_t room, bint to_the_end, int64_t floor_ns) except -1
    cdef int take(self, const char* data, Py_ssize_t n, int64_t floor_ns) except -1
    cdef int take_items(self) except -1
    cdef int take_head(self) except -1
    cdef int take_body(self) except -1
    cdef int take_event(self) except -1
    cdef int peer_closed(self) except -1
    cdef int answered(self) except -1
    cdef int lost(self, Error error, bytes detail) except -1
    cdef int keep_gap(self, int64_t gap_ns) except -1
    cdef void finish_row(self, int status, int64_t now_ns)
    cdef void close(self) noexcept
