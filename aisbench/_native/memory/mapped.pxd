"""A file written through a memory mapping, so that its contents survive kill -9 of the process."""


cdef class MappedFile:
    cdef readonly str path
    cdef readonly Py_ssize_t size
    cdef char* data
    cdef int fd

    cdef int grow(self, Py_ssize_t size) except -1
    cdef int allocate(self, Py_ssize_t begin, Py_ssize_t end, int mode) except -1
