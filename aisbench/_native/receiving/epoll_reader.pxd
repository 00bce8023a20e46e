"""A reader with epoll and recvmsg; each call refills its one buffer."""
from aisbench._native.receiving.reader cimport Reader


cdef class EpollReader(Reader):
    cdef char* buffer

    cdef int control(self, int op, int fd, void* source, unsigned int events) noexcept
