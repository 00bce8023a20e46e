"""The conversations under way in one worker: which of their turns may leave when, with which slot and connection.

With `keeps_slot` a conversation holds the in-flight slot of its ticket from its first turn to its last, and turns that
run beside each other take further ones. Without it, a turn takes a slot when it is due and gives it back when it
ends. Due turns that find no free slot wait in line, before new conversations.

Users (see Conversations) keep their slot beyond the end of a conversation, until the next one's first turn is due. They
take the tickets that have no offset in the plan.
"""
from libc.stdint cimport int64_t

from aisbench._native.connection cimport Connection
from aisbench._native.conversations cimport Conversation, Conversations
from aisbench._native.tickets cimport Offer, Tickets


cdef class Sessions:
    cdef Conversations plan
    cdef Tickets tickets
    # Makes what later turns contain from answers (backends.history.History).
    cdef object history
    cdef bint keeps_slot
    # No more turns are sent.
    cdef bint ending
    cdef set under_way
    # Turns that are not yet due, by when they are; without a conversation: a user who has none at present.
    cdef list heap
    cdef int64_t pushed
    # Turns that are due and wait for a slot. Some may have left since, with a slot that their conversation had.
    cdef object line
    # Why the first in line waits.
    cdef Offer lack
    # Conversations with a turn in line and a slot that another of their turns has left.
    cdef list spare
    # What `begin` and `next` found.
    cdef Conversation talk
    cdef int64_t turn
    cdef int64_t due_ns

    cdef bint begin(self, int64_t ticket, int64_t planned_ns, int64_t now_ns) except -1
    cdef bint next(self, int64_t now_ns) except -1
    cdef bint goes_on(self, int64_t due_ns, int64_t now_ns) except -1
    cdef bint found(self, Conversation talk, int64_t turn, int64_t due_ns) except -1
    cdef bint takes_slot(self, Conversation talk) except -1
    cdef int push(self, Conversation talk, int64_t turn, int64_t from_ns) except -1
    cdef int64_t next_due_ns(self)
    cdef bint in_line(self)
    cdef int ended(self, Connection connection, int64_t turn, bint answered, int64_t now_ns) except -1
    cdef object answer_of(self, Connection connection, int64_t turn)
    cdef int end(self) except -1
    cdef int close(self, Conversation talk, int64_t now_ns) except -1
    cdef int give_slots(self, Conversation talk, int64_t least) except -1
    cdef Connection connection_for(self, Conversation talk, int64_t turn)


cdef int let_go(Connection connection) except -1
