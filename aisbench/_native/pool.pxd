"""A worker's connections: opens, watches, reuses and drops them."""
from aisbench._native.os.clock cimport ClockPair
from aisbench._native.connection cimport Connection
from aisbench._native.tally cimport Reading
from aisbench._native.memory.recorder cimport Recorder
from aisbench._native.memory.shared cimport Live
from aisbench._native.targets cimport Target, Targets
from aisbench._native.receiving.reader cimport Reader


cdef class Pool:
    cdef Targets targets
    cdef Reading reading
    cdef Reader reader
    cdef ClockPair clock
    cdef set connections
    # Dropped connections live until the drain is over, since it may hold events for them.
    cdef list graveyard
    # Where requests are recorded now.
    cdef Recorder recorder
    cdef Live* live

    cdef void serve(self, Recorder recorder, Live* live)
    cdef Connection take(self, Target target)
    cdef int give_back(self, Connection connection) except -1
    cdef Connection open(self, Target target)
    cdef int watch(self, Connection connection, bint out) except -1
    cdef int drop(self, Connection connection) except -1
    cdef int bury(self) except -1
