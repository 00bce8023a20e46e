"""Reading with epoll. See reader.pxd for the contract."""
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport free, malloc
from posix.unistd cimport close

cimport cython

from aisbench._native.os.epoll cimport (
    EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_MOD, epoll_create1, epoll_ctl,
    epoll_event, epoll_wait,
)
from aisbench._native.os.failures cimport fail
from aisbench._native.os.sockets cimport stamped_recv
from aisbench._native.receiving.reader cimport (
    BATCH, BROKEN, BYTES, END, ENDING, NOTHING, READABLE, Reader, Ready, Receipt, Received, WRITABLE,
)

cdef enum:
    READ_ROOM = 262144

# Edge-triggered, as level-triggered epoll would poll each socket again after it was read.
cdef uint32_t SOCKET_EVENTS = EPOLLIN | EPOLLRDHUP | EPOLLET


@cython.final
cdef class EpollReader(Reader):
    def __cinit__(self):
        self.fd = -1
        self.buffer = <char*>malloc(READ_ROOM)
        if self.buffer == NULL:
            raise MemoryError
        self.fd = epoll_create1(EPOLL_CLOEXEC)
        if self.fd < 0:
            fail("epoll_create1")

    def __dealloc__(self):
        free(self.buffer)
        if self.fd >= 0:
            close(self.fd)

    cdef int control(self, int op, int fd, void* source, unsigned int events) noexcept:
        """Returns 0 or an errno."""
        cdef epoll_event event
        event.events = events
        event.data.ptr = source
        return 0 if epoll_ctl(self.fd, op, fd, &event) == 0 else errno

    cdef int add(self, int fd, void* source) except -1:
        return self.control(EPOLL_CTL_ADD, fd, source, SOCKET_EVENTS | EPOLLOUT)

    cdef int want_out(self, int fd, void* source, bint out) except -1:
        # Fails only for a socket that is not watched, which is a bug that must end the run.
        if self.control(EPOLL_CTL_MOD, fd, source, SOCKET_EVENTS | EPOLLOUT if out else SOCKET_EVENTS) != 0:
            fail("epoll_ctl cannot change how a socket is watched")
        return 0

    cdef int remove(self, int fd) except -1:
        # Closing a socket removes it from epoll.
        return 0

    cdef int wait(self) except -1:
        cdef epoll_event events[BATCH]
        cdef uint32_t event
        cdef int i
        cdef int n = epoll_wait(self.fd, events, BATCH, 0)
        if n < 0:
            if errno == EINTR:
                self.more = True
                return 0
            fail("epoll_wait")
        for i in range(n):
            event = events[i].events
            self.ready[i].source = events[i].data.ptr
            self.ready[i].what = (
                (READABLE if event & ~EPOLLOUT else 0)
                | (WRITABLE if event & EPOLLOUT else 0)
                | (ENDING if event & ~(EPOLLIN | EPOLLOUT) else 0)
            )
        self.more = n == BATCH
        return n

    cdef Receipt receive(self, int fd, int what, Received* got) noexcept:
        cdef ssize_t n = stamped_recv(fd, self.buffer, READ_ROOM, &got.stamp_ns)
        while n < 0 and errno == EINTR:
            n = stamped_recv(fd, self.buffer, READ_ROOM, &got.stamp_ns)
        if n < 0:
            return NOTHING if errno == EAGAIN else BROKEN
        if n == 0:
            return END
        got.data = self.buffer
        got.n = n
        # A read that does not fill the buffer has emptied the socket. If the end was announced, read on
        # all the same: it is not announced again.
        got.more = n == READ_ROOM or what & ENDING != 0
        return BYTES
