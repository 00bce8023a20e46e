"""One worker's records, mapped during the run so that they outlive the process.

The files, all little-endian, where W is the worker's number:

  rows-W.bin    4,096 bytes of header (magic, row size, rows begun, flow origin), then rows
  hist-W.bin    histograms, see histogram.pxd
  flow-W.bin    int32 counts of token events in each 10 ms since the common start
  tokens-W.bin  if token times are kept: `content_events - 1` gaps for each finished request, uint32:
                nanoseconds, or, with the top bit set, microseconds (gaps of 2.1 s and more)
  text-W.bin    if outputs are kept: a JSON object {"content": ..., "reasoning": ...} for each finished request, with
                "tool_calls": [{"id", "name", "arguments"}] if the answer has some
"""
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.string cimport memcpy, memset

from aisbench._native.memory.histogram cimport Hist, HistogramFile, ITL, TTFT, Which, hist_add
from aisbench._native.memory.mapped cimport MappedFile

import os

cdef enum:
    HEADER = 4096
    ROWS_STEP = 32768
    FLOW_STEP = 1 << 16

ROWS_MAGIC = b"AISROWS3"
ROWS_HEADER_BYTES = HEADER
ROWS_HEADER_FIELDS = [("magic", "S8"), ("row_bytes", "<i8"), ("rows", "<i8"), ("origin_ns", "<i8")]
FLOW_BUCKET_NS = 10_000_000

STATUSES = tuple(status.name.lower() for status in list(Status))
ERRORS = ("none", *(error.name.lower() for error in list(Error)[1:]))
# Oddities of an answer, as bits of the row's `marks`.
MARKS = {mark.name.lower(): int(mark) for mark in list(Mark)}

# The row for NumPy: `np.dtype(ROW_FIELDS)`. docs/records.md documents the fields.
ROW_FIELDS = [
    # The ticket; the column's name dates from the first run folders.
    ("slot", "<i8"),
    ("planned_ns", "<i8"),
    ("taken_ns", "<i8"),
    ("began_ns", "<i8"),
    ("sent_ns", "<i8"),
    ("send_returned_ns", "<i8"),
    ("first_byte_ns", "<i8"),
    ("first_chunk_ns", "<i8"),
    ("first_token_ns", "<i8"),
    ("first_token_low_ns", "<i8"),
    ("first_token_seen_ns", "<i8"),
    ("first_answer_ns", "<i8"),
    ("last_token_ns", "<i8"),
    ("done_ns", "<i8"),
    ("client_delay_max_ns", "<i8"),
    ("bytes_received", "<i8"),
    ("token_log_at", "<i8"),
    ("text_log_at", "<i8"),
    ("text_log_bytes", "<i8"),
    ("prompt_tokens", "<i4"),
    ("output_tokens", "<i4"),
    ("cached_tokens", "<i4"),
    ("content_events", "<i4"),
    ("reasoning_events", "<i4"),
    ("events", "<i4"),
    ("late_events", "<i4"),
    ("reads", "<i4"),
    ("merged_reads", "<i4"),
    ("merged_events", "<i4"),
    ("http_status", "<i4"),
    ("attempts", "<i4"),
    ("conversation", "<i4"),
    ("turn", "<i4"),
    ("status", "u1"),
    ("error", "u1"),
    ("reused", "u1"),
    ("finish", "u1"),
    ("endpoint", "<u2"),
    ("marks", "u1"),
    ("reserved", "u1"),
]
ROW_BYTES = sizeof(Row)

assert sizeof(Row) == 19 * 8 + 14 * 4 + 8


cdef class Recorder:
    """Records of worker `worker` under `directory`; `origin_ns` is set by `start_at`."""

    def __cinit__(self, str directory, int worker, bint token_times=False, bint text=False):
        def path(kind):
            return os.path.join(directory, f"{kind}-{worker}.bin")

        self.count = 0
        self.tokens_logged = 0
        self.text_logged = 0
        self.flow_origin_ns = 0
        self.gaps = self.gaps_ns = 0
        self.saves_token_times = token_times
        self.saves_text = text
        self.rows_file = MappedFile(path("rows"), HEADER + ROWS_STEP * sizeof(Row))
        memcpy(self.rows_file.data, b"AISROWS3", 8)
        (<int64_t*>self.rows_file.data)[1] = sizeof(Row)
        self.flow_file = MappedFile(path("flow"), FLOW_STEP * sizeof(int32_t))
        self.histogram_file = HistogramFile(path("hist"))
        self.token_log = open(path("tokens"), "wb") if token_times else None
        self.text_log = open(path("text"), "wb") if text else None

    def reserve(self, int64_t rows):
        """Allocates the room on the disk for `rows` rows; raises OSError if there is not enough."""
        self.rows_file.reserve(HEADER + rows * <int64_t>sizeof(Row))

    def start_at(self, int64_t origin_ns):
        """Sets the common start: the zero of flow-W.bin."""
        self.flow_origin_ns = origin_ns
        (<int64_t*>self.rows_file.data)[3] = origin_ns

    cdef int64_t begin_row(self, int64_t ticket, int64_t planned_ns, int64_t taken_ns) except -1:
        """Adds a row with status IN_FLIGHT; returns its index, as pointers change when the file grows."""
        cdef int64_t index = self.count
        cdef Row* row
        if HEADER + (index + 1) * <int64_t>sizeof(Row) > self.rows_file.size:
            self.rows_file.grow(self.rows_file.size + ROWS_STEP * sizeof(Row))
        row = self.row(index)
        memset(row, 0, sizeof(Row))
        row.ticket = ticket
        row.planned_ns = planned_ns
        row.taken_ns = taken_ns
        row.prompt_tokens = -1
        row.output_tokens = -1
        row.cached_tokens = -1
        row.token_log_at = -1
        row.text_log_at = -1
        row.conversation = -1
        row.attempts = 1
        self.count = index + 1
        (<int64_t*>self.rows_file.data)[2] = self.count
        return index

    cdef Row* row(self, int64_t index) noexcept:
        return <Row*>(self.rows_file.data + HEADER) + index

    cdef Hist* hist(self, Which which) noexcept:
        return &self.histogram_file.hists[<int>which]

    cdef int count_token(self, int64_t at_ns) except -1:
        """Counts one token event in its 10 ms bucket of the run."""
        cdef int64_t bucket = (at_ns - self.flow_origin_ns) // 10_000_000
        if bucket < 0:
            bucket = 0
        if (bucket + 1) * <int64_t>sizeof(int32_t) > self.flow_file.size:
            self.flow_file.grow((bucket // FLOW_STEP + 1) * FLOW_STEP * <int64_t>sizeof(int32_t))
        (<int32_t*>self.flow_file.data)[bucket] += 1
        return 0

    cdef int add_latencies(self, Row* row, const uint32_t* gaps, Py_ssize_t n, bint streamed) noexcept:
        """Adds a successful request to the histograms; others say nothing about the server's speed."""
        cdef Hist* itl = self.hist(ITL)
        cdef Py_ssize_t i
        if streamed and row.first_token_ns > 0:
            hist_add(self.hist(TTFT), row.first_token_ns - row.sent_ns)
        for i in range(n):
            hist_add(itl, gaps[i] if gaps[i] < 0x80000000U else (<int64_t>gaps[i] & 0x7FFFFFFF) * 1000)
        return 0

    cdef int log_token_gaps(self, Row* row, const uint32_t* gaps, Py_ssize_t n) except -1:
        row.token_log_at = self.tokens_logged
        if n > 0:
            self.token_log.write((<const char*>gaps)[:n * sizeof(uint32_t)])
        self.tokens_logged += n
        return 0

    cdef int log_text(self, Row* row, const char* text, Py_ssize_t n) except -1:
        row.text_log_at = self.text_logged
        row.text_log_bytes = n
        if n > 0:
            self.text_log.write(text[:n])
        self.text_logged += n
        return 0

    def flush(self):
        """Hands the append-only logs to the kernel, so that they survive this process."""
        if self.token_log is not None:
            self.token_log.flush()
        if self.text_log is not None:
            self.text_log.flush()

    def close(self):
        """Closes the files, and cuts the unused rows off. Raises OSError if a log could not be completed."""
        cdef int64_t rows_end = HEADER + self.count * <int64_t>sizeof(Row)
        self.rows_file.close(rows_end)
        self.flow_file.close()
        self.histogram_file.file.close()
        try:
            if self.token_log is not None:
                self.token_log.close()
        finally:
            if self.text_log is not None:
                self.text_log.close()
