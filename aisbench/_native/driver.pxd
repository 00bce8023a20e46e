"""The driver of a worker: sends requests when they are due, and passes them what their sockets receive."""
from libc.stdint cimport int64_t

from aisbench._native.os.clock cimport ClockPair
from aisbench._native.connection cimport Connection
from aisbench._native.memory.recorder cimport Recorder
from aisbench._native.memory.shared cimport Live, SharedBlock
from aisbench._native.pool cimport Pool
from aisbench._native.receiving.reader cimport Reader
from aisbench._native.conversations cimport Conversations
from aisbench._native.sending.sender cimport Sender
from aisbench._native.sending.sessions cimport Sessions
from aisbench._native.targets cimport Targets


cdef class Driver(Sender):
    cdef Reader reader
    cdef readonly ClockPair clock
    cdef Targets targets
    cdef Pool pool
    cdef object history
    cdef bint keeps_slot
    # The run; None before the first `attach`.
    cdef SharedBlock block
    cdef Live* live
    cdef Recorder recorder
    # When all sockets were last known to be empty.
    cdef int64_t floor_ns
    # The longest pause of the reader, and when it was last tuned.
    cdef int64_t longest_rest_ns
    cdef int64_t tuned_ns

    cdef int handle(self, Connection connection, int what) except -1
    cdef int last_words(self, Connection connection) except -1
    cdef int ready(self, Connection connection, int outcome) except -1
    cdef Sessions sessions_of(self, Conversations conversations)
    cdef int tune(self, int64_t now_ns) except -1
