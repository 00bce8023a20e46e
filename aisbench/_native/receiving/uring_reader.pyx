"""Reading with io_uring. See reader.pxd for the contract.

Each socket has one request that receives again and again (multishot recvmsg). What arrives waits in the socket until
`wait` asks for it; one system call then receives from about 20 sockets. So what a read costs beside the kernel's own
work on TCP, the call and the crossing, is shared.
"""
from libc.errno cimport EAGAIN, EINTR, ENOBUFS, errno
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memset, strerror
from posix.fcntl cimport F_SETFL, fcntl

cimport cython

from aisbench._native.os.sockets cimport stamped_recv
from aisbench._native.receiving.reader cimport (
    BATCH, BROKEN, BYTES, END, ENDING, NOTHING, READABLE, Reader, Receipt, Received, WRITABLE,
)
from aisbench._native.receiving.uring cimport (
    URING_AT_A_TIME, URING_BUFFERS, URING_HEAD_BYTES, Uring, UringCompletion, uring_bytes, uring_cancel, uring_close, uring_enter,
    uring_give, uring_grow, uring_has_work, uring_loud, uring_next, uring_open, uring_poll_no_more, uring_poll_out, uring_quiet,
    uring_receive, uring_submit,
)

cdef extern from "<poll.h>" nogil:
    int POLLERR, POLLHUP

cdef extern from * nogil:
    """
    static inline void set_errno(int problem) { errno = problem; }
    """
    void set_errno(int problem)

cdef enum:
    READ_ROOM = 262144
    # For a socket that is closed: far more calls than its requests take to end.
    MOST_CALLS = 256

cdef enum Kind:
    # What a request is for: two bits of its tag, beside 30 of the generation and 32 of the descriptor.
    RECEIVING = 0
    CONNECTING = 1
    WRITING = 2
    ENDING_OTHERS = 3

cdef uint32_t GENERATIONS = (1 << 30) - 1


@cython.final
cdef class UringReader(Reader):
    def __cinit__(self):
        cdef int problem
        self.fd = self.ring.fd = self.ring.wake_fd = -1
        self.lent = self.first_listed = self.last_listed = self.first_starving = -1
        self.buffer = <char*>malloc(READ_ROOM)
        if self.buffer == NULL:
            raise MemoryError
        problem = uring_open(&self.ring)
        if problem != 0:
            raise OSError(problem, strerror(problem).decode())
        self.fd = self.ring.wake_fd

    def __dealloc__(self):
        uring_close(&self.ring)
        free(self.watched)
        free(self.buffer)

    cdef uint64_t tag(self, int fd, int kind) noexcept:
        return <uint64_t>kind << 62 | <uint64_t>self.watched[fd].generation << 32 | <uint64_t>fd

    cdef int expect(self, int fd, int problem) noexcept:
        """Counts a request that was queued if `problem` is 0, and submits it; returns 0 or an errno."""
        if problem != 0:
            return problem
        self.watched[fd].requests += 1
        return uring_submit(&self.ring)

    cdef int add(self, int fd, void* source) except -1:
        cdef Watched* grown
        cdef int i, problem, room
        if fd >= self.room:
            room = max(2 * self.room, fd + 64)
            grown = <Watched*>realloc(self.watched, room * sizeof(Watched))
            if grown == NULL:
                raise MemoryError
            self.watched = grown
            for i in range(self.room, room):
                memset(&self.watched[i], 0, sizeof(Watched))
                self.watched[i].first = -1
            self.room = room
        self.watched[fd].source = source
        self.sockets += 1
        problem = self.expect(fd, uring_poll_out(&self.ring, fd, self.tag(fd, CONNECTING), False))
        if problem != 0:
            self.remove(fd)
        return problem

    cdef int want_out(self, int fd, void* source, bint out) except -1:
        cdef Watched* it = &self.watched[fd]
        cdef int problem = 0
        if not it.receiving and it.ended == NOTHING:
            # It is connected. With O_NONBLOCK the kernel would not wait for bytes, and say EAGAIN instead.
            if fcntl(fd, F_SETFL, 0) != 0:
                problem = errno
            it.receiving = True
            problem = problem or self.expect(fd, uring_receive(&self.ring, fd, self.tag(fd, RECEIVING)))
        if problem == 0 and out and not it.out:
            problem = self.expect(fd, uring_poll_out(&self.ring, fd, self.tag(fd, WRITING), True))
        elif problem == 0 and it.out and not out:
            problem = uring_poll_no_more(&self.ring, self.tag(fd, WRITING), self.tag(fd, ENDING_OTHERS))
            problem = problem or uring_submit(&self.ring)
        it.out = out
        if problem != 0:
            raise OSError(f"io_uring cannot watch a socket: {strerror(problem).decode()}")
        return 0

    cdef int remove(self, int fd) except -1:
        cdef Watched* it = &self.watched[fd]
        cdef int i
        if it.requests > 0 and uring_cancel(&self.ring, fd, self.tag(fd, ENDING_OTHERS)) == 0:
            # The socket is closed only once no request holds it. What else is completed stays in the ring.
            for i in range(MOST_CALLS):
                if not uring_has_work(&self.ring) or uring_enter(&self.ring) != 0:
                    break
        self.sockets -= 1
        self.forget(fd)
        return 0

    cdef void forget(self, int fd) noexcept:
        """Makes ready for the next socket of this number; completions for this one no longer count."""
        cdef Watched* it = &self.watched[fd]
        while it.first >= 0:
            uring_give(&self.ring, it.first)
            it.first = self.following[it.first]
        it.generation = (it.generation + 1) & GENERATIONS
        it.source = NULL
        it.requests = it.what = 0
        it.ended = NOTHING
        it.receiving = it.out = it.starved = False

    cdef int wait(self) except -1:
        cdef Watched* it
        cdef int n = 0
        # Enough for all that had received when this began; what comes later would keep a busy worker here for ever.
        cdef int calls = 2 + self.sockets // URING_AT_A_TIME
        cdef int fd, what, problem
        self.take_back()
        self.feed()
        uring_quiet(&self.ring)
        self.harvest()
        while calls > 0 and self.listed < BATCH and uring_has_work(&self.ring):
            problem = uring_enter(&self.ring)
            if problem != 0:
                raise OSError(f"io_uring_enter: {strerror(problem).decode()}")
            self.harvest()
            calls -= 1
        self.more = self.listed >= BATCH and uring_has_work(&self.ring)
        while n < BATCH and self.first_listed >= 0:
            fd = self.first_listed
            it = &self.watched[fd]
            self.first_listed = it.next_listed
            self.listed -= 1
            it.listed = False
            what = it.what
            it.what = 0
            if it.ended != NOTHING:
                what |= READABLE | ENDING
            elif it.first >= 0:
                what |= READABLE
            if what != 0:
                self.ready[n].source = it.source
                self.ready[n].what = what
                n += 1
        # Sockets that starve get buffers when those that are reported now have been read.
        self.more = self.more or self.listed > 0 or (n > 0 and self.first_starving >= 0)
        uring_loud(&self.ring)
        return n

    cdef void harvest(self) noexcept:
        """Takes what is completed from the ring."""
        cdef UringCompletion one
        cdef int fd, kind
        while uring_next(&self.ring, &one):
            fd = <int>(one.tag & 0xffffffff)
            kind = <int>(one.tag >> 62)
            if kind == ENDING_OTHERS or (one.tag >> 32 & GENERATIONS) != self.watched[fd].generation:
                if one.buffer >= 0:
                    uring_give(&self.ring, one.buffer)
                continue
            if not one.more:
                self.watched[fd].requests -= 1
            if kind == RECEIVING:
                self.received(fd, &one)
            else:
                self.polled(fd, kind, &one)

    cdef void received(self, int fd, UringCompletion* one) noexcept:
        cdef Watched* it = &self.watched[fd]
        cdef int n = one.result - URING_HEAD_BYTES
        if one.buffer >= 0 and n > 0:
            self.sizes[one.buffer] = n
            self.following[one.buffer] = -1
            if it.first < 0:
                it.first = one.buffer
            else:
                self.following[it.last] = one.buffer
            it.last = one.buffer
        else:
            if one.buffer >= 0:
                uring_give(&self.ring, one.buffer)
            if one.result == -ENOBUFS:
                uring_grow(&self.ring)
                it.starved = True
                if not it.starving:
                    it.starving = True
                    it.next_starving = self.first_starving
                    self.first_starving = fd
                return
            if one.result >= 0:
                it.ended = END
            elif one.result != -EINTR and one.result != -EAGAIN:
                it.ended = BROKEN
                it.problem = -one.result
        self.put_on_list(fd)
        if not one.more and it.ended == NOTHING:
            self.receive_from(fd)

    cdef void polled(self, int fd, int kind, UringCompletion* one) noexcept:
        cdef Watched* it = &self.watched[fd]
        if one.result < 0:
            # It was cancelled.
            return
        it.what |= WRITABLE
        if one.result & (POLLERR | POLLHUP):
            it.what |= READABLE | ENDING
        elif kind == WRITING and not one.more and it.out:
            self.expect(fd, uring_poll_out(&self.ring, fd, self.tag(fd, WRITING), True))
        self.put_on_list(fd)

    cdef void receive_from(self, int fd) noexcept:
        """Goes on to receive, with the next call."""
        cdef Watched* it = &self.watched[fd]
        it.problem = uring_receive(&self.ring, fd, self.tag(fd, RECEIVING))
        if it.problem != 0:
            it.ended = BROKEN
            self.put_on_list(fd)
        else:
            it.requests += 1

    cdef void put_on_list(self, int fd) noexcept:
        """Notes that the socket is to be reported."""
        cdef Watched* it = &self.watched[fd]
        if it.listed:
            return
        it.listed = True
        it.next_listed = -1
        if self.first_listed < 0:
            self.first_listed = fd
        else:
            self.watched[self.last_listed].next_listed = fd
        self.last_listed = fd
        self.listed += 1

    cdef void feed(self) noexcept:
        """Goes on to receive from sockets for which there was no buffer."""
        cdef int fd
        while self.first_starving >= 0:
            fd = self.first_starving
            self.first_starving = self.watched[fd].next_starving
            self.watched[fd].starving = False
            if self.watched[fd].starved:
                self.watched[fd].starved = False
                self.receive_from(fd)

    cdef void take_back(self) noexcept:
        if self.lent >= 0:
            uring_give(&self.ring, self.lent)
            self.lent = -1

    cdef Receipt receive(self, int fd, int what, Received* got) noexcept:
        cdef Watched* it = &self.watched[fd]
        cdef int buffer
        cdef ssize_t n
        self.take_back()
        if it.first < 0 and it.ended == NOTHING:
            if not what & ENDING:
                return NOTHING
            # The caller asks for what came after the last `wait`.
            self.harvest()
            self.more = True
        if it.first >= 0:
            buffer = it.first
            it.first = self.following[buffer]
            self.lent = buffer
            got.data = uring_bytes(&self.ring, buffer, &got.stamp_ns)
            got.n = self.sizes[buffer]
            got.more = it.first >= 0 or it.ended != NOTHING or what & ENDING != 0
            return BYTES
        if it.ended != NOTHING:
            set_errno(it.problem)
            return it.ended
        n = stamped_recv(fd, self.buffer, READ_ROOM, &got.stamp_ns)
        if n < 0:
            return NOTHING if errno == EAGAIN or errno == EINTR else BROKEN
        if n == 0:
            return END
        got.data = self.buffer
        got.n = n
        got.more = True
        return BYTES
