"""Conversations and how far they have come. See conversations.pxd."""
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free

from array import array


cdef class Conversations:
    """`first`: int64, shape (conversations + 1,): the index of each one's first body, then the number of bodies.

    `think_ns`: int64, shape (bodies,): the pause before a turn, from the end of the last of those it comes after;
    where it comes after none, from the start of the conversation.

    `after_first` (bodies + 1,) and `after`, int64: turn i comes after the turns `after[after_first[i]:after_first[i +
    1]]` of its conversation, all of which stand before it. None: a chain, whose first turn does not think.
    `fills_first` and `fills`: in the same way, the turns whose answers fill the holes of its body, in order; it has to
    come after them. None: all turns before it.

    `not_before_ns` (bodies,), int64: the earliest time of each turn, from the start of its conversation. None: there is
    none.

    `agents`, `starters` (bodies,), int64: the agent of each turn, counted in its conversation from 0, and the one that
    started it, or -1. None: each conversation has one agent.

    `users` and `gap_ns`: that many conversations are under way at a time, and a turn is due `gap_ns` after the one before
    was, or when that has ended, if it is later; pauses and earliest times do not count. Number i of the first `users`
    has (i + 1) / users of its turns, rounded up, so that they do not all end at the same time. Only for chains.

    Raises ValueError if these do not match.
    """

    def __cinit__(
        self,
        const int64_t[::1] first,
        const int64_t[::1] think_ns,
        const int64_t[::1] after_first=None,
        const int64_t[::1] after=None,
        const int64_t[::1] fills_first=None,
        const int64_t[::1] fills=None,
        const int64_t[::1] not_before_ns=None,
        const int64_t[::1] agents=None,
        const int64_t[::1] starters=None,
        int64_t users=0,
        int64_t gap_ns=0,
    ):
        cdef int64_t c
        if first.shape[0] < 2 or first[0] != 0 or first[first.shape[0] - 1] != think_ns.shape[0]:
            raise ValueError("the turns of the conversations do not add up")
        for c in range(first.shape[0] - 1):
            if first[c] >= first[c + 1]:
                raise ValueError(f"conversation {c} has no turns")
        if not_before_ns is not None and not_before_ns.shape[0] != think_ns.shape[0]:
            raise ValueError("the earliest times of the turns do not add up")
        if agents is not None and (starters is None or not agents.shape[0] == starters.shape[0] == think_ns.shape[0]):
            raise ValueError("the agents of the turns do not add up")
        self.agents, self.starters = agents, starters
        self.first = first
        self.think_ns = think_ns
        self.not_before_ns = not_before_ns
        self.count = first.shape[0] - 1
        self.chained = after is None
        if gap_ns > 0 and not self.chained:
            raise ValueError("users take one turn after another, but these conversations fork")
        self.users, self.gap_ns = users, gap_ns
        if after is None:
            after_first, after = chain(first)
        check_edges(first, after_first, after)
        self.after_first, self.after = after_first, after
        self.next_first, self.next = turned_round(first, after_first, after)
        self.says_fills = fills is not None
        if self.says_fills:
            check_edges(first, fills_first, fills)
            self.fills_first, self.fills = fills_first, fills
            self.repeated = repeated_turns(first, fills_first, fills)


cdef class Conversation:
    def __cinit__(self, Conversations plan, int64_t number):
        """Conversation `number` of the run; numbers beyond the last start over."""
        cdef int64_t i
        self.plan = plan
        self.number = number
        self.at = plan.first[number % plan.count]
        self.turns = plan.first[number % plan.count + 1] - self.at
        if number < plan.users:
            self.turns = max(1, (self.turns * (number + 1) + plan.users - 1) // plan.users)
        self.open = self.turns
        self.waits = <int32_t*>calloc(self.turns + 1, sizeof(int32_t))
        self.states = <uint8_t*>calloc(self.turns + 1, 1)
        if self.waits == NULL or self.states == NULL:
            raise MemoryError
        for i in range(self.turns):
            self.waits[i] = <int32_t>(plan.after_first[self.at + i + 1] - plan.after_first[self.at + i])
        self.answers = []
        self.idle = {}
        self.line = []

    def __dealloc__(self):
        free(self.waits)
        free(self.states)

    cdef int64_t ticket(self, int64_t turn):
        """The ticket of a turn; modulo the number of bodies, it is the index of the turn's body."""
        return self.number // self.plan.count * self.plan.first[self.plan.count] + self.at + turn

    cdef int64_t think(self, int64_t turn):
        """The pause before a turn, ns."""
        return self.plan.think_ns[self.at + turn] if turn > 0 or not self.plan.chained else 0

    cdef int64_t due(self, int64_t turn, int64_t from_ns):
        """When a turn may go whose last predecessor ended at `from_ns`; where it has none, the conversation began then."""
        if self.plan.gap_ns > 0:
            return from_ns if turn == 0 else max(from_ns, self.last_due_ns + self.plan.gap_ns)
        cdef int64_t due_ns = from_ns + self.think(turn)
        if self.plan.not_before_ns is None:
            return due_ns
        return max(due_ns, self.began_ns + self.plan.not_before_ns[self.at + turn])

    cdef bint is_last(self, int64_t turn):
        """Whether no turn comes after this one."""
        if turn == self.turns - 1:
            return True
        return self.plan.next_first[self.at + turn] == self.plan.next_first[self.at + turn + 1]

    cdef bint is_repeated(self, int64_t turn):
        """Whether a later turn may repeat the answer to this one."""
        return self.plan.repeated[self.at + turn] if self.plan.says_fills else not self.is_last(turn)

    cdef list roots(self):
        """The turns that come after no other."""
        return [i for i in range(self.turns) if self.waits[i] == 0]

    cdef list end(self, int64_t turn, answer):
        """Notes the end of a turn that was sent (None: it failed), and returns the turns that may now go.

        Turns that lack an answer are given up, as are those that in turn lack theirs.
        """
        cdef int64_t ended, i, other
        cdef list ending = [turn]
        cdef list free_to_go = []
        self.open -= 1
        self.states[turn] = TURN_MISSED if answer is None else TURN_ANSWERED
        if answer is None and self.plan.chained:
            self.open = 0
            return free_to_go
        if self.is_repeated(turn):
            while len(self.answers) <= turn:
                self.answers.append(None)
            self.answers[turn] = answer
        while ending:
            ended = ending.pop()
            for i in range(self.plan.next_first[self.at + ended], self.plan.next_first[self.at + ended + 1]):
                other = self.plan.next[i]
                if other >= self.turns:
                    continue
                self.waits[other] -= 1
                if self.waits[other] > 0:
                    continue
                if self.can_be_filled(other):
                    free_to_go.append(other)
                else:
                    self.states[other] = TURN_MISSED
                    self.open -= 1
                    ending.append(other)
        return free_to_go

    cdef bint can_be_filled(self, int64_t turn):
        """Whether there is an answer for each hole of the turn's body."""
        cdef int64_t i
        if not self.plan.says_fills:
            for i in range(turn):
                if self.states[i] != TURN_ANSWERED:
                    return False
            return True
        for i in range(self.plan.fills_first[self.at + turn], self.plan.fills_first[self.at + turn + 1]):
            if self.states[self.plan.fills[i]] != TURN_ANSWERED:
                return False
        return True

    cdef list repeats(self, int64_t turn):
        """The answers for the holes of the turn's body, in order."""
        cdef int64_t i
        if not self.plan.says_fills:
            return self.answers[:turn]
        return [
            self.answers[self.plan.fills[i]]
            for i in range(self.plan.fills_first[self.at + turn], self.plan.fills_first[self.at + turn + 1])
        ]

    cdef int64_t agent(self, int64_t turn):
        return 0 if self.plan.agents is None else self.plan.agents[self.at + turn]

    cdef int64_t starter(self, int64_t turn):
        """The agent that started the agent of a turn; -1: none did."""
        return -1 if self.plan.agents is None else self.plan.starters[self.at + turn]


cdef tuple chain(const int64_t[::1] first):
    """The edges of conversations in which each turn comes after the one before."""
    cdef int64_t c, i
    cdef int64_t bodies = first[first.shape[0] - 1]
    cdef int64_t[::1] after_first = array("q", bytes(8 * (bodies + 1)))
    cdef int64_t[::1] after = array("q", bytes(8 * (bodies - first.shape[0] + 1)))
    for c in range(first.shape[0] - 1):
        for i in range(first[c], first[c + 1]):
            after_first[i + 1] = i - c
            if i > first[c]:
                after[i - c - 1] = i - first[c] - 1
    return after_first, after


cdef int check_edges(
    const int64_t[::1] first, const int64_t[::1] edges_first, const int64_t[::1] edges
) except -1:
    """Raises ValueError unless the edges of each turn lead to turns before it in its conversation."""
    cdef int64_t c, i, e
    cdef int64_t bodies = first[first.shape[0] - 1]
    if edges_first is None or edges_first.shape[0] != bodies + 1 or edges_first[bodies] != edges.shape[0]:
        raise ValueError("the edges between turns do not add up")
    for c in range(first.shape[0] - 1):
        for i in range(first[c], first[c + 1]):
            if not 0 <= edges_first[i] <= edges_first[i + 1] <= edges.shape[0]:
                raise ValueError("the edges between turns do not add up")
            for e in range(edges_first[i], edges_first[i + 1]):
                if not 0 <= edges[e] < i - first[c]:
                    raise ValueError(f"turn {i - first[c]} of conversation {c} cannot come after turn {edges[e]}")
    return 0


cdef tuple turned_round(const int64_t[::1] first, const int64_t[::1] after_first, const int64_t[::1] after):
    """The same edges by the turn that comes before."""
    cdef int64_t c, i, e, at
    cdef int64_t[::1] next_first = array("q", bytes(8 * after_first.shape[0]))
    cdef int64_t[::1] next_ = array("q", bytes(8 * after.shape[0]))
    cdef int64_t[::1] room = array("q", bytes(8 * after_first.shape[0]))
    for c in range(first.shape[0] - 1):
        for i in range(first[c], first[c + 1]):
            for e in range(after_first[i], after_first[i + 1]):
                next_first[first[c] + after[e] + 1] += 1
    for i in range(1, next_first.shape[0]):
        next_first[i] += next_first[i - 1]
        room[i] = next_first[i]
    for c in range(first.shape[0] - 1):
        for i in range(first[c], first[c + 1]):
            for e in range(after_first[i], after_first[i + 1]):
                at = first[c] + after[e]
                next_[room[at]] = i - first[c]
                room[at] += 1
    return next_first, next_


cdef bytearray repeated_turns(
    const int64_t[::1] first, const int64_t[::1] fills_first, const int64_t[::1] fills
):
    cdef int64_t c, i, e
    cdef bytearray repeated = bytearray(first[first.shape[0] - 1])
    for c in range(first.shape[0] - 1):
        for i in range(first[c], first[c + 1]):
            for e in range(fills_first[i], fills_first[i + 1]):
                repeated[first[c] + fills[e]] = 1
    return repeated
