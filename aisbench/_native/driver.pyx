"""The loop body of a worker. See driver.pxd for its fields.

While load runs, the event loop only watches `fd` and calls `on_wake`. Each wake drains every readable
socket, settles the requests that ended, and sends what is due.
"""
from libc.stdint cimport int64_t
from libc.string cimport strerror

cimport cython

from aisbench._native.memory.bodies cimport BodyFile
from aisbench._native.memory.recorder cimport CONNECT, CONNECTION_RESET, NO_ERROR, Recorder
from aisbench._native.memory.shared cimport SharedBlock, Slots
from aisbench._native.os.clock cimport ClockPair, mono_ns
from aisbench._native.connection cimport CLOSED, CONNECTING, Connection, SHAKING, TUNNELING
from aisbench._native.conversations cimport Conversations
from aisbench._native.pool cimport Pool
from aisbench._native.receiving.reader cimport ENDING, READABLE, Reader, WRITABLE
from aisbench._native.requests cimport Requests
from aisbench._native.sending.aborts cimport Aborts
from aisbench._native.sending.names cimport Names
from aisbench._native.sending.prefills cimport Prefills
from aisbench._native.sending.sender cimport Sender
from aisbench._native.sending.sessions cimport Sessions
from aisbench._native.tally cimport ANSWERED, GOING, LOST, Reading
from aisbench._native.targets cimport Targets
from aisbench._native.tickets cimport Tickets
from aisbench._native.wakers cimport SLOTS, Wakers

cdef enum:
    TUNE_EVERY_NS = 100_000_000


@cython.final
cdef class Driver(Sender):
    """Sends the requests of a block to `targets`, and reads the answers as `reading` says.

    `conversations`: if given, the bodies are their turns, and a ticket is a conversation, which `keeps_slot` from its
    first turn to its last. `prefills`: places for requests without a first token, of all workers (None: no limit).
    `aborts`: the requests to abort (None: none).
    `history`: makes what later turns contain from answers (backends.history.History). `names`: how requests say which
    session they belong to (None: they do not).
    `on_failure(ticket, error, http_status, detail)` is called for each failure. `drop_after_ns`: tickets
    later than this are not sent (-1: all are). `rest_ns`: the longest pause between two drains (0: none).
    `reader`: how sockets are read; it belongs to this driver alone.
    """

    def __cinit__(
        self,
        *,
        Targets targets not None,
        Reader reader not None,
        Reading reading not None,
        BodyFile bodies not None,
        on_failure,
        int64_t timeout_ns,
        Conversations conversations=None,
        bint keeps_slot=True,
        Slots prefills=None,
        Aborts aborts=None,
        history=None,
        Names names=None,
        int64_t drop_after_ns=-1,
        int64_t rest_ns=2_000_000,
    ):
        self.targets = targets
        self.longest_rest_ns = rest_ns
        self.clock = ClockPair()
        self.reader = reader
        self.wakers = Wakers(self.reader.fd)
        self.pool = Pool(targets, reading, self.reader, self.clock)
        self.tickets = Tickets(drop_after_ns)
        self.history = history
        self.keeps_slot = keeps_slot
        self.requests = Requests(
            targets,
            self.pool,
            self.tickets,
            self.sessions_of(conversations),
            Prefills(prefills),
            aborts or Aborts(),
            bodies,
            names,
            on_failure,
            timeout_ns,
        )
        self.floor_ns = mono_ns()

    def attach(self, SharedBlock block, int worker, Slots slots, Recorder recorder, int64_t share):
        """Sets the block that tickets come from and where they are recorded; sends nothing yet.

        `slots` is the in-flight limit of all workers together (None: no limit), `share` the most
        that this worker may have in flight.
        """
        self.wakers.watch(SLOTS, -1)
        self.block = block
        self.live = &block.lives[worker]
        self.recorder = recorder
        self.tickets.attach(block, self.live, slots, recorder, share)
        self.requests.attach(recorder, self.live)

    def take(self, BodyFile bodies not None, Conversations conversations):
        """Sets the bodies to send from the next `attach` on; nothing may be in flight."""
        self.requests.bodies = bodies
        self.requests.sessions = self.sessions_of(conversations)

    cdef Sessions sessions_of(self, Conversations conversations):
        self.tickets.planned_only = conversations is not None and conversations.gap_ns > 0
        if conversations is None:
            return None
        return Sessions(conversations, self.tickets, self.history, self.keeps_slot)

    def serve(self):
        """Begins to take tickets, the first at the block's common start, which must be set."""
        self.tickets.exhausted = False
        self.pump()

    @property
    def fd(self):
        """What the event loop watches: readable whenever `on_wake` has something to do."""
        return self.wakers.fd

    @property
    def rest_ns(self):
        """The present pause between two drains; 0: none."""
        return self.wakers.rest_ns

    @property
    def finished(self):
        """True when no ticket is left, nothing is in flight, and no conversation is under way."""
        if self.requests.sessions is not None and self.requests.sessions.under_way:
            return False
        return self.tickets.exhausted and self.tickets.held == 0

    @property
    def in_flight(self):
        """The number of requests that were started and have not ended."""
        return self.requests.in_flight

    @property
    def idle_connections(self):
        return self.targets.idle()

    @property
    def open_connections(self):
        return len(self.pool.connections)

    def on_wake(self):
        """Does everything that can be done now; never blocks."""
        cdef int64_t now_ns = mono_ns()
        cdef int handled
        self.wakers.clear()
        handled = self.drain()
        self.pump()
        if now_ns - self.tuned_ns > TUNE_EVERY_NS:
            self.tuned_ns = now_ns
            self.clock.sync()
            self.tune(now_ns)
        self.wakers.drained(handled, now_ns)

    # Reading

    cdef int drain(self) except -1:
        """Handles every socket that is ready, and returns their number."""
        cdef int64_t looked_ns = mono_ns()
        cdef int handled = 0
        cdef int i, n
        while True:
            n = self.reader.wait()
            for i in range(n):
                self.handle(<Connection>self.reader.ready[i].source, self.reader.ready[i].what)
            handled += n
            if not self.reader.more:
                break
        # A socket that was not reported was empty at `looked_ns`; the others have been emptied since.
        self.floor_ns = looked_ns
        self.pool.bury()
        return handled

    cdef int handle(self, Connection connection, int what) except -1:
        cdef int problem
        cdef int outcome
        if connection.state == CLOSED:
            return 0
        if connection.state == CONNECTING:
            problem = connection.connect_result()
            if problem != 0:
                connection.lost(CONNECT, strerror(problem))
                return self.requests.after(connection, LOST)
            return self.ready(connection, connection.connected())
        if connection.state == TUNNELING or connection.state == SHAKING:
            if what & WRITABLE and connection.wants_out:
                outcome = connection.send_rest()
                if outcome != GOING:
                    return self.ready(connection, outcome)
            return self.ready(connection, connection.prepare(self.reader, what))
        if what & WRITABLE and connection.wants_out:
            outcome = connection.send_rest()
            if not connection.wants_out:
                self.pool.watch(connection, False)
            if outcome != GOING:
                return self.requests.after(connection, self.last_words(connection))
        if what & READABLE:
            outcome = connection.read(self.reader, what, self.floor_ns)
            if outcome == GOING and connection.over_ns > 0:
                outcome = self.requests.stream_is_over(connection)
            # After nearly every read the stream goes on; that case is spared the call.
            if outcome != GOING:
                return self.requests.after(connection, outcome)
        return 0

    cdef int last_words(self, Connection connection) except -1:
        """Reads what a server said before it closed a connection on which the request cannot be sent to its end.

        Many refuse a large body that way: the answer says why, and is worth more than "broken pipe".
        """
        cdef bytes why = connection.detail
        cdef int outcome
        connection.error = NO_ERROR
        outcome = connection.read(self.reader, READABLE | ENDING, self.floor_ns)
        return connection.lost(CONNECTION_RESET, why) if outcome == GOING else outcome

    cdef int ready(self, Connection connection, int outcome) except -1:
        """Acts on the outcome of a step in connecting; ANSWERED: the connection can be used."""
        if outcome == LOST:
            return self.requests.after(connection, LOST)
        self.pool.watch(connection, connection.wants_out)
        if outcome == ANSWERED:
            if connection.row_index >= 0:
                return self.requests.send_on(connection)
            connection.target.idle.append(connection)
        return 0

    def connect_ahead(self, int count):
        """Starts `count` connections, which are idle once they are made."""
        cdef Connection connection
        for _ in range(count):
            connection = self.pool.open(self.targets.next_ahead())
            if connection.state == CLOSED:
                self.requests.on_failure(-1, <int>CONNECT, 0, strerror(connection.connect_error))

    # Called by the worker now and then

    def let_go(self):
        """Ends requests whose streams are over but whose bodies stay open; call it some 50 times a second."""
        if self.requests.let_go(mono_ns()):
            self.pump()
            self.pool.bury()

    def expire(self):
        """Fails every request that has waited longer than the time-out; call it now and then."""
        self.requests.expire(mono_ns())
        self.pump()
        self.pool.bury()

    def widen(self, int64_t share):
        """Sets the most that this worker may have in flight, which has grown because another worker died."""
        self.tickets.share = share
        self.pump()
        self.pool.bury()

    def exhaust(self):
        """Takes no more tickets and sends no more turns; what waits to be sent is given up."""
        self.stop_sending()

    def cancel(self):
        """Gives up all requests in flight."""
        self.stop_sending()
        self.requests.cancel(mono_ns())
        self.pool.bury()

    cdef int tune(self, int64_t now_ns) except -1:
        """Sets the reader's rest from the token gaps and request times measured so far."""
        cdef int64_t request_ns
        if self.recorder is None:
            return 0
        if self.requests.answered_count > 0:
            request_ns = self.requests.answered_ns // self.requests.answered_count
        else:
            request_ns = now_ns - self.block.head.start_ns
        # Without the kernel's stamps a pause would add to every measured time.
        return self.wakers.tune(
            self.longest_rest_ns if self.live.reads_stamped > 0 else 0,
            self.recorder.gaps_ns // self.recorder.gaps if self.recorder.gaps > 0 else 0,
            request_ns,
        )
