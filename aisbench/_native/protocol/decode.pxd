"""What one event says: has it generated content, usage, a finish reason, an error?

The scanner reads it along the paths of the rules. What that refuses goes to orjson, whose answer counts.
"""
from aisbench._native.protocol.scanner cimport Scanner

cdef enum Verdict:
    DECODED = 0
    NOT_JSON = 1


cdef class Decoder(Scanner):
    """`event` holds what the last decoded event said."""
    cdef list keys
    cdef tuple rules
    cdef object kept
    # How many events went to orjson.
    cdef readonly long unsure

    cdef int decode(self, const char* data, Py_ssize_t n) except -1
    cdef int decode_slowly(self, const char* data, Py_ssize_t n) except -1
