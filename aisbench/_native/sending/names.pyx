"""Names of sessions in requests. See names.pxd."""
from libc.stdint cimport int64_t
from libc.string cimport memchr

cimport cython

from aisbench._native.connection cimport Connection
from aisbench._native.conversations cimport Conversation

# Holes for names in bodies. JSON text contains neither byte; holes.pxd has the others.
SESSION_HOLE = b"\6"
RUN_HOLE = b"\7"


@cython.final
cdef class Names:
    """`own`, `parent`: names of headers. `token`: the header of an answer whose value later turns send back."""

    def __cinit__(
        self, *, bytes prefix not None, bytes run=b"", own=(), parent=(), bytes token=None, bint fills=False
    ):
        self.prefix = prefix
        self.run = run
        self.own = tuple(own)
        self.parent = tuple(parent)
        self.token = token
        self.token_lower = None if token is None else token.lower()
        self.fills = fills

    cdef bytes put(self, Connection connection, int64_t turn, const char** body, Py_ssize_t* n):
        """Puts names into the body; the header lines that name the request's session, or None outside sessions."""
        cdef bytes filled = self.body(body[0], n[0], connection.talk, turn) if self.fills else None
        if filled is not None:
            connection.body = filled
            body[0] = filled
            n[0] = len(filled)
        connection.http.wanted = None if connection.talk is None else self.token_lower
        return None if connection.talk is None else self.headers(connection.talk, turn)

    cdef bytes name(self, int64_t number, int64_t agent):
        if agent == 0:
            return b"%b%d" % (self.prefix, number)
        return b"%b%d-agent-%d" % (self.prefix, number, agent)

    cdef bytes headers(self, Conversation talk, int64_t turn):
        """The header lines of a turn, each with its line end."""
        cdef int64_t agent = talk.agent(turn)
        cdef int64_t starter = talk.starter(turn)
        cdef bytes name, value
        cdef list lines = []
        if self.own:
            value = self.name(talk.number, agent)
            lines += [b"%b: %b\r\n" % (name, value) for name in self.own]
        if self.parent and starter >= 0:
            value = self.name(talk.number, starter)
            lines += [b"%b: %b\r\n" % (name, value) for name in self.parent]
        if self.token is not None and talk.tokens is not None and agent in talk.tokens:
            lines.append(b"%b: %b\r\n" % (self.token, talk.tokens[agent]))
        return b"".join(lines)

    cdef bytes body(self, const char* body, Py_ssize_t n, Conversation talk, int64_t turn):
        """The body with names in its holes; None if it has none. `talk` None: a request that belongs to no session."""
        cdef bytes made
        if memchr(body, 6, n) == NULL and memchr(body, 7, n) == NULL:
            return None
        made = body[:n].replace(RUN_HOLE, self.run)
        return made if talk is None else made.replace(SESSION_HOLE, self.name(talk.number, talk.agent(turn)))

    cdef int learn(self, Connection connection, int64_t turn) except -1:
        """Keeps the token of an answer for later turns of the same agent; without one, an earlier one stays."""
        cdef Conversation talk = connection.talk
        cdef bytes token = connection.http.found
        if self.token is None or connection.http.status == 0:
            return 0
        self.answers += 1
        if token is None or not token or any([c < 32 or c == 127 for c in token]):
            return 0
        self.tokens += 1
        if talk.tokens is None:
            talk.tokens = {}
        talk.tokens[talk.agent(turn)] = token
        return 0
