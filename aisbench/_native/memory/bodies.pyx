"""Request bodies in one mapped file.

Layout: 8 bytes `AISBODY1`, int64 count, int64 offsets[count + 1] (from the start of the file), the bytes.
"""
from libc.errno cimport errno
from libc.stdint cimport int64_t
from libc.string cimport memcmp
from posix.fcntl cimport O_RDONLY, open as c_open
from posix.mman cimport MADV_DONTNEED, MAP_FAILED, MAP_SHARED, PROT_READ, madvise, mmap, munmap
from posix.unistd cimport close

import os

cdef enum:
    # About how many bytes of the bodies the process keeps resident.
    KEPT = 1 << 23


cdef class BodyFile:
    """Raises OSError when `path` cannot be mapped, ValueError when it is not a file of bodies."""

    def __cinit__(self, str path):
        self.data = NULL
        cdef int fd = c_open(os.fsencode(path), O_RDONLY)
        if fd < 0:
            raise OSError(errno, os.strerror(errno), path)
        self.size = os.fstat(fd).st_size
        cdef void* at = mmap(NULL, self.size, PROT_READ, MAP_SHARED, fd, 0) if self.size >= 24 else MAP_FAILED
        close(fd)
        if at == MAP_FAILED:
            raise ValueError(f"{path} holds no request bodies")
        self.data = <const char*>at
        self.count = (<const int64_t*>self.data)[1]
        self.offsets = <const int64_t*>self.data + 2
        if memcmp(self.data, b"AISBODY1", 8) != 0 or self.count < 1 or self.size < 24 + self.count * 8:
            raise ValueError(f"{path} holds no request bodies")
        if self.offsets[self.count] > self.size:
            raise ValueError(f"{path} is cut short")

    def __dealloc__(self):
        if self.data != NULL:
            munmap(<void*>self.data, self.size)

    cdef const char* body(self, int64_t ticket, Py_ssize_t* n) noexcept:
        cdef int64_t i = ticket % self.count
        n[0] = self.offsets[i + 1] - self.offsets[i]
        self.touched += n[0]
        if self.touched > KEPT:
            # Pages that were read count as this process's memory. They stay in the kernel's cache, so
            # releasing them costs only a minor fault if a body is used again or is still being sent.
            self.touched = 0
            madvise(<void*>self.data, self.size, MADV_DONTNEED)
        return self.data + self.offsets[i]

    def __getitem__(self, int64_t ticket):
        """The body that ticket `ticket` sends."""
        cdef Py_ssize_t n
        cdef const char* data = self.body(ticket, &n)
        return data[:n]
