"""Counts and times an answer's events. See tally.pxd."""
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.stdlib cimport free, realloc

from aisbench._native.protocol.decode cimport Decoder, NOT_JSON
from aisbench._native.memory.recorder cimport (
    BAD_EVENT, ERROR_EVENT, Error, NO_ERROR, OK, Recorder, Row,
)
from aisbench._native.protocol.event cimport Event
from aisbench._native.protocol.finish cimport FINISH_GAVE_UP, FINISH_NONE
from aisbench._native.protocol.sse cimport SseParser
from aisbench._native.protocol import odd_answers as words
from aisbench._native.protocol.decode import loads

import orjson

cdef class Reading:
    """`decoder` has the rules for the API's events, or for whole answers if they are not streamed.

    `streams`: answers are event streams. `max_event_bytes`: the limit for one event; `max_answer_bytes`:
    the limit for an answer that is not streamed. `counts_chunks`: every event with a token chunk counts as
    generated, even without text. `must_finish`: a stream without [DONE] or a finish reason was cut.
    `keeps_text`: the answers' texts are needed during the run. `tool_calls`: makes the calls of an answer, a list of
    JSON objects, from the list of its pieces (JSON values); None: they are not kept. `answer_id`: takes the answer's id
    from the same list; None: later requests do not name the answers before them.
    """

    def __cinit__(
        self,
        Decoder decoder,
        *,
        int64_t max_event_bytes,
        int64_t max_answer_bytes=1 << 26,
        bint streams=True,
        bint counts_chunks=False,
        bint must_finish=False,
        bint keeps_text=False,
        tool_calls=None,
        answer_id=None,
    ):
        self.decoder = decoder
        self.max_event_bytes = max_event_bytes
        self.max_answer_bytes = max_answer_bytes
        self.streams = streams
        self.counts_chunks = counts_chunks
        self.must_finish = must_finish
        self.keeps_text = keeps_text
        self.tool_calls = tool_calls
        self.answer_id = answer_id


cdef class Tally:
    def __cinit__(self, Reading reading, Recorder recorder, *_):
        self.row_index = -1
        self.reading = reading
        self.recorder = recorder
        self.sse = SseParser(reading.max_event_bytes)
        self.gaps = NULL

    def __dealloc__(self):
        free(self.gaps)

    cdef void begin_tally(self, int64_t row_index):
        """Starts counting for request `row_index`."""
        self.row_index = row_index
        self.error = NO_ERROR
        self.detail = b""
        self.sse.restart()
        self.ended = False
        self.gap_count = 0
        self.content_seen = 0
        self.fresh_tokens = self.written_tokens = -1
        self.events_at_first = -1
        if self.reading.keeps_text:
            self.content = bytearray()
            self.reasoning = bytearray()
            self.pieces = bytearray()
            self.has_tool = False
            self.tool_calls = None
            self.answer_id = ""

    cdef int take_late(self, const char* data, Py_ssize_t n) except -1:
        """Takes an event after [DONE]: the stream is over, but some servers report usage only then."""
        cdef Row* row = self.recorder.row(self.row_index)
        row.late_events += 1
        if self.reading.decoder.decode(data, n) != NOT_JSON:
            self.take_usage(row)
        return GOING

    cdef int take_unread(self, bytes data) except -1:
        """Acts on the data of an event that is not JSON."""
        cdef bytes line
        if self.sse.is_error:
            return self.lost(ERROR_EVENT, data[:EVENT_LIMIT])
        if b"\n" in data:
            # Several events without blank lines between them.
            for line in data.split(b"\n"):
                if line.strip() == b"[DONE]":
                    self.ended = True
                elif not self.ended and self.understood(line, len(line)) == LOST:
                    return LOST
            return GOING
        if data.strip() == b"[DONE]":
            self.ended = True
        elif not words.is_keep_alive(data):
            return self.lost(BAD_EVENT, data[:EVENT_LIMIT])
        return GOING

    cdef int understood(self, const char* data, Py_ssize_t n) except -1:
        """Acts on one event, or on a whole answer."""
        cdef Event* event = &self.reading.decoder.event
        cdef Row* row
        cdef Py_ssize_t fresh
        cdef bint is_token
        if self.reading.decoder.decode(data, n) == NOT_JSON:
            return self.take_unread(data[:n])
        row = self.recorder.row(self.row_index)
        row.events += 1
        self.live.events += 1
        if event.has_failure or self.sse.is_error or event.finish == FINISH_GAVE_UP:
            return self.lost(ERROR_EVENT, data[:min(n, EVENT_LIMIT)])
        if event.is_chunk and row.first_chunk_ns == 0:
            row.first_chunk_ns = self.at_ns
        if event.finish != FINISH_NONE:
            row.finish = event.finish
        if event.output_tokens >= 0 or event.prompt_tokens >= 0 or event.cached_tokens >= 0:
            self.take_usage(row)
        elif self.says_nothing(event) and words.is_error(data[:n]):
            # An error that is not in the API's format.
            return self.lost(ERROR_EVENT, data[:min(n, EVENT_LIMIT)])
        if event.call_bytes > 0:
            self.keep_piece()
        fresh = event.content_bytes
        if event.is_cumulative:
            fresh -= self.content_seen
            self.content_seen = event.content_bytes
        is_token = fresh > 0 or event.reasoning_bytes > 0 or event.has_tool
        if self.reading.counts_chunks:
            is_token = event.is_chunk
        return self.generated(row) if is_token else GOING

    cdef bint says_nothing(self, const Event* event) noexcept:
        """True for an event without any part of an answer; only such events are parsed again for errors."""
        return not (
            event.is_chunk or event.content_bytes > 0 or event.reasoning_bytes > 0 or event.has_tool
            or event.is_cumulative
        )

    cdef void take_usage(self, Row* row) noexcept:
        """Takes the counts in the decoder's event, unless all are zero, which is only a placeholder.

        Cached tokens alone are none: llama.cpp has them outside of its usage.
        """
        cdef Event* event = &self.reading.decoder.event
        cdef int32_t most = max(event.prompt_tokens, event.output_tokens, event.cached_tokens, event.written_tokens)
        if most <= 0 and (event.prompt_tokens == 0 or event.output_tokens == 0):
            return
        if event.output_tokens >= 0:
            row.output_tokens = event.output_tokens
        if event.cached_tokens >= 0:
            row.cached_tokens = event.cached_tokens
        if not self.reading.decoder.adds_cached:
            if event.prompt_tokens >= 0:
                row.prompt_tokens = event.prompt_tokens
            return
        if event.prompt_tokens >= 0:
            self.fresh_tokens = event.prompt_tokens
        if event.written_tokens >= 0:
            self.written_tokens = event.written_tokens
        if self.fresh_tokens >= 0:
            row.prompt_tokens = self.fresh_tokens + max(row.cached_tokens, 0) + max(self.written_tokens, 0)

    cdef int generated(self, Row* row) except -1:
        """Counts and times the decoder's event, which has generated content."""
        cdef Event* event = &self.reading.decoder.event
        if row.first_token_ns == 0:
            row.first_token_ns = self.at_ns
            row.first_token_seen_ns = self.seen_ns
            self.events_at_first = row.events
        else:
            self.keep_gap(self.at_ns - row.last_token_ns)
        if row.first_answer_ns == 0 and (event.content_bytes > 0 or event.has_tool):
            row.first_answer_ns = self.at_ns
        row.last_token_ns = self.at_ns
        row.content_events += 1
        if event.reasoning_bytes > 0 and event.content_bytes == 0:
            row.reasoning_events += 1
        self.live.token_events += 1
        self.recorder.count_token(self.at_ns)
        if self.reading.keeps_text:
            if event.is_cumulative:
                self.content = bytearray(event.content[:event.content_bytes])
            else:
                self.content += event.content[:event.content_bytes]
            self.reasoning += event.reasoning[:event.reasoning_bytes]
        return GOING

    cdef int keep_piece(self) except -1:
        """Keeps the decoder's event's piece of a tool call."""
        cdef Event* event = &self.reading.decoder.event
        if self.reading.keeps_text and self.reading.tool_calls is not None:
            self.has_tool = self.has_tool or event.has_tool
            if len(self.pieces) > 0:
                self.pieces += b","
            self.pieces += event.call[:event.call_bytes]
        return 0

    cdef int keep_gap(self, int64_t gap_ns) except -1:
        cdef uint32_t* bigger
        if self.gap_count == self.gap_room:
            self.gap_room = self.gap_room * 2 if self.gap_room else 256
            bigger = <uint32_t*>realloc(self.gaps, self.gap_room * sizeof(uint32_t))
            if bigger == NULL:
                raise MemoryError
            self.gaps = bigger
        self.recorder.gaps += 1
        self.recorder.gaps_ns += gap_ns
        if gap_ns < 0x80000000LL:
            self.gaps[self.gap_count] = <uint32_t>gap_ns
        else:
            self.gaps[self.gap_count] = <uint32_t>(0x80000000LL | min(gap_ns // 1000, 0x7FFFFFFFLL))
        self.gap_count += 1
        return 0

    cdef int lost(self, Error error, bytes detail) except -1:
        self.error = error
        self.detail = detail
        return LOST

    cdef void close_row(self, int status, int64_t now_ns, bint streamed):
        """Closes the request's row and detaches the request."""
        cdef Row* row = self.recorder.row(self.row_index)
        row.status = status
        row.error = self.error
        row.done_ns = now_ns
        if status == OK:
            self.recorder.add_latencies(row, self.gaps, self.gap_count, streamed)
            if self.recorder.saves_token_times:
                self.recorder.log_token_gaps(row, self.gaps, self.gap_count)
            if self.reading.keeps_text:
                self.keep_answer(row)
        self.row_index = -1

    cdef int keep_answer(self, Row* row) except -1:
        """Completes the texts and tool calls of an answer, and records them."""
        cdef bytes calls = b""
        self.content = bytearray(words.valid_text(self.content))
        self.reasoning = bytearray(words.valid_text(self.reasoning))
        if self.has_tool or self.reading.answer_id is not None:
            pieces = loads(b"[%b]" % self.pieces)
            if self.has_tool:
                self.tool_calls = self.reading.tool_calls(pieces)
            if self.reading.answer_id is not None:
                self.answer_id = self.reading.answer_id(pieces)
        if self.recorder.saves_text:
            if self.tool_calls:
                calls = b',"tool_calls":' + orjson.dumps(self.tool_calls)
            text = b'{"content":"%b","reasoning":"%b"%b}\n' % (self.content, self.reasoning, calls)
            self.recorder.log_text(row, text, len(text))
        return 0
