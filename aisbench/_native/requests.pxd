"""The requests of one worker, from the start on a connection to the end of the answer."""
from libc.stdint cimport int64_t

from aisbench._native.memory.bodies cimport BodyFile
from aisbench._native.connection cimport Connection
from aisbench._native.conversations cimport Conversation
from aisbench._native.pool cimport Pool
from aisbench._native.sending.aborts cimport Aborts
from aisbench._native.sending.names cimport Names
from aisbench._native.sending.prefills cimport Prefills
from aisbench._native.memory.recorder cimport Error, Recorder, Row, Status
from aisbench._native.memory.shared cimport Live
from aisbench._native.sending.sessions cimport Sessions
from aisbench._native.targets cimport Targets
from aisbench._native.tickets cimport Tickets


cdef class Requests:
    cdef Targets targets
    cdef Pool pool
    # Gets back the in-flight slot of a request that ends.
    cdef Tickets tickets
    cdef Prefills prefills
    cdef Aborts aborts
    cdef BodyFile bodies
    # None: each request is a ticket of its own.
    cdef Sessions sessions
    cdef Recorder recorder
    cdef Live* live
    # Makes what later turns contain from answers; None without conversations.
    # None: no request says which session it belongs to.
    cdef Names names
    cdef object on_failure
    cdef int64_t timeout_ns
    cdef int64_t in_flight
    # Connections whose stream said that it ends while the body is still open.
    cdef set over
    # The number of requests that succeeded, and the sum of their times.
    cdef int64_t answered_count
    cdef int64_t answered_ns

    cdef void attach(self, Recorder recorder, Live* live)
    # Asking
    cdef int ask(self, int64_t ticket, int64_t planned_ns, int64_t taken_ns) except -1
    cdef int ask_next_turns(self, int64_t now_ns) except -1
    cdef int ask_waiting(self) except -1
    cdef int launch(
        self, int64_t ticket, Conversation talk, int64_t turn, int64_t planned_ns, int64_t taken_ns
    ) except -1
    cdef int begin(
        self, int64_t ticket, Conversation talk, int64_t turn, int64_t planned_ns, int64_t taken_ns
    ) except -1
    cdef int start(self, Connection connection, int64_t row_index, int64_t since_ns) except -1
    cdef int resend(self, Connection stale) except -1
    cdef int send_on(self, Connection connection) except -1
    # Ending
    cdef int after(self, Connection connection, int outcome) except -1
    cdef int stream_is_over(self, Connection connection) except -1
    cdef int settle(self, Connection connection, Status status, int64_t now_ns) except -1
    cdef bint let_go(self, int64_t now_ns) except -1
    cdef int abort_due(self, int64_t now_ns) except -1
    cdef int expire(self, int64_t now_ns) except -1
    cdef int cancel(self, int64_t now_ns) except -1
    cdef int give_up(
        self, Connection connection, Status status, Error error, bytes detail, int64_t now_ns
    ) except -1
