"""A set of watched descriptors. See watch.pxd."""
from libc.errno cimport EINTR, errno
from libc.stdint cimport uint32_t
from posix.unistd cimport close

cimport cython

from aisbench._native.os.epoll cimport (
    EPOLLIN, EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, epoll_create1, epoll_ctl, epoll_event, epoll_wait,
)
from aisbench._native.os.failures cimport fail


@cython.final
cdef class WatchSet:
    """Raises OSError when the kernel refuses: a worker that is not woken cannot go on."""

    def __cinit__(self):
        self.fd = epoll_create1(EPOLL_CLOEXEC)
        if self.fd < 0:
            fail("epoll_create1")

    def __dealloc__(self):
        if self.fd >= 0:
            close(self.fd)

    cdef int add(self, int fd, int number) except -1:
        """Watches `fd`; `number`, below MOST_WATCHED, is its bit in `readable`."""
        cdef epoll_event event
        event.events = EPOLLIN
        event.data.ptr = NULL
        event.data.u32 = number
        if epoll_ctl(self.fd, EPOLL_CTL_ADD, fd, &event) != 0:
            fail("epoll_ctl cannot watch a descriptor")
        return 0

    cdef int remove(self, int fd) except -1:
        cdef epoll_event event
        if epoll_ctl(self.fd, EPOLL_CTL_DEL, fd, &event) != 0:
            fail("epoll_ctl cannot remove a descriptor")
        return 0

    cdef unsigned int readable(self) except? 0xFFFFFFFF:
        """The bits of the descriptors that are readable now."""
        cdef epoll_event events[MOST_WATCHED]
        cdef unsigned int found = 0
        cdef int i
        cdef int n = epoll_wait(self.fd, events, MOST_WATCHED, 0)
        if n < 0 and errno != EINTR:
            fail("epoll_wait")
        for i in range(n):
            found |= 1U << events[i].data.u32
        return found
