"""Walks one JSON text along the paths of a decoder's rules without building Python objects.

It refuses anything it is not sure of (a type that the rules do not expect, anything but plain JSON); see
decode.pxd for what happens then.
"""
from libc.stdint cimport int32_t

from aisbench._native.protocol.finish cimport Finish

cdef enum Meaning:
    NOTHING = 0
    CHUNK = 1          # a non-empty array: the event is a token chunk, with or without text
    CONTENT = 2        # a non-empty string: generated text
    REASONING = 3      # a non-empty string: generated reasoning text
    TOOL = 4           # anything non-empty: generated output, but not text
    FINISH = 5         # a string: why generation ended
    PROMPT_TOKENS = 6  # an integer
    OUTPUT_TOKENS = 7  # an integer
    FAILURE = 8        # anything but null, false and empty values: the stream reports an error
    CUMULATIVE = 9     # a string: the whole text so far
    KIND = 10          # a string that says what the event's content is: reasoning, a piece of a tool call, or text
    CACHED_TOKENS = 11 # an integer
    WRITTEN_TOKENS = 12 # an integer
    CALL = 13          # anything non-empty: generated output that is a piece of a tool call
    PART = 14          # anything non-empty: belongs to a tool call, but was not generated in this event

ctypedef struct Event:
    bint is_chunk
    bint has_tool
    bint has_failure
    bint is_cumulative      # `content` is the whole text so far
    bint is_reasoning
    bint is_call            # the content is a piece of a tool call
    Finish finish
    int32_t prompt_tokens   # -1: not given
    int32_t output_tokens
    int32_t cached_tokens
    int32_t written_tokens
    const char* content     # JSON-escaped, as it stands between its quotes
    Py_ssize_t content_bytes
    const char* reasoning
    Py_ssize_t reasoning_bytes
    const char* call        # the JSON of what CALL and PART found; several values are joined by commas
    Py_ssize_t call_bytes

ctypedef struct Node:
    const char* key
    Py_ssize_t key_bytes
    int meaning
    int child     # first child, -1: none
    int sibling   # next child of the same parent, -1: none
    int element   # the node of an array's elements; -1: none


cdef class Scanner:
    cdef Event event
    cdef Node nodes[64]
    cdef int node_count
    cdef int reasoning_node
    cdef const char* at
    cdef const char* end

    cdef bint scan(self, const char* data, Py_ssize_t n) noexcept
    cdef void clear(self) noexcept
    cdef void sort_content(self) noexcept
    cdef bint value(self, int node, int depth) noexcept
    cdef bint object_(self, int node, int depth) noexcept
    cdef bint array(self, int node, int depth) noexcept
    cdef bint string(self, const char** start, Py_ssize_t* n) noexcept
    cdef bint number(self, int node) noexcept
    cdef bint literal(self, int node) noexcept
    cdef bint take_string(self, int node, const char* text, Py_ssize_t n) noexcept
    cdef bint piece(self, int node, int depth) noexcept
    cdef bint take_piece(self, int meaning, const char* begin, Py_ssize_t n) noexcept
    cdef void blank(self) noexcept
    cdef bint key_is_escaped(self, const char* key, Py_ssize_t n) noexcept
    cdef int find(self, int node, const char* key, Py_ssize_t n) noexcept
