"""HTTP/1.1 response framing: push the bytes of a read, then pull the items in them.

There are no callbacks and no copies: a body segment points into the pushed bytes and is valid until the
next push. A response that cannot be framed safely (two lengths, a bad chunk size) is HTTP_BAD; the parser
never guesses.
"""
from libc.stdint cimport int64_t

cdef enum HttpItem:
    HTTP_MORE = 0  # all pushed bytes are used up
    HTTP_HEAD = 1  # status and headers are known
    HTTP_BODY = 2  # `segment` and `size` hold a piece of the body
    HTTP_DONE = 3  # the response is complete; bytes after it, if any, are left unread
    HTTP_BAD = 4   # `problem` says why


cdef class HttpResponse:
    cdef readonly int status
    cdef readonly bint keep_alive
    cdef readonly bytes content_type
    cdef readonly bytes reason      # the words after the status
    cdef readonly bytes location
    # The name of one more header to keep, in lower case, and its value; None: none is wanted, or it was not there.
    cdef bytes wanted
    cdef bytes found
    cdef readonly str problem
    cdef int state
    cdef bint http10
    cdef int64_t remaining
    cdef int digits
    cdef bint in_extension
    cdef bint after_cr              # of a chunk size's line, which must end now
    cdef char* head
    cdef Py_ssize_t head_bytes
    cdef Py_ssize_t line_bytes
    cdef const char* at
    cdef const char* end
    # The last body segment that `pull` returned.
    cdef const char* segment
    cdef Py_ssize_t size

    cdef void restart(self)
    cdef void push(self, const char* data, Py_ssize_t n) noexcept
    cdef int pull(self) except -1
    cdef int closed(self) except -1
    cdef bint clean(self) noexcept
    cdef int bad(self, str problem) except -1
    cdef int take_head(self) except -1
    cdef int parse_head(self) except -1
    cdef int take_chunk_size(self) except -1
    cdef void start_chunk_size(self) noexcept
    cdef bint head_ends(self) noexcept
