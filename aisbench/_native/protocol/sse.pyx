"""The SSE parser. See sse.pxd for the contract."""
from libc.stdint cimport int64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcmp, memcpy


cdef int make_room(char** buffer, Py_ssize_t* room, Py_ssize_t need) except -1:
    cdef char* bigger
    if need > room[0]:
        need = need * 2 if need > 2048 else 4096
        bigger = <char*>realloc(buffer[0], need)
        if bigger == NULL:
            raise MemoryError
        buffer[0] = bigger
        room[0] = need
    return 0


cdef class SseParser:
    """`limit_bytes`: the limit for one event, including all its lines and line ends."""

    def __cinit__(self, int64_t limit_bytes):
        self.limit_bytes = limit_bytes
        self.line = self.joined = NULL
        self.line_room = self.joined_room = 0
        self.restart()

    def __dealloc__(self):
        free(self.line)
        free(self.joined)

    cdef void restart(self) noexcept:
        self.data = NULL
        self.size = 0
        self.is_error = self.named_error = False
        self.stray = None
        self.at = self.end = NULL
        self.after_cr = False
        self.started = False
        self.event_bytes = 0
        self.has_data = False
        self.data_is_copied = False
        self.line_bytes = 0

    cdef int push(self, const char* data, Py_ssize_t n) except -1:
        self.at = data
        self.end = data + n
        return 0

    cdef bint holds_part(self) noexcept:
        """True when bytes of an unfinished event are held."""
        return self.has_data or self.line_bytes > 0

    cdef int keep_line(self, const char* text, Py_ssize_t n) except -1:
        """Copies an unfinished line, as it outlives the pushed bytes."""
        make_room(&self.line, &self.line_room, self.line_bytes + n)
        memcpy(self.line + self.line_bytes, text, n)
        self.line_bytes += n
        return 0

    cdef int keep_data(self) except -1:
        """Copies the data of an unfinished event, as it outlives the pushed bytes."""
        if self.has_data and not self.data_is_copied:
            make_room(&self.joined, &self.joined_room, self.size + 1)
            memcpy(self.joined, self.data, self.size)
            self.data = self.joined
            self.data_is_copied = True
        return 0

    cdef int pull(self) except -1:
        cdef const char* eol
        cdef const char* cr
        cdef const char* text
        cdef Py_ssize_t n, there
        cdef bint copied
        if self.at != self.end and self.after_cr:
            self.after_cr = False
            if self.at[0] == b"\n":
                self.at += 1
        while self.at != self.end:
            there = self.end - self.at
            eol = <const char*>memchr(self.at, b"\n", there)
            if eol != NULL:
                there = eol - self.at
            # A lone CR ends a line, too. JSON contains none, so this usually finds nothing.
            cr = <const char*>memchr(self.at, b"\r", there)
            if cr != NULL:
                eol = cr
            if eol == NULL:
                self.event_bytes += there
                self.keep_line(self.at, there)
                self.at = self.end
                if self.event_bytes > self.limit_bytes:
                    return SSE_TOO_LARGE
                break
            n = eol - self.at
            text = self.at
            self.at = eol + 1
            if eol[0] == b"\r":
                if self.at == self.end:
                    self.after_cr = True
                elif self.at[0] == b"\n":
                    self.at += 1
            self.event_bytes += n + 1
            copied = self.line_bytes > 0
            if copied:
                self.keep_line(text, n)
                text = self.line
                n = self.line_bytes
                self.line_bytes = 0
            if not self.started:
                self.skip_bom(&text, &n)
            if n == 0:
                if self.dispatch():
                    return SSE_EVENT
                continue
            if self.event_bytes > self.limit_bytes:
                return SSE_TOO_LARGE
            self.take_line(text, n, copied)
        self.keep_data()
        return SSE_MORE

    cdef void skip_bom(self, const char** text, Py_ssize_t* n) noexcept:
        """Skips the byte order mark that the first line of a stream may begin with."""
        self.started = True
        if n[0] >= 3 and memcmp(text[0], b"\xef\xbb\xbf", 3) == 0:
            text[0] += 3
            n[0] -= 3

    cdef bint dispatch(self) noexcept:
        """Ends the event at an empty line; False if it has no data and so is ignored."""
        self.event_bytes = 0
        self.is_error = self.named_error
        self.named_error = False
        if not self.has_data:
            return False
        self.has_data = False
        self.data_is_copied = False
        return True

    cdef int take_line(self, const char* text, Py_ssize_t n, bint copied) except -1:
        cdef const char* value
        cdef Py_ssize_t size
        if n >= 5 and memcmp(text, b"data:", 5) == 0:
            value = text + 5
            size = n - 5
        elif n == 4 and memcmp(text, b"data", 4) == 0:
            value = text + 4
            size = 0
        elif self.other_field(text, n):
            value = text + 6
            size = n - 6
        else:
            return 0
        if size > 0 and value[0] == b" ":
            value += 1
            size -= 1
        if self.has_data:
            # Data lines are joined by line feeds.
            self.keep_data()
            make_room(&self.joined, &self.joined_room, self.size + 1 + size)
            self.joined[self.size] = b"\n"
            memcpy(self.joined + self.size + 1, value, size)
            self.data = self.joined
            self.size += 1 + size
            return 0
        self.data = value
        self.size = size
        self.has_data = True
        self.data_is_copied = False
        if copied:
            # The line buffer is reused before the event is complete.
            self.keep_data()
        return 0

    cdef bint other_field(self, const char* text, Py_ssize_t n) except -1:
        """Acts on a line that is not data; True for an `error:` field, whose value is taken as data."""
        cdef const char* value
        if text[0] == b":":
            return False
        if n >= 6 and memcmp(text, b"event:", 6) == 0:
            value = text + 6
            if n > 6 and value[0] == b" ":
                value += 1
            self.named_error = text + n - value == 5 and memcmp(value, b"error", 5) == 0
        elif n >= 6 and memcmp(text, b"error:", 6) == 0:
            self.named_error = True
            return True
        elif (n < 3 or memcmp(text, b"id:", 3) != 0) and (n < 6 or memcmp(text, b"retry:", 6) != 0):
            if self.stray is None:
                self.stray = bytearray()
            if len(self.stray) < STRAY_LIMIT:
                self.stray += text[:n] + b"\n"
        return False

    cdef int end_of_stream(self) except -1:
        """Ends the stream; SSE_EVENT if that completes an event that lacks only its blank line."""
        cdef const char* text = self.line
        cdef Py_ssize_t n = self.line_bytes
        if n > 0:
            self.line_bytes = 0
            if not self.started:
                self.skip_bom(&text, &n)
            if n > 0:
                self.take_line(text, n, True)
        return SSE_EVENT if self.dispatch() else SSE_MORE


cdef class LineParser(SseParser):
    cdef int pull(self) except -1:
        cdef const char* eol
        cdef const char* text
        cdef Py_ssize_t n
        cdef bint copied
        while self.at != self.end:
            eol = <const char*>memchr(self.at, b"\n", self.end - self.at)
            text = self.at
            n = (eol if eol != NULL else self.end) - text
            self.event_bytes += n
            if self.event_bytes > self.limit_bytes:
                return SSE_TOO_LARGE
            if eol == NULL:
                self.keep_line(text, n)
                self.at = self.end
                break
            self.at = eol + 1
            self.event_bytes = 0
            copied = self.line_bytes > 0
            if copied:
                self.keep_line(text, n)
                text = self.line
                n = self.line_bytes
                self.line_bytes = 0
            if not self.started:
                self.skip_bom(&text, &n)
            self.take_line(text, n, copied)
            if self.dispatch():
                return SSE_EVENT
        return SSE_MORE

    cdef int take_line(self, const char* text, Py_ssize_t n, bint copied) except -1:
        """The line is the event's data. It may stay in the line buffer, which is not written before the next pull."""
        if n > 0 and text[n - 1] == b"\r":
            n -= 1
        self.data = text
        self.size = n
        self.has_data = n > 0
        return 0


def parse(pieces, int64_t limit_bytes=1 << 20, bint end=True, bint lines=False):
    """The data of each event in a stream that arrives in `pieces` (bytes each), for tests and fuzzing.

    `lines`: each line is an event. Returns (list of bytes, too_large); nothing is delivered after an event that is too
    large.
    """
    cdef SseParser parser = LineParser(limit_bytes) if lines else SseParser(limit_bytes)
    cdef bytes piece
    cdef int item
    events = []
    for piece in pieces:
        parser.push(<const char*>piece, len(piece))
        while True:
            item = parser.pull()
            if item == SSE_TOO_LARGE:
                return events, True
            if item == SSE_MORE:
                break
            events.append(parser.data[:parser.size])
    if end and parser.end_of_stream() == SSE_EVENT:
        events.append(parser.data[:parser.size])
    return events, False
