"""How requests say which session they belong to: in headers, in fields of their bodies, and by a server's token.

A session's name is the same in all its turns, and another for each session and each repetition of it. The agents of a
session (see conversations.pxd) have names of their own.
"""
from libc.stdint cimport int64_t

from aisbench._native.connection cimport Connection
from aisbench._native.conversations cimport Conversation


cdef class Names:
    cdef bytes prefix
    # The run's name, for the holes that are the same in all requests.
    cdef bytes run
    # Names of headers: for the session's name, and for the name of the agent that started a sub-agent.
    cdef tuple own
    cdef tuple parent
    # The header that a server's answer names a session's place in, as it is sent back, and in lower case; None: there is none.
    cdef bytes token
    cdef bytes token_lower
    # Whether bodies have holes for names.
    cdef bint fills
    # How many answers to turns there were, and how many of them had the token.
    cdef readonly int64_t answers
    cdef readonly int64_t tokens

    cdef bytes put(self, Connection connection, int64_t turn, const char** body, Py_ssize_t* n)
    cdef bytes name(self, int64_t number, int64_t agent)
    cdef bytes headers(self, Conversation talk, int64_t turn)
    cdef bytes body(self, const char* body, Py_ssize_t n, Conversation talk, int64_t turn)
    cdef int learn(self, Connection connection, int64_t turn) except -1
