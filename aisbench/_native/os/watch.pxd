"""Watches several descriptors through one, which is readable while any of them is."""

cdef enum:
    # Members have numbers below this.
    MOST_WATCHED = 32


cdef class WatchSet:
    cdef readonly int fd

    cdef int add(self, int fd, int number) except -1
    cdef int remove(self, int fd) except -1
    cdef unsigned int readable(self) except? 0xFFFFFFFF
