"""Server-sent events: push a piece of the stream, then pull the events that it completes.

The grammar is that of the HTML Living Standard, section 9.2.6, with three exceptions. An event that lacks
only its blank line at the end of the stream is delivered (`end_of_stream`). A field named `error` is the
data of an error event. Lines that are not fields (such as the bare output of a failing program behind the
server) are kept in `stray`.

An event's data points into the pushed bytes if it lies there whole, or else into a buffer of the parser. It
is valid until the next pull.
"""
from libc.stdint cimport int64_t

cdef enum SseItem:
    SSE_MORE = 0
    SSE_EVENT = 1
    SSE_TOO_LARGE = 2

cdef enum:
    STRAY_LIMIT = 4096


cdef class SseParser:
    cdef readonly int64_t limit_bytes
    # The data of the event that `pull` returned, and whether it is an error event by its name or field.
    cdef const char* data
    cdef Py_ssize_t size
    cdef bint is_error
    cdef bint named_error
    # Lines that are not fields, about STRAY_LIMIT bytes of them; None: there were none.
    cdef bytearray stray
    cdef const char* at
    cdef const char* end
    cdef bint after_cr
    cdef bint started
    cdef int64_t event_bytes
    cdef bint has_data
    cdef bint data_is_copied
    cdef char* line
    cdef Py_ssize_t line_bytes
    cdef Py_ssize_t line_room
    cdef char* joined
    cdef Py_ssize_t joined_room

    cdef void restart(self) noexcept
    cdef int push(self, const char* data, Py_ssize_t n) except -1
    cdef int pull(self) except -1
    cdef int end_of_stream(self) except -1
    cdef bint holds_part(self) noexcept
    cdef int keep_line(self, const char* text, Py_ssize_t n) except -1
    cdef int keep_data(self) except -1
    cdef int take_line(self, const char* text, Py_ssize_t n, bint copied) except -1
    cdef bint other_field(self, const char* text, Py_ssize_t n) except -1
    cdef void skip_bom(self, const char** text, Py_ssize_t* n) noexcept
    cdef bint dispatch(self) noexcept


cdef class LineParser(SseParser):
    """A stream of lines, each of which is an event, as in JSON lines. Empty lines are none."""
