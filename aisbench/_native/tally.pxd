"""Counts and times the events of an answer in its row. Knows neither HTTP nor sockets."""
from libc.stdint cimport int32_t, int64_t, uint32_t

from aisbench._native.protocol.decode cimport Decoder
from aisbench._native.memory.recorder cimport Error, Recorder, Row
from aisbench._native.memory.shared cimport Live
from aisbench._native.protocol.event cimport Event
from aisbench._native.protocol.sse cimport SseParser

cdef enum Outcome:
    GOING = 0      # more is to come
    ANSWERED = 1   # the response is complete; `error` is set if it was not a good one
    LOST = 2       # the connection cannot be used any more; `error` and `detail` say why
    UNUSABLE = 3   # closed by the peer while no request was on it
    LEFT = 4       # enough tokens have come of a request that is to be aborted then


cdef enum:
    # How much of an event is kept for the error message, in bytes.
    EVENT_LIMIT = 1000


cdef class Reading:
    """How to read answers, the same for all requests of a run."""
    cdef Decoder decoder
    cdef int64_t max_event_bytes
    cdef int64_t max_answer_bytes
    cdef bint streams
    cdef bint counts_chunks
    cdef bint must_finish
    cdef bint keeps_text
    cdef object tool_calls
    cdef object answer_id


cdef class Tally:
    # The request's row; -1: none.
    cdef int64_t row_index
    cdef Error error
    cdef bytes detail
    # When the current bytes arrived, and when they were read.
    cdef int64_t at_ns
    cdef int64_t seen_ns
    cdef SseParser sse
    cdef bint ended           # [DONE] came
    cdef int32_t events_at_first
    cdef Py_ssize_t content_seen
    # Parts of the prompt that an API counts apart; -1: not said.
    cdef int32_t fresh_tokens
    cdef int32_t written_tokens
    # The gaps between token events, encoded as in tokens-W.bin.
    cdef uint32_t* gaps
    cdef Py_ssize_t gap_count
    cdef Py_ssize_t gap_room
    # Kept only if Reading.keeps_text.
    cdef bytearray content
    cdef bytearray reasoning
    # The pieces of tool calls, joined by commas; once the request has ended, the calls that they are, and the answer's id.
    cdef bytearray pieces
    cdef bint has_tool
    cdef list tool_calls
    cdef str answer_id
    # Shared by all requests of a worker.
    cdef Reading reading
    cdef Recorder recorder
    cdef Live* live

    cdef void begin_tally(self, int64_t row_index)
    cdef int take_late(self, const char* data, Py_ssize_t n) except -1
    cdef int take_unread(self, bytes data) except -1
    cdef bint says_nothing(self, const Event* event) noexcept
    cdef void take_usage(self, Row* row) noexcept
    cdef int understood(self, const char* data, Py_ssize_t n) except -1
    cdef int generated(self, Row* row) except -1
    cdef int keep_piece(self) except -1
    cdef int keep_gap(self, int64_t gap_ns) except -1
    cdef int lost(self, Error error, bytes detail) except -1
    cdef int keep_answer(self, Row* row) except -1
    cdef void close_row(self, int status, int64_t now_ns, bint streamed)
