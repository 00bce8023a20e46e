"""HTTP/1.1 response framing. See http.pxd for the contract; RFC 9112 for the grammar."""
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcpy

cdef enum:
    HEAD_LIMIT = 65536
    CHUNK_LINE_LIMIT = 4096

cdef enum State:
    IN_HEAD = 0
    IN_LENGTH = 1       # content-length body, `remaining` to come
    IN_CHUNK_SIZE = 2
    IN_CHUNK = 3        # chunk data, `remaining` to come
    AFTER_CHUNK = 4     # the CR LF that closes a chunk; `digits` counts what was seen of it
    IN_TRAILER = 5
    UNTIL_CLOSE = 6
    ENDED = 7
    BROKEN = 8


cdef class HttpResponse:
    """Frames the responses of a connection one after another; `restart` prepares for the next."""

    def __cinit__(self):
        self.head = <char*>malloc(HEAD_LIMIT)
        if self.head == NULL:
            raise MemoryError
        self.at = self.end = NULL
        self.restart()

    def __dealloc__(self):
        free(self.head)

    cdef void restart(self):
        self.state = IN_HEAD
        self.status = 0
        self.keep_alive = False
        self.http10 = False
        self.content_type = self.reason = self.location = b""
        self.found = None
        self.problem = None
        self.remaining = 0
        self.digits = 0
        self.in_extension = False
        self.head_bytes = 0
        self.line_bytes = 0
        self.segment = NULL
        self.size = 0

    cdef void push(self, const char* data, Py_ssize_t n) noexcept:
        self.at = data
        self.end = data + n

    cdef bint clean(self) noexcept:
        """True when nothing follows the response in the pushed bytes."""
        return self.at == self.end

    cdef int bad(self, str problem) except -1:
        self.state = BROKEN
        self.problem = problem
        return HTTP_BAD

    cdef int pull(self) except -1:
        cdef Py_ssize_t there
        cdef char c
        while True:
            if self.state == IN_LENGTH or self.state == IN_CHUNK:
                there = self.end - self.at
                if there == 0:
                    return HTTP_MORE
                if there > self.remaining:
                    there = self.remaining
                self.segment = self.at
                self.size = there
                self.at += there
                self.remaining -= there
                if self.remaining == 0:
                    self.digits = 0
                    self.state = ENDED if self.state == IN_LENGTH else AFTER_CHUNK
                return HTTP_BODY
            if self.state == ENDED:
                return HTTP_DONE
            if self.state == BROKEN:
                return HTTP_BAD
            if self.at == self.end:
                return HTTP_MORE
            if self.state == AFTER_CHUNK:
                c = self.at[0]
                self.at += 1
                if c != (13 if self.digits == 0 else 10):  # CR, LF
                    return self.bad("a chunk is longer than its size says")
                self.digits += 1
                if self.digits == 2:
                    self.start_chunk_size()
            elif self.state == IN_CHUNK_SIZE:
                if self.take_chunk_size() == HTTP_BAD:
                    return HTTP_BAD
            elif self.state == IN_HEAD:
                if self.take_head() == HTTP_BAD:
                    return HTTP_BAD
                if self.state != IN_HEAD:
                    return HTTP_HEAD
            elif self.state == IN_TRAILER:
                c = self.at[0]
                self.at += 1
                if c == b"\n":
                    if self.line_bytes == 0:
                        self.state = ENDED
                    self.line_bytes = 0
                elif c != b"\r":
                    self.line_bytes += 1
            else:
                self.segment = self.at
                self.size = self.end - self.at
                self.at = self.end
                return HTTP_BODY

    cdef int closed(self) except -1:
        """The peer closed the connection: HTTP_DONE if that ends the body, or else HTTP_BAD."""
        if self.state == ENDED or self.state == UNTIL_CLOSE:
            self.state = ENDED
            return HTTP_DONE
        return self.bad("the connection was closed before the response was complete")

    cdef void start_chunk_size(self) noexcept:
        self.state = IN_CHUNK_SIZE
        self.remaining = 0
        self.digits = 0
        self.line_bytes = 0
        self.in_extension = self.after_cr = False

    cdef int take_chunk_size(self) except -1:
        cdef char c
        cdef int digit
        while self.at < self.end:
            c = self.at[0]
            self.at += 1
            self.line_bytes += 1
            if self.line_bytes > CHUNK_LINE_LIMIT:
                return self.bad("a chunk size line is too long")
            if c == b"\n":
                if self.digits == 0:
                    return self.bad("a chunk has no size")
                self.line_bytes = 0
                self.state = IN_CHUNK if self.remaining > 0 else IN_TRAILER
                return HTTP_MORE
            if self.after_cr:
                return self.bad("a chunk size line has a CR before its end")
            self.after_cr = c == b"\r"
            if self.in_extension or self.after_cr:
                continue
            if b"0" <= c <= b"9":
                digit = c - 48
            elif b"a" <= c <= b"f":
                digit = c - 87
            elif b"A" <= c <= b"F":
                digit = c - 55
            elif c == b";" or c == b" " or c == b"\t":
                self.in_extension = True
                continue
            else:
                return self.bad("a chunk size is not hexadecimal")
            self.digits = 1
            if self.remaining >> 55:
                return self.bad("a chunk size is too large")
            self.remaining = self.remaining * 16 + digit
        return HTTP_MORE

    cdef int take_head(self) except -1:
        """Copies up to the empty line, then parses."""
        cdef const char* newline
        cdef Py_ssize_t n
        while self.at < self.end:
            newline = <const char*>memchr(self.at, b"\n", self.end - self.at)
            n = (newline + 1 if newline != NULL else self.end) - self.at
            if self.head_bytes + n > HEAD_LIMIT:
                return self.bad("the response head is longer than 64 KiB")
            memcpy(self.head + self.head_bytes, self.at, n)
            self.head_bytes += n
            self.at += n
            if newline == NULL:
                return HTTP_MORE
            if self.head_ends():
                return self.parse_head()
        return HTTP_MORE

    cdef bint head_ends(self) noexcept:
        cdef Py_ssize_t n = self.head_bytes
        cdef const char* h = self.head
        if n <= 2:
            return False
        return h[n - 2] == b"\n" or (h[n - 2] == b"\r" and h[n - 3] == b"\n")

    cdef int parse_head(self) except -1:
        """Parses the head; plain Python will do once per response."""
        cdef bytes head = self.head[:self.head_bytes]
        cdef bytes name, value
        cdef int64_t length = -1
        cdef bint chunked = False, close = False, keep = False
        lines = head.split(b"\n")
        start = lines[0].rstrip(b"\r").split(b" ", 2)
        if len(start) < 2 or start[0] not in (b"HTTP/1.1", b"HTTP/1.0") or len(start[1]) != 3 or not start[1].isdigit():
            return self.bad("the answer is not HTTP/1.1")
        self.http10 = start[0] == b"HTTP/1.0"
        self.status = int(start[1])
        self.reason = start[2].strip() if len(start) > 2 else b""
        for line in lines[1:]:
            line = line.rstrip(b"\r")
            if not line:
                continue
            name, colon, value = line.partition(b":")
            if not colon or not name or name.strip() != name:
                return self.bad("a response header is malformed")
            name = name.lower()
            value = value.strip()
            if name == b"content-length":
                if not value.isdigit() or len(value) > 18 or (length >= 0 and length != int(value)):
                    return self.bad("content-length is not one number")
                length = int(value)
            elif name == b"transfer-encoding":
                if value.lower() != b"chunked":
                    return self.bad(
                        f"transfer-encoding must be 'chunked' alone, got '{value.decode('latin-1')}': a fault of "
                        "the server, or of a proxy before it"
                    )
                chunked = True
            elif name == b"connection":
                options = [option.strip().lower() for option in value.split(b",")]
                close = close or b"close" in options
                keep = keep or b"keep-alive" in options
            elif name == b"content-type":
                self.content_type = value.lower()
            elif name == b"content-encoding" and value.lower() not in (b"", b"identity"):
                return self.bad(
                    f"the answer is compressed ({value.decode('latin-1')}), which was not asked for: a fault of "
                    "the server, or of a proxy before it"
                )
            elif name == b"location":
                self.location = value
            elif self.wanted is not None and name == self.wanted:
                self.found = value
        if chunked and length >= 0:
            return self.bad(
                "both content-length and transfer-encoding are given, so the end of the answer is "
                "unknown: a fault of the server, or of a proxy before it"
            )
        self.keep_alive = not close and (keep or not self.http10)
        self.head_bytes = 0
        if 100 <= self.status < 200:
            if self.status == 101:
                return self.bad("the server switched protocols")
            return HTTP_MORE
        if self.status == 204 or self.status == 304 or length == 0:
            self.state = ENDED
        elif chunked:
            self.start_chunk_size()
        elif length > 0:
            self.remaining = length
            self.state = IN_LENGTH
        else:
            self.keep_alive = False
            self.state = UNTIL_CLOSE
        return HTTP_HEAD


def frame(pieces, bint closed):
    """Frames a response that arrives in `pieces` (bytes each), for tests and fuzzing.

    Returns (status, body, complete, keep_alive, unread bytes of the last piece, problem or None).
    """
    cdef HttpResponse response = HttpResponse()
    cdef bytes piece
    cdef bytearray body = bytearray()
    cdef int item
    cdef bint complete = False
    cdef Py_ssize_t unread = 0
    for piece in pieces:
        if complete:
            unread += len(piece)
            continue
        response.push(<const char*>piece, len(piece))
        while True:
            item = response.pull()
            if item == HTTP_BODY:
                body += response.segment[:response.size]
            elif item == HTTP_DONE:
                complete = True
                unread = response.end - response.at
                break
            elif item != HTTP_HEAD:
                break
        if item == HTTP_BAD:
            break
    if closed and not complete and response.problem is None:
        complete = response.closed() == HTTP_DONE
    return response.status, bytes(body), complete, response.keep_alive, unread, response.problem
