"""Schedules the turns of conversations. See sessions.pxd."""
from libc.stdint cimport int64_t

cimport cython

from aisbench._native.connection cimport Connection, IDLE
from aisbench._native.conversations cimport Conversation, Conversations, TURN_IN_LINE, TURN_SENT
from aisbench._native.tickets cimport DUE, Tickets

from collections import deque
from heapq import heappop, heappush


@cython.final
cdef class Sessions:
    def __cinit__(self, Conversations plan not None, Tickets tickets not None, history, bint keeps_slot):
        self.plan = plan
        self.tickets = tickets
        self.history = history
        self.keeps_slot = keeps_slot
        self.under_way = set()
        self.heap = []
        self.line = deque()
        self.spare = []

    cdef bint begin(self, int64_t ticket, int64_t planned_ns, int64_t now_ns) except -1:
        """Starts the conversation of a ticket that has its slot and was due at `planned_ns`; whether its first turn is to
        be sent now."""
        cdef Conversation talk = Conversation(self.plan, ticket)
        cdef int64_t turn
        talk.held = 1
        talk.began_ns = now_ns
        self.under_way.add(talk)
        for turn in talk.roots():
            if turn > 0 or talk.due(turn, now_ns) > now_ns:
                self.push(talk, turn, now_ns)
        if talk.due(0, now_ns) <= now_ns:
            return self.found(talk, 0, planned_ns)
        self.give_slots(talk, 1 if self.keeps_slot else 0)
        return False

    cdef bint next(self, int64_t now_ns) except -1:
        """Whether a turn is due that has its slot, to be sent now."""
        cdef Conversation talk
        cdef int64_t turn, due_ns
        while self.spare:
            talk = self.spare.pop()
            if talk.line and talk.flying < talk.held:
                turn, due_ns = talk.line.pop(0)
                return self.found(talk, turn, due_ns)
        while self.in_line():
            talk = self.line[0][0]
            if not self.takes_slot(talk):
                break
            self.line.popleft()
            turn, due_ns = talk.line.pop(0)
            return self.found(talk, turn, due_ns)
        while self.heap and <int64_t>self.heap[0][0] <= now_ns:
            due_ns, _, talk, turn = heappop(self.heap)
            if talk is None:
                if self.goes_on(due_ns, now_ns):
                    return True
                continue
            if talk.flying < talk.held or (not self.line and self.takes_slot(talk)):
                return self.found(talk, turn, due_ns)
            talk.states[turn] = TURN_IN_LINE
            talk.line.append((turn, due_ns))
            self.line.append((talk, turn))
        return False

    cdef bint goes_on(self, int64_t due_ns, int64_t now_ns) except -1:
        """Starts the next conversation of a user, whose first turn is due; False: there is none, and the user leaves."""
        cdef int64_t ticket = self.tickets.another(due_ns, now_ns)
        cdef Conversation talk
        if ticket < 0:
            self.tickets.give_slot()
            return False
        talk = Conversation(self.plan, ticket)
        talk.held = 1
        talk.began_ns = due_ns
        self.under_way.add(talk)
        return self.found(talk, 0, due_ns)

    cdef bint found(self, Conversation talk, int64_t turn, int64_t due_ns) except -1:
        talk.states[turn] = TURN_SENT
        talk.flying += 1
        talk.last_due_ns = due_ns
        self.talk, self.turn, self.due_ns = talk, turn, due_ns
        return True

    cdef bint takes_slot(self, Conversation talk) except -1:
        self.lack = self.tickets.take_slot()
        if self.lack != DUE:
            return False
        talk.held += 1
        return True

    cdef int push(self, Conversation talk, int64_t turn, int64_t from_ns) except -1:
        heappush(self.heap, (talk.due(turn, from_ns), self.pushed, talk, turn))
        self.pushed += 1
        return 0

    cdef int64_t next_due_ns(self):
        """When the next turn is due, apart from those in line; -1: none is to come."""
        return self.heap[0][0] if self.heap else -1

    cdef bint in_line(self):
        """Whether a turn waits for a slot."""
        cdef Conversation talk
        cdef int64_t turn
        while self.line:
            talk, turn = self.line[0]
            if talk.states[turn] == TURN_IN_LINE:
                return True
            self.line.popleft()
        return False

    cdef int ended(self, Connection connection, int64_t turn, bint answered, int64_t now_ns) except -1:
        """Goes on behind a turn that has ended, answered or failed. Call it before the connection is idle."""
        cdef Conversation talk = connection.talk
        cdef int64_t other
        cdef list free_to_go = talk.end(turn, self.answer_of(connection, turn) if answered else None)
        talk.flying -= 1
        if talk.open == 0 or (self.ending and talk.flying == 0):
            connection.talk = None
            return self.close(talk, now_ns)
        if answered and not self.ending and not talk.is_last(turn):
            talk.idle[turn] = connection
        else:
            connection.talk = None
        if self.ending:
            return self.give_slots(talk, talk.flying)
        for other in free_to_go:
            self.push(talk, other, now_ns)
        self.give_slots(talk, max(talk.flying, 1 if self.keeps_slot else 0))
        if talk.line and talk.flying < talk.held:
            self.spare.append(talk)
        return 0

    cdef object answer_of(self, Connection connection, int64_t turn):
        """What later turns contain of the answer; True where none repeats it."""
        if not connection.talk.is_repeated(turn):
            return True
        return self.history.answer(
            bytes(connection.content), bytes(connection.reasoning), connection.tool_calls, connection.answer_id
        )

    cdef int end(self) except -1:
        """Sends no more turns, and ends the conversations that have none in flight."""
        cdef Conversation talk
        self.ending = True
        for _, _, talk, _ in self.heap:
            if talk is None:
                self.tickets.give_slot()
        self.heap.clear()
        self.line.clear()
        self.spare.clear()
        for talk in list(self.under_way):
            talk.line.clear()
            if talk.flying == 0:
                self.close(talk, 0)
            else:
                self.give_slots(talk, talk.flying)
        return 0

    cdef int close(self, Conversation talk, int64_t now_ns) except -1:
        """Ends a conversation of which nothing is in flight. A user goes on with another when the next turn is due."""
        cdef Connection connection
        self.under_way.discard(talk)
        for connection in talk.idle.values():
            let_go(connection)
        # The garbage collector is off, so no circle may stay.
        talk.idle.clear()
        if self.plan.gap_ns > 0 and not self.ending and self.tickets.block.has_tickets():
            talk.held -= 1
            heappush(self.heap, (max(now_ns, talk.last_due_ns + self.plan.gap_ns), self.pushed, None, 0))
            self.pushed += 1
        return self.give_slots(talk, 0)

    cdef int give_slots(self, Conversation talk, int64_t least) except -1:
        """Gives back the slots that a conversation holds beyond `least`."""
        while talk.held > least:
            talk.held -= 1
            self.tickets.give_slot()
        return 0

    cdef Connection connection_for(self, Conversation talk, int64_t turn):
        """The idle connection of a turn that this one comes after, so that a chain stays on one; None: there is none."""
        cdef Connection kept = None
        cdef Connection connection
        cdef int64_t i
        for i in range(self.plan.after_first[talk.at + turn], self.plan.after_first[talk.at + turn + 1]):
            connection = talk.idle.pop(self.plan.after[i], None)
            if connection is None:
                continue
            if kept is None and connection.state == IDLE:
                kept = connection
            else:
                let_go(connection)
        return kept


cdef int let_go(Connection connection) except -1:
    """Leaves a conversation's connection to any request."""
    connection.talk = None
    if connection.state == IDLE:
        connection.target.idle.append(connection)
    return 0
