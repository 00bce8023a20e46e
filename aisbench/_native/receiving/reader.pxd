"""The interface for reading a worker's sockets: which are readable, and their bytes with the kernel's stamps.

The rest of the core uses nothing else, so other readers can stand beside epoll's. `data` belongs to the
reader and is valid until its next call. `wait` reports each source by the pointer that was passed to `add`.

A caller calls `wait`, then `receive` for each READABLE source until it says that there is no more.
"""
from libc.stdint cimport int64_t

cdef enum:
    # The most sources that one `wait` reports.
    BATCH = 512

cdef enum Readiness:
    READABLE = 1
    WRITABLE = 2
    ENDING = 4      # its end was announced: read until END

ctypedef struct Ready:
    void* source
    int what        # bits of Readiness

cdef enum Receipt:
    NOTHING = 0     # there is nothing to read now
    BYTES = 1
    END = 2         # the peer has ended its side
    BROKEN = 3      # errno says why

ctypedef struct Received:
    const char* data
    Py_ssize_t n
    int64_t stamp_ns   # the kernel's CLOCK_REALTIME receive stamp of the last byte; 0: none
    bint more          # there may be more: call again


cdef class Reader:
    # Readable while `wait` would find something.
    cdef readonly int fd
    # What the last `wait` reported.
    cdef Ready ready[BATCH]
    # There may be more to report: call `wait` again before the next pause.
    cdef bint more

    cdef int add(self, int fd, void* source) except -1
    cdef int want_out(self, int fd, void* source, bint out) except -1
    cdef int remove(self, int fd) except -1
    cdef int wait(self) except -1
    cdef Receipt receive(self, int fd, int what, Received* got) noexcept
