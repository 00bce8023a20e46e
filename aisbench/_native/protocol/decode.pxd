"""Decodes one event: generated content, usage, a finish reason, an error.

The scanner reads it along the paths of the rules. An event that the scanner refuses goes to orjson, which decides.
"""
from aisbench._native.protocol.scanner cimport Scanner

cdef enum Verdict:
    DECODED = 0
    NOT_JSON = 1


cdef class Decoder(Scanner):
    """`event` holds the contents of the last decoded event."""
    cdef list keys
    cdef tuple rules
    cdef object kept
    # The API's count of prompt tokens excludes those read from or written to the prefix cache.
    cdef bint adds_cached
    # The number of events that went to orjson.
    cdef readonly long unsure

    cdef int decode(self, const char* data, Py_ssize_t n) except -1
    cdef int decode_slowly(self, const char* data, Py_ssize_t n) except -1
