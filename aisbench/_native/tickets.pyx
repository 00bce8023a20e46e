"""The tickets and in-flight slots of one worker. See tickets.pxd."""
from libc.stdint cimport int64_t

cimport cython

from aisbench._native.memory.recorder cimport DROPPED, Recorder
from aisbench._native.memory.shared cimport Live, SharedBlock, Slots


@cython.final
cdef class Tickets:
    """`drop_after_ns`: tickets later than this are not sent (-1: all are)."""

    def __cinit__(self, int64_t drop_after_ns):
        self.drop_after_ns = drop_after_ns
        self.ticket = -1
        self.exhausted = True

    cdef void attach(self, SharedBlock block, Live* live, Slots slots, Recorder recorder, int64_t share):
        """Sets the block that tickets come from, but takes none yet; see Driver.attach."""
        self.block = block
        self.live = live
        self.slots = slots
        self.recorder = recorder
        self.share = share
        self.exhaust()

    cdef Offer next(self, int64_t now_ns) except? OVER:
        """What can be sent now. Looks at the ticket in hand again, and drops tickets that are too late."""
        while not self.exhausted:
            if self.ticket < 0:
                if self.held >= self.share:
                    return NO_SHARE
                if self.block.head.stop != 0 or self.block.is_over(self.block.next_due_ns(), now_ns):
                    return OVER
                self.ticket = self.block.take_planned_ticket() if self.planned_only else self.block.take_ticket()
                if self.ticket < 0 or 0 <= self.block.head.limit <= self.ticket:
                    self.exhaust()
                    return USED_UP
                self.live.taken += 1
                self.taken_ns = now_ns
                self.planned_ns = self.block.due_ns(self.ticket)
            if now_ns < self.planned_ns:
                return LATER
            if self.block.is_over(self.planned_ns, now_ns):
                return OVER
            if 0 <= self.drop_after_ns < now_ns - self.planned_ns:
                self.drop()
                continue
            return self.take_slot()
        return USED_UP

    cdef int64_t another(self, int64_t due_ns, int64_t now_ns) noexcept:
        """The place in the plan of one more ticket, for an in-flight slot that is already held, due at `due_ns`; -1: there
        is none, or sending has ended."""
        cdef int64_t ticket
        if self.block.head.stop != 0 or self.block.is_over(due_ns, now_ns):
            return -1
        ticket = self.block.take_ticket()
        if 0 <= self.block.head.limit <= ticket:
            return -1
        self.live.taken += 1
        return self.block.in_whole_plan(ticket)

    cdef int64_t hand_out(self) noexcept:
        """Gives up the ticket in hand, and returns its place in the plan of the whole run."""
        cdef int64_t ticket = self.ticket
        self.ticket = -1
        return self.block.in_whole_plan(ticket)

    cdef int drop(self) except -1:
        """Drops the ticket in hand, which is too late to be sent, and records it."""
        cdef int64_t row_index = self.recorder.begin_row(self.hand_out(), self.planned_ns, self.taken_ns)
        self.recorder.row(row_index).status = DROPPED
        self.live.dropped += 1
        return 0

    cdef void exhaust(self) noexcept:
        """Takes no more tickets; the one in hand is given up unsent."""
        self.ticket = -1
        self.exhausted = True

    cdef Offer take_slot(self) except? OVER:
        """DUE if there was a free slot, which is then held; NO_SLOT if not."""
        if self.slots is not None and not self.slots.try_take():
            return NO_SLOT
        self.held += 1
        return DUE

    cdef int give_slot(self) except -1:
        self.held -= 1
        if self.slots is not None:
            self.slots.give()
        return 0

    cdef int slots_fd(self) noexcept:
        """A descriptor that is readable while slots are free; call it only after NO_SLOT."""
        return self.slots.fd

    cdef bint follows_plan(self) noexcept:
        """False if every ticket is due at once."""
        return self.block.head.planned > 0

    cdef bint is_past_deadline(self, int64_t now_ns) noexcept:
        return 0 < self.block.head.deadline_ns <= now_ns
