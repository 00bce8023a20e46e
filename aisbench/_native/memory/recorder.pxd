"""The records of a run: one fixed-size row for each request, histograms and logs. No Python per event."""
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t

from aisbench._native.memory.histogram cimport Hist, HistogramFile, Which
from aisbench._native.memory.mapped cimport MappedFile

# STATUSES, ERRORS and MARKS in recorder.pyx have these names in lower case.
cpdef enum Status:
    IN_FLIGHT = 0
    OK = 1
    FAILED = 2
    CANCELLED = 3  # still running when the run had to end
    DROPPED = 4    # never sent: later than --late drop allows
    ABORTED = 5    # by the client, as --cancel-rate asks

cpdef enum Error:
    NO_ERROR = 0
    CONNECT = 1
    TIMEOUT = 2
    HTTP_STATUS = 3
    CONTENT_TYPE = 4
    STREAM_CUT = 5
    BAD_HTTP = 6
    BAD_EVENT = 7
    EVENT_TOO_LARGE = 8
    ERROR_EVENT = 9
    NO_OUTPUT = 10
    CONNECTION_RESET = 11
    STOPPED = 12

cpdef enum Mark:
    BODY_LEFT_OPEN = 1    # the stream said that it ends, but the body stayed open
    ODD_CONTENT_TYPE = 2  # an event stream whose content type says something else

# All *_ns are CLOCK_MONOTONIC; 0 means not reached. ROW_FIELDS in recorder.pyx is the same for NumPy.
ctypedef struct Row:
    int64_t ticket
    int64_t planned_ns
    int64_t taken_ns
    int64_t began_ns
    int64_t sent_ns
    int64_t send_returned_ns
    int64_t first_byte_ns
    int64_t first_chunk_ns
    int64_t first_token_ns
    int64_t first_token_low_ns
    int64_t first_token_seen_ns
    int64_t first_answer_ns
    int64_t last_token_ns
    int64_t done_ns
    int64_t client_delay_max_ns
    int64_t bytes_received
    int64_t token_log_at
    int64_t text_log_at
    int64_t text_log_bytes
    int32_t prompt_tokens
    int32_t output_tokens
    int32_t cached_tokens
    int32_t content_events
    int32_t reasoning_events
    int32_t events
    int32_t late_events
    int32_t reads
    int32_t merged_reads
    int32_t merged_events
    int32_t http_status
    int32_t attempts
    int32_t conversation
    int32_t turn
    uint8_t status
    uint8_t error
    uint8_t reused
    uint8_t finish        # why generation ended: protocol/finish.pxd
    uint16_t endpoint
    uint8_t marks
    uint8_t reserved


cdef class Recorder:
    cdef MappedFile rows_file
    cdef MappedFile flow_file
    cdef HistogramFile histogram_file
    cdef object token_log
    cdef object text_log
    cdef int64_t count
    cdef int64_t tokens_logged
    cdef int64_t text_logged
    cdef int64_t flow_origin_ns
    # Number and sum of the gaps of all requests, including those under way, for the reader's rest.
    cdef int64_t gaps
    cdef int64_t gaps_ns
    cdef readonly bint saves_token_times
    cdef readonly bint saves_text

    cdef int64_t begin_row(self, int64_t ticket, int64_t planned_ns, int64_t taken_ns) except -1
    cdef Row* row(self, int64_t index) noexcept
    cdef Hist* hist(self, Which which) noexcept
    cdef int count_token(self, int64_t at_ns) except -1
    cdef int add_latencies(self, Row* row, const uint32_t* gaps, Py_ssize_t n, bint streamed) noexcept
    cdef int log_token_gaps(self, Row* row, const uint32_t* gaps, Py_ssize_t n) except -1
    cdef int log_text(self, Row* row, const char* text, Py_ssize_t n) except -1
