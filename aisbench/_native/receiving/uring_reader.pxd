"""A reader with io_uring: the kernel receives into a ring of buffers, and one call brings what many sockets received."""
from libc.stdint cimport uint32_t, uint64_t

from aisbench._native.receiving.reader cimport Reader, Receipt, Received
from aisbench._native.receiving.uring cimport URING_BUFFERS, Uring, UringCompletion

cdef struct Watched:
    void* source
    # Tells completions for this socket from late ones for an earlier socket of the same number.
    uint32_t generation
    int requests            # how many of its requests the kernel holds
    # The buffers with what was received and not passed on; `first` -1: none.
    int first
    int last
    Receipt ended           # what follows them: NOTHING yet, END or BROKEN
    int problem             # for BROKEN: the errno
    bint receiving          # the kernel receives, or will once there is a buffer
    bint out                # whether it is to be reported when it is writable
    int what                # Readiness to report, beside that which the above says
    bint listed
    int next_listed
    bint starved            # there was no buffer for it
    bint starving           # whether it is in the list of such sockets, perhaps for an earlier socket
    int next_starving


cdef class UringReader(Reader):
    cdef Uring ring
    # By descriptor.
    cdef Watched* watched
    cdef int room
    cdef int sockets        # how many are watched
    # By buffer: the next one of the same socket, and how many bytes it has.
    cdef int following[URING_BUFFERS]
    cdef int sizes[URING_BUFFERS]
    # The buffer that the caller reads from; -1: none.
    cdef int lent
    # Sockets to report, and sockets for which there was no buffer; -1: none.
    cdef int first_listed
    cdef int last_listed
    cdef int listed
    cdef int first_starving
    # For reads that do not go through the ring.
    cdef char* buffer

    cdef uint64_t tag(self, int fd, int kind) noexcept
    cdef int expect(self, int fd, int problem) noexcept
    cdef void receive_from(self, int fd) noexcept
    cdef void harvest(self) noexcept
    cdef void received(self, int fd, UringCompletion* one) noexcept
    cdef void polled(self, int fd, int kind, UringCompletion* one) noexcept
    cdef void put_on_list(self, int fd) noexcept
    cdef void feed(self) noexcept
    cdef void take_back(self) noexcept
    cdef void forget(self, int fd) noexcept
