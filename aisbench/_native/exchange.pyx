"""A request and its answer. See exchange.pxd for the contract."""
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp

from aisbench._native.protocol.decode cimport Decoder, NOT_JSON
from aisbench._native.memory.histogram cimport CLIENT_DELAY, MERGE_WINDOW, hist_add
from aisbench._native.protocol.http cimport HTTP_BODY, HTTP_DONE, HTTP_HEAD, HTTP_MORE, HttpResponse
from aisbench._native.memory.recorder cimport (
    BAD_EVENT, BAD_HTTP, BODY_LEFT_OPEN, CONNECTION_RESET, CONTENT_TYPE, ERROR_EVENT,
    EVENT_TOO_LARGE, Error, HTTP_STATUS, NO_ERROR, NO_OUTPUT, ODD_CONTENT_TYPE, OK, Recorder, Row,
    STREAM_CUT,
)
from aisbench._native.protocol.scanner cimport Event, GAVE_UP
from aisbench._native.protocol.sse cimport SSE_EVENT, SSE_MORE, SSE_TOO_LARGE, SseParser

from aisbench._native.protocol import odd_answers as words

# What a stream has not said that was cut where HTTP is satisfied.
cdef bytes UNFINISHED = b"the stream ended without what closes it (a finish reason, response.completed or [DONE])"

cdef enum:
    # How much of an unexpected answer is kept for its message, and how much of an event.
    PLAIN_LIMIT = 4096
    EVENT_LIMIT = 1000


cdef class Reading:
    """`decoder` has the rules of the API's events, or, where answers are not streamed, of whole ones.

    `streams`: answers are event streams. `max_event_bytes`: what one event may take; `max_answer_bytes`:
    what an answer may take that is not streamed. `counts_chunks`: every event with a token chunk counts
    as generated, also one without text. `must_finish`: a stream with neither [DONE] nor a finish reason
    was cut.
    `keeps_text`: the answers' texts are needed during the run.
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
    ):
        self.decoder = decoder
        self.max_event_bytes = max_event_bytes
        self.max_answer_bytes = max_answer_bytes
        self.streams = streams
        self.counts_chunks = counts_chunks
        self.must_finish = must_finish
        self.keeps_text = keeps_text


cdef class Exchange:
    def __cinit__(self, Reading reading, Recorder recorder, *_):
        self.row_index = -1
        self.reading = reading
        self.recorder = recorder
        self.http = HttpResponse()
        self.sse = SseParser(reading.max_event_bytes)
        self.gaps = NULL

    def __dealloc__(self):
        free(self.gaps)

    cdef void begin(self, int64_t row_index, int64_t now_ns):
        """Puts request `row_index` here, from now on waited for."""
        self.row_index = row_index
        self.waiting_since_ns = now_ns
        self.error = NO_ERROR
        self.detail = b""
        self.http.restart()
        self.sse.restart()
        self.is_stream = self.is_whole = self.is_unknown = False
        self.ended = False
        self.over_ns = 0
        self.plain = None
        self.gap_count = 0
        self.content_seen = 0
        self.events_at_first = -1
        if self.reading.keeps_text:
            self.content = bytearray()
            self.reasoning = bytearray()

    cdef int take(self, const char* data, Py_ssize_t n, int64_t floor_ns) except -1:
        """Takes `n` bytes of the answer, which came at `at_ns` and were seen at `seen_ns`.

        `floor_ns`: when the socket was last known to be empty.
        """
        cdef Row* row = self.recorder.row(self.row_index)
        cdef int32_t tokens_before = row.content_events
        cdef int32_t merged
        cdef int64_t delay_ns = self.seen_ns - self.at_ns
        cdef int64_t low_ns
        cdef int outcome
        row.reads += 1
        row.bytes_received += n
        if row.first_byte_ns == 0:
            row.first_byte_ns = self.at_ns
        if delay_ns > row.client_delay_max_ns:
            row.client_delay_max_ns = delay_ns
        hist_add(self.recorder.hist(CLIENT_DELAY), delay_ns)
        self.http.push(data, n)
        outcome = self.take_items()
        if outcome == GOING and (self.ended or (row.finish != 0 and row.output_tokens >= 0)):
            self.over_ns = self.at_ns
        merged = row.content_events - tokens_before - 1
        if merged > 0:
            row.merged_reads += 1
            row.merged_events += merged
            hist_add(self.recorder.hist(MERGE_WINDOW), self.at_ns - floor_ns)
        if tokens_before == 0 and row.content_events > 0:
            # The kernel keeps one stamp, the last, for all that waits in a socket. So the first
            # token's is exact when nothing came behind it; else only bounds are known.
            low_ns = self.at_ns
            if row.events > self.events_at_first or self.sse.holds_part():
                low_ns = floor_ns if floor_ns > row.sent_ns else row.sent_ns
                if low_ns > self.at_ns:
                    low_ns = self.at_ns
            row.first_token_low_ns = low_ns
        return outcome

    cdef int take_items(self) except -1:
        cdef int item
        cdef int outcome
        while True:
            item = self.http.pull()
            if item == HTTP_BODY:
                outcome = self.take_body() if self.is_stream else self.take_plain()
                if outcome != GOING:
                    return outcome
            elif item == HTTP_MORE:
                return GOING
            elif item == HTTP_DONE:
                return self.answered()
            elif item == HTTP_HEAD:
                self.take_head()
            else:
                return self.lost(BAD_HTTP, self.http.problem.encode())

    cdef int take_head(self) except -1:
        cdef bytes kind = self.http.content_type
        self.recorder.row(self.row_index).http_status = self.http.status
        if self.http.status == 200:
            if self.reading.streams:
                self.is_stream = kind.startswith(b"text/event-stream")
                self.is_unknown = not self.is_stream
            else:
                self.is_whole = kind == b"" or b"json" in kind
        if not self.is_stream:
            self.plain = bytearray()
        return GOING

    cdef int take_body(self) except -1:
        cdef int item
        cdef int outcome
        self.sse.push(self.http.segment, self.http.size)
        while True:
            item = self.sse.pull()
            if item == SSE_MORE:
                return GOING
            if item == SSE_TOO_LARGE:
                return self.lost(EVENT_TOO_LARGE, b"an event is larger than --max-chunk-size %d" % self.sse.limit_bytes)
            outcome = self.take_event()
            if outcome != GOING:
                return outcome

    cdef int take_plain(self) except -1:
        """What is no stream: a whole answer, or one that was not expected and is kept for its message."""
        cdef int64_t limit = self.reading.max_answer_bytes if self.is_whole else PLAIN_LIMIT
        cdef Py_ssize_t room = limit - len(self.plain)
        cdef bytes start
        if self.is_whole and self.http.size > room:
            return self.lost(EVENT_TOO_LARGE, b"the answer is larger than --max-chunk-size %d" % limit)
        if room > 0:
            self.plain += self.http.segment[:min(self.http.size, room)]
        if self.is_unknown:
            # Its type says that this is no event stream. Servers and proxies are wrong there; what
            # comes first is not.
            start = bytes(self.plain)
            self.is_unknown = not start.strip()
            if not self.is_unknown and words.begins_stream(start):
                self.is_stream = True
                self.recorder.row(self.row_index).marks |= ODD_CONTENT_TYPE
                return self.take_body()
        return GOING

    cdef int take_event(self) except -1:
        if self.sse.size == 6 and memcmp(self.sse.data, b"[DONE]", 6) == 0:
            self.ended = True
            return GOING
        if self.ended:
            return self.take_late(self.sse.data, self.sse.size)
        return self.understood(self.sse.data, self.sse.size)

    cdef int take_late(self, const char* data, Py_ssize_t n) except -1:
        """An event after [DONE]: the stream is over, but some servers give their usage only then."""
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
            # Several events without the blank lines between them.
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
        if event.has_failure or self.sse.is_error or event.finish == GAVE_UP:
            return self.lost(ERROR_EVENT, data[:min(n, EVENT_LIMIT)])
        if event.is_chunk and row.first_chunk_ns == 0:
            row.first_chunk_ns = self.at_ns
        if event.finish:
            row.finish = event.finish
        if event.output_tokens >= 0 or event.prompt_tokens >= 0:
            self.take_usage(row)
        elif self.says_nothing(event) and words.is_error(data[:n]):
            # An error of another shape than the API's.
            return self.lost(ERROR_EVENT, data[:min(n, EVENT_LIMIT)])
        fresh = event.content_bytes
        if event.is_cumulative:
            fresh -= self.content_seen
            self.content_seen = event.content_bytes
        is_token = fresh > 0 or event.reasoning_bytes > 0 or event.has_tool
        if self.reading.counts_chunks:
            is_token = event.is_chunk
        return self.generated(row) if is_token else GOING

    cdef bint says_nothing(self, const Event* event) noexcept:
        """True for an event without a part that an answer has; asked of each, so that only these are parsed again."""
        return not (
            event.is_chunk or event.content_bytes > 0 or event.reasoning_bytes > 0 or event.has_tool
            or event.is_cumulative
        )

    cdef void take_usage(self, Row* row) noexcept:
        """The counts in the decoder's event; all zero they are a placeholder, and what came before stands."""
        cdef Event* event = &self.reading.decoder.event
        if event.prompt_tokens <= 0 and event.output_tokens <= 0:
            return
        if event.prompt_tokens >= 0:
            row.prompt_tokens = event.prompt_tokens
        if event.output_tokens >= 0:
            row.output_tokens = event.output_tokens
        if event.cached_tokens >= 0:
            row.cached_tokens = event.cached_tokens

    cdef int generated(self, Row* row) except -1:
        """The event in the decoder carries generated content."""
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

    # Ending

    cdef int peer_closed(self) except -1:
        if self.http.closed() != HTTP_DONE and not self.ended:
            if self.recorder.row(self.row_index).first_byte_ns == 0:
                return self.lost(CONNECTION_RESET, b"the server closed the connection without an answer")
            return self.cut(self.http.problem.encode())
        if self.is_stream and not self.ended and self.recorder.row(self.row_index).finish == 0:
            return self.cut(b"the connection was closed before the stream said that it ends")
        self.http.keep_alive = False
        return self.answered()

    cdef int left_open(self) except -1:
        """The stream has said that it ends, and the body has been open for longer than it should be."""
        self.recorder.row(self.row_index).marks |= BODY_LEFT_OPEN
        self.http.keep_alive = False
        return self.answered()

    cdef int answered(self) except -1:
        """The response is complete; was it a good one?"""
        cdef Row* row
        if self.http.status != 200:
            self.error = HTTP_STATUS
            self.detail = words.status_words(
                self.http.status, self.http.reason, self.http.location, bytes(self.plain)
            )
            return ANSWERED
        if not self.is_stream and not self.is_whole:
            self.error = CONTENT_TYPE
            self.detail = words.type_words(self.http.content_type, bytes(self.plain), self.reading.streams)
            return ANSWERED
        if self.is_whole:
            if self.understood(self.plain, len(self.plain)) == LOST:
                return ANSWERED
        elif self.sse.end_of_stream() == SSE_EVENT and self.take_event() == LOST:
            return LOST
        row = self.recorder.row(self.row_index)
        if self.is_stream and self.sse.stray is not None and words.is_error(bytes(self.sse.stray)):
            self.error = ERROR_EVENT
            self.detail = bytes(self.sse.stray)
        elif row.content_events == 0:
            self.error = NO_OUTPUT
            self.detail = self.no_output(row)
        elif self.is_stream and self.reading.must_finish and not self.ended and row.finish == 0:
            self.cut(UNFINISHED)
        return ANSWERED

    cdef bytes no_output(self, Row* row):
        """Why an answer without generated content may be one."""
        if row.output_tokens > 0:
            return (
                b"the server counted %d output tokens and showed none (a parser of the server, for reasoning or "
                b"tool calls, may have withheld them)" % row.output_tokens
            )
        why = b"the answer ended without generated content"
        if self.is_stream and self.sse.stray is not None:
            return why + b"; it said: " + bytes(self.sse.stray)
        if self.is_stream and self.reading.must_finish and not self.ended and row.finish == 0:
            return why + b"; and " + UNFINISHED
        return why

    cdef int cut(self, bytes why) except -1:
        """The stream broke off; an error that came in place of its rest, or bare, says why."""
        cdef bytes last
        if self.is_stream:
            if self.sse.end_of_stream() == SSE_EVENT:
                last = self.sse.data[:self.sse.size]
                if self.sse.is_error or words.is_error(last):
                    return self.lost(ERROR_EVENT, last[:EVENT_LIMIT])
            if self.sse.stray is not None:
                if words.is_error(bytes(self.sse.stray)):
                    return self.lost(ERROR_EVENT, bytes(self.sse.stray))
                why += b"; it said: " + bytes(self.sse.stray)
        return self.lost(STREAM_CUT, why)

    cdef int lost(self, Error error, bytes detail) except -1:
        self.error = error
        self.detail = detail
        return LOST

    cdef void finish_row(self, int status, int64_t now_ns):
        """Closes the row of the request and takes the request off."""
        cdef Row* row = self.recorder.row(self.row_index)
        row.status = status
        row.error = self.error
        row.done_ns = now_ns
        if status == OK:
            self.recorder.add_latencies(row, self.gaps, self.gap_count, self.is_stream)
            if self.recorder.saves_token_times:
                self.recorder.log_token_gaps(row, self.gaps, self.gap_count)
            if self.reading.keeps_text:
                self.content = bytearray(words.valid_text(self.content))
                self.reasoning = bytearray(words.valid_text(self.reasoning))
            if self.recorder.saves_text:
                text = b'{"content":"%b","reasoning":"%b"}\n' % (self.content, self.reasoning)
                self.recorder.log_text(row, text, len(text))
        self.row_index = -1
