"""The encoded request bodies, mapped for reading. Ticket i sends body i modulo their number."""
from libc.stdint cimport int64_t


cdef class BodyFile:
    cdef readonly int64_t count
    cdef const char* data
    cdef Py_ssize_t size
    cdef const int64_t* offsets
    # Bytes handed out since the mapped pages were last released.
    cdef int64_t touched

    cdef const char* body(self, int64_t ticket, Py_ssize_t* n) noexcept
