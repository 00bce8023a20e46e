"""Starts, sends and settles requests. See requests.pxd."""
from libc.stdint cimport int64_t
from libc.string cimport strerror

cimport cython

from aisbench._native.memory.bodies cimport BodyFile
from aisbench._native.memory.histogram cimport SCHEDULE_LAG, hist_add
from aisbench._native.memory.recorder cimport (
    ABORTED, BODY_LEFT_OPEN, CANCELLED, CONNECT, Error, FAILED, NO_ERROR, OK, Recorder, Row, STOPPED, Status,
    TIMEOUT,
)
from aisbench._native.memory.shared cimport Live
from aisbench._native.os.clock cimport mono_ns
from aisbench._native.connection cimport CLOSED, Connection, IDLE
from aisbench._native.conversations cimport Conversation
from aisbench._native.holes cimport filled
from aisbench._native.pool cimport Pool
from aisbench._native.sending.aborts cimport Aborts
from aisbench._native.sending.names cimport Names
from aisbench._native.sending.prefills cimport Prefills, Waiting
from aisbench._native.sending.sessions cimport Sessions
from aisbench._native.sending.stale cimport met_an_idle_close
from aisbench._native.tally cimport ANSWERED, GOING, LEFT, LOST, UNUSABLE
from aisbench._native.targets cimport Target, Targets
from aisbench._native.tickets cimport Tickets


@cython.final
cdef class Requests:
    """The arguments are those of Driver."""

    def __cinit__(
        self,
        Targets targets,
        Pool pool,
        Tickets tickets,
        Sessions sessions,
        Prefills prefills,
        Aborts aborts,
        BodyFile bodies,
        Names names,
        on_failure,
        int64_t timeout_ns,
    ):
        self.targets = targets
        self.pool = pool
        self.tickets = tickets
        self.sessions = sessions
        self.prefills = prefills
        self.aborts = aborts
        self.bodies = bodies
        self.names = names
        self.on_failure = on_failure
        self.timeout_ns = timeout_ns
        self.over = set()

    cdef void attach(self, Recorder recorder, Live* live):
        """Sets where requests are recorded from now on."""
        self.recorder = recorder
        self.live = live
        self.pool.serve(recorder, live)

    # Asking

    cdef int ask(self, int64_t ticket, int64_t planned_ns, int64_t taken_ns) except -1:
        """Sends the ticket's request, or begins its conversation."""
        if self.sessions is None:
            return self.launch(ticket, None, 0, planned_ns, taken_ns)
        if self.sessions.begin(ticket, planned_ns, mono_ns()):
            return self.launch(-1, self.sessions.talk, self.sessions.turn, planned_ns, taken_ns)
        return 0

    cdef int ask_next_turns(self, int64_t now_ns) except -1:
        """Sends the turns that are due by now and have their slots."""
        while self.sessions.next(now_ns):
            self.launch(-1, self.sessions.talk, self.sessions.turn, self.sessions.due_ns, self.sessions.due_ns)
        return 0

    cdef int ask_waiting(self) except -1:
        """Sends the requests in line that now have a place among those without a first token."""
        cdef Waiting one = self.prefills.next()
        while one is not None:
            self.begin(one.ticket, one.talk, one.turn, one.planned_ns, one.taken_ns)
            one = self.prefills.next()
        return 0

    cdef int launch(
        self, int64_t ticket, Conversation talk, int64_t turn, int64_t planned_ns, int64_t taken_ns
    ) except -1:
        """Sends a request that has its slot, now or once it may be without a first token."""
        if self.prefills.admits(ticket, talk, turn, planned_ns, taken_ns):
            return self.begin(ticket, talk, turn, planned_ns, taken_ns)
        return 0

    cdef int begin(
        self, int64_t ticket, Conversation talk, int64_t turn, int64_t planned_ns, int64_t taken_ns
    ) except -1:
        """Puts a request on its conversation's connection, an idle one, or else a new one."""
        cdef int64_t row_index
        cdef Row* row
        cdef Target target
        cdef Connection connection = None
        if talk is not None:
            ticket = talk.ticket(turn)
        row_index = self.recorder.begin_row(ticket, planned_ns, taken_ns)
        row = self.recorder.row(row_index)
        row.began_ns = mono_ns()
        if talk is not None:
            row.conversation = <int>talk.number
            row.turn = <int>turn
            connection = self.sessions.connection_for(talk, turn)
        target = self.targets.of(ticket, row.conversation) if connection is None else connection.target
        row.endpoint = target.index
        target.in_flight += 1
        self.in_flight += 1
        self.live.in_flight = self.in_flight
        if connection is None:
            connection = self.pool.take(target)
        connection.talk = talk
        connection.prefilling = self.prefills.places
        return self.start(connection, row_index, row.began_ns)

    cdef int start(self, Connection connection, int64_t row_index, int64_t since_ns) except -1:
        connection.begin(row_index, since_ns)
        if connection.state == CLOSED:
            connection.lost(CONNECT, strerror(connection.connect_error))
            return self.after(connection, LOST)
        return self.send_on(connection) if connection.state == IDLE else 0

    cdef int resend(self, Connection stale) except -1:
        """Moves the request of `stale` to a new connection."""
        cdef int64_t row_index = stale.row_index
        cdef Connection fresh
        stale.row_index = -1
        self.pool.drop(stale)
        fresh = self.pool.open(stale.target)
        fresh.talk, fresh.prefilling = stale.talk, stale.prefilling
        stale.prefilling = None
        return self.start(fresh, row_index, stale.waiting_since_ns)

    cdef int send_on(self, Connection connection) except -1:
        """Sends the request of a connection that can now be used."""
        cdef Row* row = self.recorder.row(connection.row_index)
        cdef Py_ssize_t n
        cdef const char* body = self.bodies.body(row.ticket, &n)
        cdef bytes more = None
        cdef int outcome
        if connection.talk is not None:
            connection.body = filled(body, n, connection.talk.repeats(row.turn))
            if connection.body is not None:
                body = connection.body
                n = len(connection.body)
        if self.names is not None:
            more = self.names.put(connection, row.turn, &body, &n)
        outcome = connection.send(row.ticket, body, n, more)
        self.aborts.sent(connection, row.ticket, row.sent_ns)
        if row.attempts == 1:
            self.live.sent += 1
            if self.tickets.follows_plan():
                hist_add(self.recorder.hist(SCHEDULE_LAG), row.sent_ns - row.planned_ns)
        if connection.wants_out:
            self.pool.watch(connection, True)
        return self.after(connection, outcome)

    # Ending

    cdef int after(self, Connection connection, int outcome) except -1:
        """Acts on the outcome of a read or a send."""
        cdef int64_t now_ns
        cdef Row* row
        if outcome == GOING:
            return 0
        if outcome == LEFT:
            return self.give_up(connection, ABORTED, NO_ERROR, b"", mono_ns())
        if outcome == UNUSABLE or connection.row_index < 0:
            if connection.state < IDLE and connection.row_index < 0:
                self.on_failure(-1, <int>connection.error, 0, connection.detail)
            self.pool.drop(connection)
            return 0
        now_ns = connection.at_ns if outcome == ANSWERED else mono_ns()
        row = self.recorder.row(connection.row_index)
        if outcome == LOST:
            if met_an_idle_close(connection, row, now_ns):
                # The server never saw the request, so it is sent once more, on a new connection.
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

    cdef int stream_is_over(self, Connection connection) except -1:
        """Handles a stream that said that it ends; GOING while its body may stay open (see `let_go`)."""
        if connection.may_stay_open_ns() == 0:
            return connection.left_open()
        self.over.add(connection)
        return GOING

    cdef int settle(self, Connection connection, Status status, int64_t now_ns) except -1:
        """Records the end of the request on `connection`."""
        cdef Row* row = self.recorder.row(connection.row_index)
        cdef int64_t ticket = row.ticket
        cdef int http_status = row.http_status
        connection.finish_row(status, now_ns)
        connection.end_prefill()
        self.in_flight -= 1
        self.live.in_flight = self.in_flight
        connection.target.in_flight -= 1
        if connection.talk is None:
            self.tickets.give_slot()
        else:
            if self.names is not None:
                self.names.learn(connection, row.turn)
            self.sessions.ended(connection, row.turn, status == OK, now_ns)
        if status == OK:
            self.live.ok += 1
            self.live.output_tokens += row.output_tokens if row.output_tokens >= 0 else row.content_events
            self.answered_count += 1
            self.answered_ns += row.done_ns - row.sent_ns
        elif status == CANCELLED:
            self.live.cancelled += 1
        elif status == ABORTED:
            self.live.aborted += 1
        else:
            self.live.failed += 1
            self.live.errors[<int>connection.error] += 1
            self.on_failure(ticket, <int>connection.error, http_status, connection.detail)
        return 0

    cdef bint let_go(self, int64_t now_ns) except -1:
        """Ends requests whose streams are over but whose bodies stay open too long; False if there are none.

        Their connections are not used again, since more of the body could still arrive.
        """
        cdef Connection connection
        cdef set waiting = set()
        if not self.over:
            return False
        for connection in self.over:
            if connection.row_index < 0 or connection.over_ns == 0:
                continue
            if now_ns - connection.over_ns < connection.may_stay_open_ns():
                waiting.add(connection)
            else:
                self.after(connection, connection.left_open())
        self.over = waiting
        return True

    cdef int abort_due(self, int64_t now_ns) except -1:
        """Aborts the requests whose time for that has come."""
        cdef Connection connection = self.aborts.next(now_ns)
        while connection is not None:
            self.give_up(connection, ABORTED, NO_ERROR, b"", now_ns)
            connection = self.aborts.next(now_ns)
        return 0

    cdef int expire(self, int64_t now_ns) except -1:
        """Fails every request that has waited longer than the time-out."""
        cdef Connection connection
        for connection in list(self.pool.connections):
            if connection.row_index >= 0 and now_ns - connection.waiting_since_ns > self.timeout_ns:
                self.give_up(connection, FAILED, TIMEOUT, b"no complete answer within --timeout", now_ns)
        return 0

    cdef int cancel(self, int64_t now_ns) except -1:
        """Gives up everything in flight, and closes every connection."""
        cdef Connection connection
        for connection in list(self.pool.connections):
            if connection.row_index >= 0:
                self.give_up(connection, CANCELLED, STOPPED, b"", now_ns)
            else:
                self.pool.drop(connection)
        return 0

    cdef int give_up(
        self, Connection connection, Status status, Error error, bytes detail, int64_t now_ns
    ) except -1:
        """Stops waiting for a request, which counts as answered if its stream said that it ends."""
        if connection.over_ns > 0:
            return self.after(connection, connection.left_open())
        connection.error = error
        connection.detail = detail
        self.settle(connection, status, now_ns)
        return self.pool.drop(connection)
