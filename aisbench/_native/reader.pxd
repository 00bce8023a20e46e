"""How a worker's sockets are read: which of them have something, and the bytes with the kernel's stamp.

This is all that the rest of the core knows of it, so that another reader can stand beside epoll's. One
whose kernel receives into provided buffers (io_uring) hands out its own memory here as well: `data`
is the reader's, and good until its next call. Sources come back from `wait` as what `add` was given.

A look is `wait`, then `receive` for each source that is READABLE, until it says that there is no more.
"""
from libc.stdint cimport int64_t

cdef enum:
    # Sources that one `wait` finds at most; so many, and there may be more.
    BATCH = 512

cdef enum Readiness:
    READABLE = 1
    WRITABLE = 2
    ENDING = 4      # its end was announced: it is to be read until then

ctypedef struct Ready:
    void* source
    int what        # bits of Readiness

cdef enum Receipt:
    NOTHING = 0     # there is nothing at present
    BYTES = 1
    END = 2         # the peer sends no more
    BROKEN = 3      # errno says why

ctypedef struct Received:
    const char* data
    Py_ssize_t n
    int64_t stamp_ns   # the kernel's CLOCK_REALTIME receive stamp of the last byte; 0: none
    bint more          # there may be more: ask again


cdef class Reader:
    # Readable while `wait` would find something.
    cdef readonly int fd
    # What the last `wait` found.
    cdef Ready ready[BATCH]

    cdef int add(self, int fd, void* source) except -1
    cdef int want_out(self, int fd, void* source, bint out) except -1
    cdef int remove(self, int fd) except -1
    cdef int wait(self) except -1
    cdef Receipt receive(self, int fd, int what, Received* got) noexcept
