"""Connections of a worker. See pool.pxd."""
from libc.stdint cimport uint32_t

from aisbench._native.os.clock cimport ClockPair
from aisbench._native.connection cimport CLOSED, Connection, IDLE
from aisbench._native.os.epoll cimport (
    EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLL_CTL_ADD, EPOLL_CTL_MOD, epoll_ctl, epoll_event,
)
from aisbench._native.exchange cimport Reading
from aisbench._native.memory.recorder cimport Recorder
from aisbench._native.memory.shared cimport Live
from aisbench._native.targets cimport Target, Targets
from aisbench._native.wakers cimport Wakers

# Edge-triggered: level-triggered epoll polls each socket once more after it was read.
cdef uint32_t SOCKET_EVENTS = EPOLLIN | EPOLLRDHUP | EPOLLET


cdef class Pool:
    def __cinit__(self, Targets targets, Reading reading, Wakers wakers, ClockPair clock):
        self.targets = targets
        self.reading = reading
        self.wakers = wakers
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
        cdef epoll_event event
        connection.live = self.live
        connection.connect_error = connection.connect(self.targets.next_local())
        if connection.connect_error != 0:
            connection.close()
            return connection
        self.connections.add(connection)
        event.events = SOCKET_EVENTS | EPOLLOUT
        event.data.ptr = <void*>connection
        epoll_ctl(self.wakers.sockets_fd, EPOLL_CTL_ADD, connection.fd, &event)
        self.live.connections = len(self.connections)
        return connection

    cdef int watch(self, Connection connection, bint out) except -1:
        """Wakes when something comes, and with `out` also when something can be sent."""
        cdef epoll_event event
        event.events = SOCKET_EVENTS | EPOLLOUT if out else SOCKET_EVENTS
        event.data.ptr = <void*>connection
        epoll_ctl(self.wakers.sockets_fd, EPOLL_CTL_MOD, connection.fd, &event)
        return 0

    cdef void drop(self, Connection connection):
        if connection.state == IDLE and connection in connection.target.idle:
            connection.target.idle.remove(connection)
        connection.close()
        self.connections.discard(connection)
        self.graveyard.append(connection)
        self.live.connections = len(self.connections)
