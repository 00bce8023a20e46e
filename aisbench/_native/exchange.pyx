"""A request and its answer. See exchange.pxd for the contract."""
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcmp

from aisbench._native.memory.histogram cimport CLIENT_DELAY, MERGE_WINDOW, hist_add
from aisbench._native.protocol.http cimport HTTP_BODY, HTTP_DONE, HTTP_HEAD, HTTP_MORE, HttpResponse
from aisbench._native.memory.recorder cimport (
    BAD_HTTP, BODY_LEFT_OPEN, CONNECTION_RESET, CONTENT_TYPE, ERROR_EVENT, EVENT_TOO_LARGE, HTTP_STATUS,
    NO_OUTPUT, ODD_CONTENT_TYPE, Row, STREAM_CUT,
)
from aisbench._native.protocol.sse cimport SSE_EVENT, SSE_MORE, SSE_TOO_LARGE
from aisbench._native.tally cimport ANSWERED, EVENT_LIMIT, GOING, LEFT, LOST, Tally

from aisbench._native.protocol import odd_answers as words

# The error for a stream that HTTP's framing calls complete but that never said that it ends.
cdef bytes UNFINISHED = b"the stream ended without a finish reason, response.completed or [DONE]"

cdef enum:
    # How much of an unexpected answer is kept for the error message, in bytes.
    PLAIN_LIMIT = 4096


cdef class Exchange(Tally):
    def __cinit__(self, *_):
        self.http = HttpResponse()
        self.leaves_at = NEVER_LEAVES

    cdef void begin(self, int64_t row_index, int64_t now_ns):
        """Starts request `row_index`, waited for since `now_ns`."""
        self.waiting_since_ns = now_ns
        self.http.restart()
        self.is_stream = self.is_whole = self.is_unknown = False
        self.over_ns = 0
        self.plain = None
        self.begin_tally(row_index)

    cdef int take(self, const char* data, Py_ssize_t n, int64_t floor_ns) except -1:
        """Takes `n` bytes of the answer, which arrived at `at_ns` and were read at `seen_ns`.

        `floor_ns`: when the socket was last known to be empty.
        """
        cdef Row* row = self.recorder.row(self.row_index)
        cdef int32_t tokens_before = row.content_events
        cdef int32_t merged
        cdef int64_t delay_ns
        cdef int64_t low_ns
        cdef int outcome
        row.reads += 1
        row.bytes_received += n
        if row.first_byte_ns == 0:
            if self.at_ns < row.sent_ns and self.came_early(row.sent_ns):
                return self.lost(BAD_HTTP, b"bytes came before the request was sent, so they do not answer it")
            row.first_byte_ns = self.at_ns
        delay_ns = self.seen_ns - self.at_ns
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
            # The kernel keeps only the last stamp for all bytes that wait in a socket. The first token's
            # time is exact if nothing followed it in this read; otherwise only bounds are known.
            low_ns = self.at_ns
            if row.events > self.events_at_first or self.sse.holds_part():
                low_ns = floor_ns if floor_ns > row.sent_ns else row.sent_ns
                if low_ns > self.at_ns:
                    low_ns = self.at_ns
            row.first_token_low_ns = low_ns
            self.end_prefill()
        if row.content_events >= self.leaves_at and outcome == GOING:
            return LEFT
        return outcome

    cdef bint came_early(self, int64_t sent_ns) except -1:
        """Whether what is being taken arrived before the request was sent at `sent_ns`. If not, corrects `at_ns`."""
        return True

    cdef int end_prefill(self) except -1:
        """Gives back the request's place among those without a first token."""
        if self.prefilling is not None:
            self.prefilling.give()
            self.prefilling = None
        return 0

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
                self.is_stream = self.reading.lines or kind.startswith(b"text/event-stream")
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
        """Takes a piece of a whole answer, or of an unexpected one, which is kept for the error message."""
        cdef int64_t limit = self.reading.max_answer_bytes if self.is_whole else PLAIN_LIMIT
        cdef Py_ssize_t room = limit - len(self.plain)
        cdef bytes before
        cdef object decided
        if self.is_whole and self.http.size > room:
            return self.lost(EVENT_TOO_LARGE, b"the answer is larger than --max-chunk-size %d" % limit)
        before = bytes(self.plain) if self.is_unknown else b""
        if room > 0:
            self.plain += self.http.segment[:min(self.http.size, room)]
        if self.is_unknown:
            # The content type says that this is not an event stream, but servers and proxies get it
            # wrong. The first bytes decide, however many reads they come in.
            decided = words.begins_stream(bytes(self.plain))
            self.is_unknown = decided is None and len(self.plain) < PLAIN_LIMIT
            if decided:
                self.is_stream = True
                self.recorder.row(self.row_index).marks |= ODD_CONTENT_TYPE
                # They hold no event yet.
                self.sse.push(before, len(before))
                self.sse.pull()
                return self.take_body()
        return GOING

    cdef int take_event(self) except -1:
        if self.sse.size == 6 and memcmp(self.sse.data, b"[DONE]", 6) == 0:
            self.ended = True
            return GOING
        if self.ended:
            return self.take_late(self.sse.data, self.sse.size)
        return self.understood(self.sse.data, self.sse.size)

    # Ending

    cdef int peer_closed(self) except -1:
        if self.http.closed() != HTTP_DONE and self.over_ns == 0:
            if self.recorder.row(self.row_index).first_byte_ns == 0:
                return self.lost(CONNECTION_RESET, b"the server closed the connection without an answer")
            return self.cut(self.http.problem.encode())
        if self.is_stream and not self.ended and self.recorder.row(self.row_index).finish == 0:
            return self.cut(b"the connection was closed before the stream ended")
        self.http.keep_alive = False
        return self.answered()

    cdef int peer_reset(self, bytes why) except -1:
        """The connection broke, which fails the request unless the stream had said that it ends."""
        if self.over_ns == 0:
            return self.lost(CONNECTION_RESET, why)
        self.http.keep_alive = False
        return self.answered()

    cdef int left_open(self) except -1:
        """Ends the request: the stream said that it ends, but its body has stayed open too long."""
        self.recorder.row(self.row_index).marks |= BODY_LEFT_OPEN
        self.http.keep_alive = False
        return self.answered()

    cdef int answered(self) except -1:
        """Judges a complete response, and sets `error` if it is not a good one."""
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
        """The error message for an answer without generated content."""
        if row.output_tokens > 0:
            return (
                b"the server counted %d output tokens and sent none (its parser for reasoning or tool "
                b"calls may have withheld them)" % row.output_tokens
            )
        why = b"the answer ended without generated content"
        if self.is_stream and self.sse.stray is not None:
            return why + b"; it said: " + bytes(self.sse.stray)
        if self.is_stream and self.reading.must_finish and not self.ended and row.finish == 0:
            return why + b"; and " + UNFINISHED
        return why

    cdef int cut(self, bytes why) except -1:
        """Fails a stream that broke off; an error in place of the rest, as an event or as bare text, says why."""
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

    cdef void finish_row(self, int status, int64_t now_ns):
        """Closes the request's row and detaches the request."""
        self.close_row(status, now_ns, self.is_stream)
