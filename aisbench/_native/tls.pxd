"""TLS between a socket's bytes and a request's plain ones.

The standard library's SSLObject works on memory alone, so bytes still arrive through the read that brings
the kernel's stamp, and an https stream is timed like any other.
"""


cdef class Tls:
    cdef object incoming   # ssl.MemoryBIO: bytes from the socket
    cdef object outgoing   # ssl.MemoryBIO: bytes for the socket
    cdef object session    # ssl.SSLObject
    # Their methods, looked up once.
    cdef object write_incoming
    cdef object read_session
    cdef bint drained      # all that was taken has been opened
    cdef readonly bint ended

    cdef int take(self, const char* data, Py_ssize_t n) except -1
    cdef bint handshake(self) except -1
    cdef const char* open_(self, Py_ssize_t* n) except? NULL
    cdef int seal(self, const char* data, Py_ssize_t n) except -1
    cdef bytes outgoing_bytes(self)
