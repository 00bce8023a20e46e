"""Conversations: requests that wait for the answer before, and hold what was answered."""
from libc.stdint cimport int64_t


cdef class Conversation:
    """One under way. It keeps its in-flight slot and its connection from the first turn to the last."""
    cdef int64_t number
    cdef int64_t turn         # the turn that is being asked or waits to be
    cdef list answers         # bytes, as they stand inside a JSON string
    cdef object connection    # the Connection it is bound to while it waits; None: a new one


cdef class Conversations:
    """All that were prepared, and those of this worker that wait to ask their next turn."""
    cdef const int64_t[::1] first
    cdef const int64_t[::1] think_ns
    cdef readonly int64_t count
    cdef list heap
    cdef int64_t pushed

    cdef int64_t turns(self, int64_t number)
    cdef int64_t ticket(self, Conversation conversation)
    cdef int64_t think(self, Conversation conversation)
    cdef void wait(self, Conversation conversation, int64_t due_ns)
    cdef int64_t next_due_ns(self)
    cdef Conversation next_waiting(self)
    cdef Py_ssize_t waiting(self)


cdef bytes filled(const char* body, Py_ssize_t n, list answers)
