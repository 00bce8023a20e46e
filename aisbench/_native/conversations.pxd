"""Conversations: turns that wait for the answers to others, and may repeat them. The scheduling is in sessions.pxd.

The turns of a conversation are a graph without circles: a turn may go when those it comes `after` have ended, and
the answers of those that it `fills` from go into the holes of its body. Turns of a conversation count from 0.
"""
from libc.stdint cimport int32_t, int64_t, uint8_t

cdef enum TurnState:
    TURN_TO_COME = 0    # waits for others to end, or for its time
    TURN_IN_LINE = 1    # due, waits for an in-flight slot
    TURN_SENT = 2
    TURN_ANSWERED = 3
    TURN_MISSED = 4     # failed, or will not be sent


cdef class Conversations:
    """All prepared conversations, the same for every worker."""
    cdef const int64_t[::1] first
    cdef const int64_t[::1] think_ns
    # None: turns have no earliest time.
    cdef const int64_t[::1] not_before_ns
    # Each turn comes after the one before, and a failed one ends its conversation.
    cdef readonly bint chained
    cdef const int64_t[::1] after_first
    cdef const int64_t[::1] after
    # `after` turned round: the turns that come after each one.
    cdef const int64_t[::1] next_first
    cdef const int64_t[::1] next
    # False: every body repeats the answers to all turns before it.
    cdef bint says_fills
    cdef const int64_t[::1] fills_first
    cdef const int64_t[::1] fills
    # For each turn, whether a later one repeats its answer.
    cdef const uint8_t[::1] repeated
    # For each turn, the number of its agent in the conversation, and of the one that started it (-1: none). None: all
    # turns are of agent 0.
    cdef const int64_t[::1] agents
    cdef const int64_t[::1] starters
    cdef readonly int64_t count
    # Users who take turns at a constant rate, and how far apart the turns of one are; 0: there are none.
    cdef int64_t users
    cdef readonly int64_t gap_ns


cdef class Conversation:
    """A conversation under way."""
    cdef Conversations plan
    cdef int64_t number
    cdef int64_t at           # the index of its first turn
    cdef int64_t began_ns
    cdef int64_t last_due_ns  # when its last turn was due
    cdef int64_t turns
    cdef int64_t open         # turns that have neither ended nor been given up
    cdef uint8_t* states      # a TurnState for each turn
    cdef int32_t* waits       # for each turn, how many of those before it are still to end
    cdef list answers         # by turn, made by History.answer; None: there is none, or nobody needs it
    cdef dict idle            # by turn: the idle connection of an ended turn that another comes after
    # In-flight slots that it holds, and requests that use one.
    cdef int64_t held
    cdef int64_t flying
    # Its turns in line for a slot, in order.
    cdef list line
    # What the server said last to each agent under the header of a session token, by agent; None: nothing yet.
    cdef dict tokens

    cdef int64_t ticket(self, int64_t turn)
    cdef int64_t think(self, int64_t turn)
    cdef int64_t due(self, int64_t turn, int64_t from_ns)
    cdef bint is_last(self, int64_t turn)
    cdef bint is_repeated(self, int64_t turn)
    cdef list roots(self)
    cdef list end(self, int64_t turn, answer)
    cdef bint can_be_filled(self, int64_t turn)
    cdef list repeats(self, int64_t turn)
    cdef int64_t agent(self, int64_t turn)
    cdef int64_t starter(self, int64_t turn)
