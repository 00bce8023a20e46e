"""Files written through a shared mapping. See mapped.pxd for the contract."""
from libc.errno cimport EINTR, ENOSYS, EOPNOTSUPP, errno
from libc.stdint cimport int64_t
from posix.fcntl cimport O_CREAT, O_RDWR, open as c_open
from posix.mman cimport MADV_DONTNEED, MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, madvise, mmap, munmap
from posix.unistd cimport close, ftruncate

import os

cdef extern from "fcntl.h" nogil:
    int O_CLOEXEC, FALLOC_FL_KEEP_SIZE
    int fallocate(int fd, int mode, int64_t offset, int64_t length)

cdef extern from "sys/mman.h" nogil:
    void* mremap(void* old_address, size_t old_size, size_t new_size, int flags)
    int MREMAP_MAYMOVE


cdef class MappedFile:
    """Maps `path` for reading and writing, at least `size` bytes long.

    Raises OSError if the file cannot be made, enlarged or mapped. Room on the disk is allocated at once,
    because writing to a mapping without room ends the process.
    """

    def __cinit__(self, str path, Py_ssize_t size):
        self.data = NULL
        self.path = path
        self.size = 0
        self.fd = c_open(os.fsencode(path), O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        if self.fd < 0:
            raise OSError(errno, os.strerror(errno), path)
        cdef Py_ssize_t there = os.fstat(self.fd).st_size
        self.grow(max(there, size))

    cdef int grow(self, Py_ssize_t size) except -1:
        """Enlarges the file and the mapping; pointers into the old mapping become invalid."""
        cdef void* at
        if size <= self.size:
            return 0
        self.allocate(self.size, size, 0)
        if ftruncate(self.fd, size) != 0:
            raise OSError(errno, os.strerror(errno), self.path)
        if self.data == NULL:
            at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, self.fd, 0)
        else:
            # Written pages stay in the page cache; only this process's resident size shrinks.
            madvise(self.data, self.size, MADV_DONTNEED)
            at = mremap(self.data, self.size, size, MREMAP_MAYMOVE)
        if at == MAP_FAILED:
            raise OSError(errno, os.strerror(errno), self.path)
        self.data = <char*>at
        self.size = size
        return 0

    cdef int allocate(self, Py_ssize_t begin, Py_ssize_t end, int mode) except -1:
        """Allocates room on the disk if the file system can; the file keeps its size if there is not enough."""
        cdef int problem
        cdef Py_ssize_t before = os.fstat(self.fd).st_size
        while fallocate(self.fd, mode, begin, end - begin) != 0:
            problem = errno
            if problem == EINTR:
                continue
            if problem == EOPNOTSUPP or problem == ENOSYS:
                return 0
            ftruncate(self.fd, before)
            raise OSError(problem, os.strerror(problem), self.path)
        return 0

    def reserve(self, Py_ssize_t size):
        """Allocates the room on the disk for growing to `size`; the file keeps its size."""
        if size > self.size:
            self.allocate(self.size, size, FALLOC_FL_KEEP_SIZE)

    def close(self, Py_ssize_t size=-1):
        """Unmaps; with `size`, cuts the file down to what was used."""
        if self.data != NULL:
            munmap(self.data, self.size)
            self.data = NULL
        if self.fd >= 0:
            if size >= 0:
                # A failure leaves unused bytes, which readers ignore: they use the counts in the headers.
                ftruncate(self.fd, size)
            close(self.fd)
            self.fd = -1

    def __dealloc__(self):
        if self.data != NULL:
            munmap(self.data, self.size)
        if self.fd >= 0:
            close(self.fd)
