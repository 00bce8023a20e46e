"""Server-sent events: push a piece of the stream, pull the events that it completes.

The grammar is that of the HTML Living Standard, section 9.2.6, with one leniency: an event that
the end of the stream leaves without its blank line is delivered (`end`), since servers do that.
And two that keep a server's words when it fails: a field named `error` is the data of an event that
is one, and lines that are no field (an error that a program behind the server printed bare) are kept.
An event's data points into the pushed bytes where it lies there whole, else into a buffer of the
parser; it is valid until the next pull.
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
    # The data of the event that `pull` returned, and whether its name (`event:` field) is "error".
    cdef const char* data
    cdef Py_ssize_t size
    cdef bint is_error
    cdef bint named_error
    # What came that belongs to no field of an event, up to STRAY_LIMIT bytes of it; None: nothing did.
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
