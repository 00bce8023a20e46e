"""One worker's share of a run: takes tickets, keeps their times, sends, drains sockets, settles requests."""
from libc.stdint cimport int64_t

from aisbench._native.memory.bodies cimport BodyFile
from aisbench._native.os.clock cimport ClockPair
from aisbench._native.connection cimport Connection
from aisbench._native.conversations cimport Conversation, Conversations
from aisbench._native.pool cimport Pool
from aisbench._native.reader cimport Reader
from aisbench._native.memory.recorder cimport Error, Recorder, Row, Status
from aisbench._native.memory.shared cimport Live, SharedBlock, Slots
from aisbench._native.targets cimport Targets
from aisbench._native.wakers cimport Wakers


cdef class Driver:
    cdef Reader reader
    cdef Wakers wakers
    cdef readonly ClockPair clock
    # The run.
    cdef SharedBlock block
    cdef Live* live
    cdef Slots slots
    cdef Recorder recorder
    cdef Targets targets
    cdef Pool pool
    cdef BodyFile bodies
    cdef Conversations conversations
    cdef int64_t share
    cdef int64_t timeout_ns
    cdef int64_t drop_after_ns
    cdef object on_failure
    # The ticket in hand: taken, not yet sent.
    cdef int64_t ticket
    cdef int64_t planned_ns
    cdef int64_t taken_ns
    # No more tickets are taken; no more turns are asked either.
    cdef bint exhausted
    cdef bint ending
    # Requests in flight, and in-flight slots held: a conversation holds its own between turns too.
    cdef readonly int64_t in_flight
    cdef int64_t held
    # When the sockets were last looked at, all of them.
    cdef int64_t floor_ns
    # Connections whose stream has said all while the body is still open.
    cdef set over
    # The reader's pauses.
    cdef int64_t longest_rest_ns
    cdef int64_t tuned_ns
    cdef int64_t answered_ns
    cdef int64_t answered_count

    cdef int drain(self) except -1
    cdef int handle(self, Connection connection, int what) except -1
    cdef int pump(self) except -1
    cdef int64_t take_tickets(self) except -1
    cdef int ask_next_turns(self) except -1
    cdef int launch(self, int64_t ticket, Conversation talk, int64_t planned_ns, int64_t taken_ns) except -1
    cdef int send_on(self, Connection connection) except -1
    cdef int after(self, Connection connection, int outcome) except -1
    cdef int settle(self, Connection connection, Status status, int64_t now_ns) except -1
    cdef int give_up(
        self, Connection connection, Status status, Error error, bytes detail, int64_t now_ns
    ) except -1
    cdef int ready(self, Connection connection, int outcome) except -1
    cdef bint goes_on(self, Connection connection, Status status, int64_t now_ns)
    cdef bint met_an_idle_close(self, Connection connection, const Row* row, int64_t now_ns)
    cdef int resend(self, Connection stale) except -1
    cdef int give_slot(self) except -1
    cdef int start(self, Connection connection, int64_t row_index, int64_t since_ns) except -1
    cdef int tune(self, int64_t now_ns) except -1
