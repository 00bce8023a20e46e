"""The contract of a reader. See reader.pxd; the one with epoll is in epoll_reader."""


cdef class Reader:
    cdef int add(self, int fd, void* source) except -1:
        """Reads the socket from now on, and waits for it to be writable once; returns 0 or an errno."""
        raise NotImplementedError

    cdef int want_out(self, int fd, void* source, bint out) except -1:
        """Whether `wait` is also to find the socket when something can be sent."""
        raise NotImplementedError

    cdef int remove(self, int fd) except -1:
        """The socket is about to be closed. What the last `wait` found of it is still in `ready`."""
        raise NotImplementedError

    cdef int wait(self) except -1:
        """Looks once, and never blocks; returns how many sources are in `ready`."""
        raise NotImplementedError

    cdef Receipt receive(self, int fd, int what, Received* got) noexcept:
        """The next bytes of a socket that `wait` found to be `what`."""
        return BROKEN
