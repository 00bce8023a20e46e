"""Raises the error of a system call that has just failed."""
from libc.errno cimport errno
from libc.string cimport strerror


cdef inline int fail(str what) except -1:
    """Raises OSError without `errno`, since epoll's ENOSPC would be taken for a full disk."""
    raise OSError(f"{what}: {strerror(errno).decode()}")
