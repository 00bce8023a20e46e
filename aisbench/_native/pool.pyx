"""Connections of a worker. See pool.pxd."""
cimport cython

from aisbench._native.os.clock cimport ClockPair
from aisbench._native.connection cimport CLOSED, Connection, IDLE
from aisbench._native.tally cimport Reading
from aisbench._native.memory.recorder cimport Recorder
from aisbench._native.memory.shared cimport Live
from aisbench._native.targets cimport Target, Targets
from aisbench._native.reader cimport Reader


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
        """Requests are recorded there from now on, also those on connections that exist."""
        cdef Connection connection
        self.recorder = recorder
        self.live = live
        for connection in self.connections:
            connection.recorder = recorder
            connection.live = live

    cdef Connection take(self, Target target):
        """An idle connection to `target`, the last used, else a new one; CLOSED when that failed at once."""
        return target.idle.pop() if target.idle else self.open(target)

    cdef int give_back(self, Connection connection) except -1:
        """Its request is answered: it can serve the next, or is dropped."""
        if (
            self.targets.keep_alive
            and connection.http.keep_alive
            and connection.http.clean()
            and not connection.at_end
            and not connection.wants_out
        ):
            connection.state = IDLE
            # In a conversation it waits for the next turn of that one alone.
            if connection.talk is None:
                connection.target.idle.append(connection)
        else:
            self.drop(connection)
        return 0

    cdef Connection open(self, Target target):
        """A connection that is being made; `state` CLOSED when that failed at once."""
        cdef Connection connection = Connection(self.reading, self.recorder, target, self.clock)
        connection.live = self.live
        connection.connect_error = connection.connect(self.targets.next_local())
        if connection.connect_error == 0:
            # One that the reader cannot take (ENOSPC: fs.epoll.max_user_watches) fails its request alone.
            connection.connect_error = self.reader.add(connection.fd, <void*>connection)
        if connection.connect_error != 0:
            connection.close()
            return connection
        self.connections.add(connection)
        self.live.connections = len(self.connections)
        return connection

    cdef int watch(self, Connection connection, bint out) except -1:
        """Wakes when something comes, and with `out` also when something can be sent."""
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
        """Lets go of those that were dropped: no event of them is at hand."""
        if self.graveyard:
            self.graveyard.clear()
        return 0
