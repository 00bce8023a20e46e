"""The base class of readers. See reader.pxd; epoll_reader has the one with epoll."""


cdef class Reader:
    cdef int add(self, int fd, void* source) except -1:
        """Watches the socket from now on, at first also for being writable; returns 0 or an errno."""
        raise NotImplementedError

    cdef int want_out(self, int fd, void* source, bint out) except -1:
        """Sets whether `wait` also reports the socket when it is writable."""
        raise NotImplementedError

    cdef int remove(self, int fd) except -1:
        """Stops watching a socket that is about to be closed. `ready` may still contain it."""
        raise NotImplementedError

    cdef int wait(self) except -1:
        """Looks once without blocking; returns the number of sources in `ready`."""
        raise NotImplementedError

    cdef Receipt receive(self, int fd, int what, Received* got) noexcept:
        """The next bytes of a socket that `wait` reported as `what`."""
        return BROKEN
