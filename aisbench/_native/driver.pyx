"""The loop body of a worker. See driver.pxd for what it holds.

An event loop watches `fd` and calls `on_wake`; that is all it does while load runs. A wake drains
every readable socket, settles the requests that ended, and sends what is due.
"""
from libc.stdint cimport int64_t
from libc.string cimport strerror

cimport cython

from aisbench._native.memory.bodies cimport BodyFile
from aisbench._native.os.clock cimport ClockPair, mono_ns
from aisbench._native.connection cimport BUSY, CLOSED, CONNECTING, Connection, IDLE, SHAKING, TUNNELING
from aisbench._native.conversations cimport Conversation, Conversations, filled
from aisbench._native.pool cimport Pool
from aisbench._native.epoll_reader cimport EpollReader
from aisbench._native.tally cimport ANSWERED, GOING, LOST, Reading, UNUSABLE
from aisbench._native.memory.histogram cimport SCHEDULE_LAG, hist_add
from aisbench._native.memory.recorder cimport (
    BODY_LEFT_OPEN, CANCELLED, CONNECT, CONNECTION_RESET, DROPPED, FAILED, NO_ERROR, OK, Recorder, Row,
    Error, STOPPED, Status, TIMEOUT,
)
from aisbench._native.memory.shared cimport SharedBlock, Slots
from aisbench._native.reader cimport BATCH, READABLE, WRITABLE
from aisbench._native.targets cimport Target, Targets
from aisbench._native.wakers cimport Wakers

cdef enum:
    # Sockets are drained again after this many sends in a row.
    SENDS_BETWEEN_READS = 8
    TUNE_EVERY_NS = 100_000_000
    # A request that is lost later than this, and two round trips, was not lost to a connection that the
    # server closed while it was idle: the server has had the time to read it.
    STALE_WITHIN_NS = 10_000_000


@cython.final
cdef class Driver:
    """Runs requests of a block against `targets`, reads the answers as `reading` says.

    `conversations`: the bodies are turns of these; tickets are then conversations. `on_failure(ticket,
    error, http_status, detail)` is called for each failure. `drop_after_ns`: tickets later than that are
    not sent (-1: all are). `rest_ns`: the longest pause between two drains (0: none).
    """

    def __cinit__(
        self,
        *,
        Targets targets not None,
        Reading reading not None,
        BodyFile bodies not None,
        on_failure,
        int64_t timeout_ns,
        Conversations conversations=None,
        int64_t drop_after_ns=-1,
        int64_t rest_ns=2_000_000,
    ):
        self.targets = targets
        self.bodies = bodies
        self.conversations = conversations
        self.on_failure = on_failure
        self.timeout_ns = timeout_ns
        self.drop_after_ns = drop_after_ns
        self.longest_rest_ns = rest_ns
        self.clock = ClockPair()
        self.reader = EpollReader()
        self.wakers = Wakers(self.reader.fd)
        self.pool = Pool(targets, reading, self.reader, self.clock)
        self.ticket = -1
        self.exhausted = self.ending = True
        self.floor_ns = mono_ns()
        self.over = set()

    def attach(self, SharedBlock block, int worker, Slots slots, Recorder recorder, int64_t share):
        """Sets whose tickets are taken and where they are recorded; nothing is sent yet.

        `slots` is the in-flight limit of all workers together (None: no limit), `share` the most
        that this worker may have in flight.
        """
        self.wakers.watch_slots(-1)
        self.block = block
        self.live = &block.lives[worker]
        self.slots = slots
        self.recorder = recorder
        self.share = share
        self.ticket = -1
        self.exhausted = self.ending = True
        self.pool.serve(recorder, self.live)

    def take(self, BodyFile bodies not None, Conversations conversations):
        """Other bodies to send from the next `attach` on; nothing may be in flight."""
        self.bodies = bodies
        self.conversations = conversations

    def serve(self):
        """Begins to take tickets; the first send waits for the block's common start, which must be set."""
        self.exhausted = self.ending = False
        self.pump()

    @property
    def fd(self):
        """What the event loop watches: readable whenever `on_wake` has something to do."""
        return self.wakers.fd

    @property
    def rest_ns(self):
        """The pause between two drains at present; 0: none."""
        return self.wakers.rest_ns

    @property
    def finished(self):
        """No ticket is left to take, nothing is in flight, and no conversation goes on."""
        return self.exhausted and self.held == 0

    @property
    def idle_connections(self):
        return self.targets.idle()

    @property
    def open_connections(self):
        return len(self.pool.connections)

    def on_wake(self):
        """Does all there is to do now; never blocks."""
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
        """Handles every socket that is ready; returns how many were."""
        cdef int64_t looked_ns = mono_ns()
        cdef int handled = 0
        cdef int i, n
        while True:
            n = self.reader.wait()
            for i in range(n):
                self.handle(<Connection>self.reader.ready[i].source, self.reader.ready[i].what)
            handled += n
            if n < BATCH:
                break
        # Whatever was not reported was empty at `looked_ns`; whatever was has been emptied since.
        self.floor_ns = looked_ns
        self.pool.graveyard.clear()
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
                return self.after(connection, LOST)
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
                return self.after(connection, outcome)
        if what & READABLE:
            outcome = connection.read(self.reader, what, self.floor_ns)
            if outcome == GOING and connection.over_ns > 0:
                if connection.may_stay_open_ns() == 0:
                    outcome = connection.left_open()
                else:
                    self.over.add(connection)
            return self.after(connection, outcome)
        return 0

    cdef int ready(self, Connection connection, int outcome) except -1:
        """Acts on what a step towards a usable connection came to; ANSWERED: it can be used."""
        if outcome == LOST:
            return self.after(connection, LOST)
        self.pool.watch(connection, connection.wants_out)
        if outcome == ANSWERED:
            if connection.row_index >= 0:
                return self.send_on(connection)
            connection.target.idle.append(connection)
        return 0

    cdef int after(self, Connection connection, int outcome) except -1:
        """Acts on what a read or a send came to."""
        cdef int64_t now_ns
        cdef Row* row
        if outcome == GOING:
            return 0
        if outcome == UNUSABLE or connection.row_index < 0:
            if connection.state < IDLE and connection.row_index < 0:
                self.on_failure(-1, <int>connection.error, 0, connection.detail)
            self.pool.drop(connection)
            return 0
        now_ns = connection.at_ns if outcome == ANSWERED else mono_ns()
        row = self.recorder.row(connection.row_index)
        if outcome == LOST:
            if self.met_an_idle_close(connection, row, now_ns):
                # Not the request's fault, and not sent as far as the server is concerned. Once more, afresh.
                row.attempts = 2
                self.live.stale_retries += 1
                self.resend(connection)
                return 0
        if connection.ended:
            if row.marks & BODY_LEFT_OPEN:
                connection.target.bodies_left_open += 1
            else:
                connection.target.bodies_ended += 1
        self.settle(connection, OK if connection.error == NO_ERROR else FAILED, now_ns)
        if outcome == ANSWERED:
            self.pool.give_back(connection)
        else:
            self.pool.drop(connection)
        return 0

    cdef bint met_an_idle_close(self, Connection connection, const Row* row, int64_t now_ns):
        """True when the server had closed the connection, idle, by the time the request came."""
        return (
            connection.error == CONNECTION_RESET
            and row.first_byte_ns == 0
            and row.reused
            and row.attempts == 1
            and now_ns - row.sent_ns < STALE_WITHIN_NS + 2 * connection.connecting_ns
        )

    cdef int resend(self, Connection stale) except -1:
        """Moves the request of `stale` to a new connection."""
        cdef int64_t row_index = stale.row_index
        cdef Connection fresh
        stale.row_index = -1
        self.pool.drop(stale)
        fresh = self.pool.open(stale.target)
        fresh.talk = stale.talk
        return self.start(fresh, row_index, stale.waiting_since_ns)

    cdef int settle(self, Connection connection, Status status, int64_t now_ns) except -1:
        """The request on `connection` has ended."""
        cdef Row* row = self.recorder.row(connection.row_index)
        cdef int64_t ticket = row.ticket
        cdef int http_status = row.http_status
        connection.finish_row(status, now_ns)
        self.in_flight -= 1
        self.live.in_flight = self.in_flight
        connection.target.in_flight -= 1
        if connection.talk is None:
            self.give_slot()
        elif not self.goes_on(connection, status, now_ns):
            connection.talk = None
            self.give_slot()
        if status == OK:
            self.live.ok += 1
            self.live.output_tokens += row.output_tokens if row.output_tokens >= 0 else row.content_events
            self.answered_count += 1
            self.answered_ns += row.done_ns - row.sent_ns
        elif status == CANCELLED:
            self.live.cancelled += 1
        else:
            self.live.failed += 1
            self.live.errors[<int>connection.error] += 1
            self.on_failure(ticket, <int>connection.error, http_status, connection.detail)
        return 0

    cdef bint goes_on(self, Connection connection, Status status, int64_t now_ns):
        """Keeps the answer and lets the conversation wait for its next turn; False when it is over."""
        cdef Conversation talk = connection.talk
        if status != OK or self.ending or talk.turn + 1 == self.conversations.turns(talk.number):
            return False
        talk.answers.append(bytes(connection.content))
        talk.turn += 1
        talk.connection = connection
        self.conversations.wait(talk, now_ns + self.conversations.think(talk))
        return True

    cdef int give_slot(self) except -1:
        self.held -= 1
        if self.slots is not None:
            self.slots.give()
        return 0

    # Sending

    cdef int pump(self) except -1:
        """Sends what is due, as far as the plan and the in-flight limit allow now."""
        cdef int64_t wake_ns, due_ns
        if self.conversations is not None:
            self.ask_next_turns()
        wake_ns = self.take_tickets()
        if self.conversations is not None:
            due_ns = self.conversations.next_due_ns()
            if 0 <= due_ns and (wake_ns < 0 or due_ns < wake_ns):
                wake_ns = due_ns
        if wake_ns >= 0:
            self.wakers.wake_at(wake_ns)
        return 0

    cdef int64_t take_tickets(self) except -1:
        """Takes tickets and sends them; returns when the one in hand is due, -2 when that is not known."""
        cdef int64_t now_ns
        cdef int64_t ticket
        cdef int sends = 0
        while not self.exhausted:
            now_ns = mono_ns()
            if self.ticket < 0:
                if self.held >= self.share:
                    return -2
                if self.block.head.stop != 0 or self.block.is_over(self.block.next_due_ns(), now_ns):
                    self.exhaust()
                    return -2
                self.ticket = self.block.take_ticket()
                if 0 <= self.block.head.limit <= self.ticket:
                    self.ticket = -1
                    self.exhausted = True
                    return -2
                self.live.taken += 1
                self.taken_ns = now_ns
                self.planned_ns = self.block.due_ns(self.ticket)
            if now_ns < self.planned_ns:
                return self.planned_ns
            if self.block.is_over(self.planned_ns, now_ns):
                self.exhaust()
                return -2
            if 0 <= self.drop_after_ns < now_ns - self.planned_ns:
                self.drop_ticket()
                continue
            if self.slots is not None and not self.slots.try_take():
                self.wakers.watch_slots(self.slots.fd)
                return -2
            self.wakers.watch_slots(-1)
            ticket = self.ticket
            self.ticket = -1
            self.held += 1
            self.launch(
                ticket, Conversation(ticket) if self.conversations is not None else None, self.planned_ns, self.taken_ns
            )
            sends += 1
            if sends % SENDS_BETWEEN_READS == 0:
                self.drain()
        return -2

    cdef int ask_next_turns(self) except -1:
        """Sends the turns that are due by now."""
        cdef int64_t now_ns = mono_ns()
        cdef int64_t due_ns
        if 0 < self.block.head.deadline_ns <= now_ns:
            self.exhaust()
        while True:
            due_ns = self.conversations.next_due_ns()
            if due_ns < 0 or due_ns > now_ns:
                return 0
            self.launch(-1, self.conversations.next_waiting(), due_ns, due_ns)

    cdef int launch(self, int64_t ticket, Conversation talk, int64_t planned_ns, int64_t taken_ns) except -1:
        """Puts a request on a connection: its conversation's, an idle one, else a new one."""
        cdef int64_t row_index
        cdef Row* row
        cdef Target target
        cdef Connection connection = None
        if talk is not None:
            ticket = self.conversations.ticket(talk)
        row_index = self.recorder.begin_row(ticket, planned_ns, taken_ns)
        row = self.recorder.row(row_index)
        row.began_ns = mono_ns()
        if talk is not None:
            row.conversation = <int>talk.number
            row.turn = <int>talk.turn
            connection = talk.connection
            talk.connection = None
        target = self.targets.of(ticket, row.conversation) if connection is None else connection.target
        row.endpoint = target.index
        target.in_flight += 1
        self.in_flight += 1
        self.live.in_flight = self.in_flight
        if connection is None or connection.state != IDLE:
            connection = self.pool.take(target)
        connection.talk = talk
        return self.start(connection, row_index, row.began_ns)

    cdef int start(self, Connection connection, int64_t row_index, int64_t since_ns) except -1:
        connection.begin(row_index, since_ns)
        if connection.state == CLOSED:
            connection.lost(CONNECT, strerror(connection.connect_error))
            return self.after(connection, LOST)
        return self.send_on(connection) if connection.state == IDLE else 0

    def drop_ticket(self):
        """Counts the ticket in hand as too late to be sent."""
        cdef int64_t row_index = self.recorder.begin_row(self.ticket, self.planned_ns, self.taken_ns)
        self.recorder.row(row_index).status = DROPPED
        self.live.dropped += 1
        self.ticket = -1

    cdef int send_on(self, Connection connection) except -1:
        cdef Row* row = self.recorder.row(connection.row_index)
        cdef Py_ssize_t n
        cdef const char* body = self.bodies.body(row.ticket, &n)
        cdef int outcome
        if self.conversations is not None:
            connection.body = filled(body, n, connection.talk.answers if connection.talk is not None else [])
            if connection.body is not None:
                body = connection.body
                n = len(connection.body)
        outcome = connection.send(row.ticket, body, n)
        if row.attempts == 1:
            self.live.sent += 1
            if self.block.head.planned > 0:
                hist_add(self.recorder.hist(SCHEDULE_LAG), row.sent_ns - row.planned_ns)
        if connection.wants_out:
            self.pool.watch(connection, True)
        return self.after(connection, outcome)

    def connect_ahead(self, int count):
        """Starts `count` connections, which will be idle once they are made."""
        cdef Connection connection
        for _ in range(count):
            connection = self.pool.open(self.targets.next_ahead())
            if connection.state == CLOSED:
                self.on_failure(-1, <int>CONNECT, 0, strerror(connection.connect_error))

    def let_go(self):
        """Ends the requests whose streams are over while their bodies stay open; call it often.

        Such a connection is not used again: what would come on it next is not known.
        """
        cdef int64_t now_ns = mono_ns()
        cdef Connection connection
        cdef set waiting = set()
        if not self.over:
            return
        for connection in self.over:
            if connection.row_index < 0 or connection.over_ns == 0:
                continue
            if now_ns - connection.over_ns < connection.may_stay_open_ns():
                waiting.add(connection)
            else:
                self.after(connection, connection.left_open())
        self.over = waiting
        self.pump()
        self.pool.graveyard.clear()

    def expire(self):
        """Fails every request that has waited longer than the time-out; call it now and then."""
        cdef int64_t now_ns = mono_ns()
        cdef Connection connection
        for connection in list(self.pool.connections):
            if connection.row_index >= 0 and now_ns - connection.waiting_since_ns > self.timeout_ns:
                self.give_up(connection, FAILED, TIMEOUT, b"no complete answer within --timeout", now_ns)
        self.pump()
        self.pool.graveyard.clear()

    # Stopping

    def exhaust(self):
        """Takes no more tickets, and asks no more turns; the ticket in hand is given up unsent."""
        self.ticket = -1
        self.exhausted = self.ending = True
        while self.conversations is not None and self.conversations.waiting():
            self.conversations.next_waiting()
            self.give_slot()
        self.wakers.watch_slots(-1)

    def cancel(self):
        """Gives up everything in flight."""
        cdef int64_t now_ns = mono_ns()
        cdef Connection connection
        self.exhaust()
        for connection in list(self.pool.connections):
            if connection.row_index >= 0:
                self.give_up(connection, CANCELLED, STOPPED, b"", now_ns)
            else:
                self.pool.drop(connection)
        self.pool.graveyard.clear()

    cdef int give_up(
        self, Connection connection, Status status, Error error, bytes detail, int64_t now_ns
    ) except -1:
        """Waits for a request no longer; one whose stream has said all is answered."""
        if connection.over_ns > 0:
            return self.after(connection, connection.left_open())
        connection.error = error
        connection.detail = detail
        self.settle(connection, status, now_ns)
        return self.pool.drop(connection)

    cdef int tune(self, int64_t now_ns) except -1:
        """Sets the reader's rest by what was measured so far."""
        cdef int64_t request_ns
        if self.recorder is None:
            return 0
        if self.answered_count > 0:
            request_ns = self.answered_ns // self.answered_count
        else:
            request_ns = now_ns - self.block.head.start_ns
        # Without the kernel's stamps a pause would be in every time that is measured.
        return self.wakers.tune(
            self.longest_rest_ns if self.live.reads_stamped > 0 else 0,
            self.recorder.gaps_ns // self.recorder.gaps if self.recorder.gaps > 0 else 0,
            request_ns,
        )
