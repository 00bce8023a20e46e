"""uring.h, as `uring_reader` uses it."""
from libc.stdint cimport int64_t, uint64_t

cdef extern from "uring.h" nogil:
    enum:
        URING_AT_A_TIME
        URING_BUFFERS
        URING_HEAD_BYTES
    ctypedef struct Uring:
        int fd
        int wake_fd
    ctypedef struct UringCompletion:
        uint64_t tag
        int result
        bint more
        int buffer
    int uring_open(Uring* ring)
    void uring_close(Uring* ring)
    bint uring_has_work(Uring* ring)
    void uring_quiet(Uring* ring)
    void uring_loud(Uring* ring)
    int uring_enter(Uring* ring)
    int uring_submit(Uring* ring)
    int uring_receive(Uring* ring, int fd, uint64_t tag)
    int uring_poll_out(Uring* ring, int fd, uint64_t tag, bint each_time)
    int uring_poll_no_more(Uring* ring, uint64_t polled, uint64_t tag)
    int uring_cancel(Uring* ring, int fd, uint64_t tag)
    bint uring_next(Uring* ring, UringCompletion* next)
    void uring_give(Uring* ring, int buffer)
    void uring_grow(Uring* ring)
    const char* uring_bytes(Uring* ring, int buffer, int64_t* stamp_ns)
