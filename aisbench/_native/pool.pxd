"""A worker's connections: made, watched, kept idle for the next request, dropped."""
from aisbench._native.os.clock cimport ClockPair
from aisbench._native.connection cimport Connection
from aisbench._native.tally cimport Reading
from aisbench._native.memory.recorder cimport Recorder
from aisbench._native.memory.shared cimport Live
from aisbench._native.targets cimport Target, Targets
from aisbench._native.reader cimport Reader


cdef class Pool:
    cdef Targets targets
    cdef Reading reading
    cdef Reader reader
    cdef ClockPair clock
    cdef set connections
    # Dropped ones live on until the drain is over: events of them may be at hand.
    cdef list graveyard
    # Of the run that requests are recorded in at present.
    cdef Recorder recorder
    cdef Live* live

    cdef void serve(self, Recorder recorder, Live* live)
    cdef Connection take(self, Target target)
    cdef int give_back(self, Connection connection) except -1
    cdef Connection open(self, Target target)
    cdef int watch(self, Connection connection, bint out) except -1
    cdef int drop(self, Connection connection) except -1
    cdef int bury(self) except -1
