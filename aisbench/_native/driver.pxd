"""One worker's share of a run: takes slots, keeps their times, sends, drains sockets, settles requests."""
from libc.stdint cimport int64_t

from aisbench._native.bodies cimport BodyFile
from aisbench._native.clock cimport ClockPair
from aisbench._native.connection cimport Connection, Outcome
from aisbench._native.decode cimport Decoder
from aisbench._native.recorder cimport Error, Recorder, Status
from aisbench._native.shared cimport Live, SharedBlock, Slots
from aisbench._native.wakers cimport Wakers


cdef class Driver:
    cdef Wakers wakers
    cdef readonly ClockPair clock
    # The run.
    cdef SharedBlock block
    cdef Live* live
    cdef Slots slots
    cdef Recorder recorder
    cdef Decoder decoder
    cdef BodyFile bodies
    cdef bytes address
    cdef bytes head
    cdef int64_t share
    cdef int64_t max_event_bytes
    cdef int64_t timeout_ns
    cdef int64_t drop_after_ns
    cdef bint counts_chunks
    cdef object on_failure
    # Connections: all of them, and the idle ones, the last used on top.
    cdef set connections
    cdef list idle
    cdef list graveyard
    cdef char* buffer
    # The slot in hand: taken, not yet sent.
    cdef int64_t slot
    cdef int64_t planned_ns
    cdef int64_t taken_ns
    cdef bint exhausted
    cdef readonly int64_t in_flight
    # When the sockets were last looked at, all of them.
    cdef int64_t floor_ns
    # The reader's pauses.
    cdef int64_t longest_rest_ns
    cdef int64_t tuned_ns
    cdef int64_t answered_ns
    cdef int64_t answered_count

    cdef int drain(self) except -1
    cdef int handle(self, Connection connection, unsigned int events) except -1
    cdef int pump(self) except -1
    cdef int send_on(self, Connection connection) except -1
    cdef int after(self, Connection connection, int outcome) except -1
    cdef int settle(self, Connection connection, Status status, int64_t now_ns) except -1
    cdef Connection open(self)
    cdef int watch(self, Connection connection, bint out) except -1
    cdef void drop(self, Connection connection)
    cdef void tune(self, int64_t now_ns) noexcept
