"""Connections of a worker. See pool.pxd."""
cimport cython

from aisbench._native.os.clock cimport ClockPair
from aisbench._native.connection cimport CLOSED, Connection, IDLE
from aisbench._native.tally cimport Reading
from aisbench._native.memory.recorder cimport Recorder
from aisbench._native.memory.shared cimport Live
from aisbench._native.targets cimport Target, Targets
from aisbench._native.receiving.reader cimport Reader


@cython.final
cdef class Pool:
    def __cinit__(self, Targets targets, Reading reading, Reader reader, ClockPair clock):
        self.targets = targets
        self.reading = reading
        self.reader = reader
        self.clock = clock
        self.connections = set()
        self.graveyard = []

    cdef void serve(self, Recorder recorder, Live* live):
        """Sets where requests are recorded from now on, also on existing connections."""
        cdef Connection connection
        self.recorder = recorder
        self.live = live
        for connection in self.connections:
            connection.recorder = recorder
            connection.live = live

    cdef Connection take(self, Target target):
        """The last used idle connection to `target`, or else a new one; CLOSED if that failed at once."""
        return target.idle.pop() if target.idle else self.open(target)

    cdef int give_back(self, Connection connection) except -1:
        """Keeps a connection whose request was answered for the next one, or drops it."""
        if (
            self.targets.keep_alive
            and connection.http.keep_alive
            and connection.http.clean()
            # The end of TLS may have come with the answer.
            and (connection.tls is None or connection.tls.incoming.pending == 0)
            and not connection.at_end
            and not connection.wants_out
        ):
            connection.state = IDLE
            # A conversation's connection is kept for its next turn.
            if connection.talk is None:
                connection.target.idle.append(connection)
        else:
            self.drop(connection)
        return 0

    cdef Connection open(self, Target target):
        """A new connection, still being made; `state` is CLOSED if that failed at once."""
        cdef Connection connection = Connection(self.reading, self.recorder, target, self.clock)
        connection.live = self.live
        connection.connect_error = connection.connect(self.targets.next_local())
        if connection.connect_error == 0:
            # If the reader cannot take it (ENOSPC: fs.epoll.max_user_watches), only its request fails.
            connection.connect_error = self.reader.add(connection.fd, <void*>connection)
        if connection.connect_error != 0:
            connection.close()
            return connection
        self.connections.add(connection)
        self.live.connections = len(self.connections)
        return connection

    cdef int watch(self, Connection connection, bint out) except -1:
        """Wakes when bytes arrive, and with `out` also when bytes can be sent."""
        return self.reader.want_out(connection.fd, <void*>connection, out)

    cdef int drop(self, Connection connection) except -1:
        if connection.state == IDLE and connection in connection.target.idle:
            connection.target.idle.remove(connection)
        if connection.fd >= 0:
            self.reader.remove(connection.fd)
        connection.close()
        self.connections.discard(connection)
        self.graveyard.append(connection)
        self.live.connections = len(self.connections)
        return 0

    cdef int bury(self) except -1:
        """Frees dropped connections; call it when no event for them can be left."""
        if self.graveyard:
            self.graveyard.clear()
        return 0
