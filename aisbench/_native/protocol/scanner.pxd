"""Walks one JSON text along the paths of a decoder's rules without building Python objects.

It refuses anything it is not sure of (a type that the rules do not expect, anything but plain JSON); see
decode.pxd for what happens then.
"""
from aisbench._native.protocol.event cimport Event

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
    cdef bint value(self, int node, int depth) noexcept
    cdef bint object_(self, int node, int depth) noexcept
    cdef bint array(self, int node, int depth) noexcept
    cdef bint string(self, const char** start, Py_ssize_t* n) noexcept
    cdef bint number(self, int node) noexcept
    cdef bint literal(self, int node) noexcept
    cdef bint take_string(self, int node, const char* text, Py_ssize_t n) noexcept
    cdef bint piece(self, int node, int depth) noexcept
    cdef void blank(self) noexcept
    cdef bint is_escaped(self, const char* text, Py_ssize_t n) noexcept
    cdef int find(self, int node, const char* key, Py_ssize_t n) noexcept
