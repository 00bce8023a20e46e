"""A connection and the request on it. See connection.pxd for the contract."""
from libc.errno cimport EAGAIN, EINPROGRESS, EINTR, errno
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.stdio cimport snprintf
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset, strerror
from posix.unistd cimport close as c_close

from aisbench._native.clock cimport ClockPair, mono_ns
from aisbench._native.decode cimport Decoder, Event, NOT_JSON
from aisbench._native.histogram cimport hist_add
from aisbench._native.http cimport HTTP_BAD, HTTP_BODY, HTTP_DONE, HTTP_HEAD, HTTP_MORE, HttpItem, HttpResponse
from aisbench._native.recorder cimport (
    BAD_EVENT, BAD_HTTP, CLIENT_DELAY, CONNECTION_RESET, CONTENT_TYPE, ERROR_EVENT, EVENT_TOO_LARGE,
    Error, HTTP_STATUS, ITL, MERGE_WINDOW, NO_ERROR, NO_OUTPUT, OK, Recorder, Row, STREAM_CUT, TTFT,
)
from aisbench._native.shared cimport Live
from aisbench._native.sockets cimport (
    AF_UNIX, IPPROTO_TCP, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET, SO_ERROR,
    SO_TIMESTAMPNS, TCP_NODELAY, c_connect, c_socket, getsockopt, iovec, msghdr, receive, sendmsg,
    setsockopt, sockaddr, socklen_t,
)
from aisbench._native.sse cimport SSE_EVENT, SSE_MORE, SSE_TOO_LARGE, SseItem, SseParser

cdef enum:
    # How much of an unexpected answer is kept for its message.
    PLAIN_LIMIT = 4096


cdef class Connection:
    def __cinit__(self, Recorder recorder, ClockPair clock, Decoder decoder, int64_t max_event_bytes, bint counts_chunks):
        self.fd = -1
        self.state = CLOSED
        self.row_index = -1
        self.recorder = recorder
        self.clock = clock
        self.decoder = decoder
        self.counts_chunks = counts_chunks
        self.http = HttpResponse()
        self.sse = SseParser(max_event_bytes)
        self.head = NULL
        self.gaps = NULL

    def __dealloc__(self):
        self.close()
        free(self.head)
        free(self.gaps)

    cdef void close(self) noexcept:
        if self.fd >= 0:
            c_close(self.fd)
            self.fd = -1
        self.state = CLOSED

    # Connecting

    cdef int connect(self, const char* address, Py_ssize_t n) noexcept:
        """Starts to connect to `address`, a packed sockaddr; returns 0 or an errno."""
        cdef int on = 1
        cdef int family = (<const sockaddr*>address).sa_family
        self.fd = c_socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
        if self.fd < 0:
            return errno
        setsockopt(self.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on))
        if family != AF_UNIX:
            setsockopt(self.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on))
        self.state = CONNECTING
        if c_connect(self.fd, <const sockaddr*>address, <socklen_t>n) != 0 and errno != EINPROGRESS:
            return errno
        return 0

    cdef int connect_result(self) noexcept:
        """The socket became writable: 0 when it is connected, else an errno."""
        cdef int problem = 0
        cdef socklen_t n = sizeof(problem)
        getsockopt(self.fd, SOL_SOCKET, SO_ERROR, &problem, &n)
        return problem

    # Sending

    cdef void begin(self, int64_t row_index, int64_t now_ns):
        """Puts a request on this connection."""
        self.row_index = row_index
        self.waiting_since_ns = now_ns
        self.error = NO_ERROR
        self.detail = b""
        self.http.restart()
        self.sse.restart()
        self.is_stream = False
        self.ended = False
        self.plain = None
        self.gap_count = 0
        self.events_at_first = -1
        if self.recorder.saves_text:
            self.content = bytearray()
            self.reasoning = bytearray()

    cdef int send(self, const char* head, Py_ssize_t head_n, int64_t slot, const char* body, Py_ssize_t body_n) except -1:
        """Sends `head` (up to the request id's number), the rest of the head, and the body.

        The send is stamped right before the system call, and once more when it returned: the true
        instant lies between the two, also when this process was held up there.
        """
        cdef Row* row = self.recorder.row(self.row_index)
        cdef int n
        if self.head_room < head_n + 96:
            free(self.head)
            self.head = <char*>malloc(head_n + 96)
            if self.head == NULL:
                raise MemoryError
            self.head_room = head_n + 96
        memcpy(self.head, head, head_n)
        n = snprintf(self.head + head_n, 96, b"%lld\r\nContent-Length: %lld\r\n\r\n", <long long>slot, <long long>body_n)
        self.out[0] = self.head
        self.out_bytes[0] = head_n + n
        self.out[1] = body
        self.out_bytes[1] = body_n
        self.state = BUSY
        self.requests += 1
        row.reused = self.requests > 1
        row.sent_ns = mono_ns()
        outcome = self.send_rest()
        row.send_returned_ns = mono_ns()
        return outcome

    cdef int send_rest(self) except -1:
        """Sends until all is sent or the socket is full; then `wants_out` is set."""
        cdef iovec io[2]
        cdef msghdr message
        cdef ssize_t n
        cdef int i
        self.wants_out = False
        memset(&message, 0, sizeof(message))
        message.msg_iov = io
        message.msg_iovlen = 2
        while self.out_bytes[0] + self.out_bytes[1] > 0:
            for i in range(2):
                io[i].iov_base = <void*>self.out[i]
                io[i].iov_len = self.out_bytes[i]
            n = sendmsg(self.fd, &message, MSG_NOSIGNAL)
            if n < 0:
                if errno == EINTR:
                    continue
                if errno == EAGAIN:
                    self.wants_out = True
                    return GOING
                return self.lost(CONNECTION_RESET, b"sending: " + strerror(errno))
            for i in range(2):
                if n >= self.out_bytes[i]:
                    n -= self.out_bytes[i]
                    self.out_bytes[i] = 0
                else:
                    self.out[i] += n
                    self.out_bytes[i] -= n
                    n = 0
        return GOING

    # Receiving

    cdef int read(self, char* buffer, Py_ssize_t room, bint to_the_end, int64_t floor_ns) except -1:
        """Reads until the socket is empty, or, `to_the_end`, closed. `floor_ns`: when it was last empty."""
        cdef ssize_t n
        cdef int64_t stamp_ns
        cdef int outcome
        while True:
            n = receive(self.fd, buffer, room, &stamp_ns)
            if n < 0:
                if errno == EINTR:
                    continue
                if errno == EAGAIN:
                    return GOING
                return self.lost(CONNECTION_RESET, strerror(errno)) if self.state == BUSY else UNUSABLE
            if self.state != BUSY:
                return UNUSABLE
            self.seen_ns = mono_ns()
            if n == 0:
                self.at_ns = self.seen_ns
                return self.peer_closed()
            self.live.reads += 1
            if stamp_ns != 0:
                self.live.reads_stamped += 1
                self.at_ns = self.clock.to_mono(stamp_ns)
                # A stamp of the future, or from before the last look, is the clocks' disagreement.
                if self.at_ns > self.seen_ns:
                    self.at_ns = self.seen_ns
            else:
                self.at_ns = self.seen_ns
            outcome = self.take(buffer, n, floor_ns)
            if outcome != GOING or (n < room and not to_the_end):
                return outcome

    cdef int take(self, const char* data, Py_ssize_t n, int64_t floor_ns) except -1:
        """Takes `n` bytes of the answer, which came at `at_ns` and were seen at `seen_ns`."""
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
                outcome = self.take_body()
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
        self.is_stream = self.http.status == 200 and (kind == b"" or kind.startswith(b"text/event-stream"))
        if not self.is_stream:
            self.plain = bytearray()
        return GOING

    cdef int take_body(self) except -1:
        cdef int item
        cdef int outcome
        if not self.is_stream:
            if len(self.plain) < PLAIN_LIMIT:
                self.plain += self.http.segment[:min(self.http.size, PLAIN_LIMIT)]
            return GOING
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

    cdef int take_event(self) except -1:
        cdef Event* event = &self.decoder.event
        cdef Row* row
        cdef bint is_token
        if self.sse.size == 6 and memcmp(self.sse.data, b"[DONE]", 6) == 0:
            self.ended = True
            return GOING
        if self.decoder.decode(self.sse.data, self.sse.size) == NOT_JSON:
            return self.lost(
                ERROR_EVENT if self.sse.is_error else BAD_EVENT, self.sse.data[:min(self.sse.size, 300)]
            )
        row = self.recorder.row(self.row_index)
        row.events += 1
        self.live.events += 1
        if event.has_failure or self.sse.is_error:
            return self.lost(ERROR_EVENT, self.sse.data[:min(self.sse.size, 300)])
        if event.is_chunk and row.first_chunk_ns == 0:
            row.first_chunk_ns = self.at_ns
        if event.finish:
            row.finish = event.finish
        if event.prompt_tokens >= 0:
            row.prompt_tokens = event.prompt_tokens
        if event.output_tokens >= 0:
            row.output_tokens = event.output_tokens
        is_token = event.content_bytes > 0 or event.reasoning_bytes > 0 or event.has_tool
        if self.counts_chunks:
            is_token = event.is_chunk
        if not is_token:
            return GOING
        if row.first_token_ns == 0:
            row.first_token_ns = self.at_ns
            row.first_token_seen_ns = self.seen_ns
            self.events_at_first = row.events
            hist_add(self.recorder.hist(TTFT), self.at_ns - row.sent_ns)
        else:
            hist_add(self.recorder.hist(ITL), self.at_ns - row.last_token_ns)
            if self.recorder.saves_token_times:
                self.keep_gap(self.at_ns - row.last_token_ns)
        row.last_token_ns = self.at_ns
        row.content_events += 1
        if event.reasoning_bytes > 0 and event.content_bytes == 0:
            row.reasoning_events += 1
        self.live.token_events += 1
        self.recorder.count_token(self.at_ns)
        if self.recorder.saves_text:
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
        if gap_ns < 0x80000000LL:
            self.gaps[self.gap_count] = <uint32_t>gap_ns
        else:
            self.gaps[self.gap_count] = <uint32_t>(0x80000000LL | min(gap_ns // 1000, 0x7FFFFFFFLL))
        self.gap_count += 1
        return 0

    # Ending

    cdef int peer_closed(self) except -1:
        if self.http.closed() != HTTP_DONE:
            if self.recorder.row(self.row_index).first_byte_ns == 0:
                return self.lost(CONNECTION_RESET, b"the server closed the connection without an answer")
            return self.lost(STREAM_CUT, self.http.problem.encode())
        if self.is_stream and not self.ended and self.recorder.row(self.row_index).finish == 0:
            return self.lost(STREAM_CUT, b"the connection was closed before the stream said that it ends")
        return self.answered()

    cdef int answered(self) except -1:
        """The response is complete; was it a good one?"""
        if self.http.status != 200:
            self.error = HTTP_STATUS
            self.detail = bytes(self.plain)
        elif not self.is_stream:
            self.error = CONTENT_TYPE
            self.detail = self.http.content_type + b": " + bytes(self.plain)
        else:
            if self.sse.end_of_stream() == SSE_EVENT and self.take_event() == LOST:
                return LOST
            if self.recorder.row(self.row_index).content_events == 0:
                self.error = NO_OUTPUT
                self.detail = b"the stream ended without generated content"
        return ANSWERED

    cdef int lost(self, Error error, bytes detail) except -1:
        self.error = error
        self.detail = detail
        return LOST

    cdef void finish_row(self, int status, int64_t now_ns):
        """Closes the row of the request and takes the request off this connection."""
        cdef Row* row = self.recorder.row(self.row_index)
        row.status = status
        row.error = self.error
        row.done_ns = now_ns
        if status == OK:
            if self.recorder.saves_token_times:
                self.recorder.log_token_gaps(row, self.gaps, self.gap_count)
            if self.recorder.saves_text:
                text = b'{"content":"%b","reasoning":"%b"}\n' % (self.content, self.reasoning)
                self.recorder.log_text(row, text, len(text))
        self.row_index = -1
