"""Decides which request may leave when: takes tickets of the arrival plan and the in-flight slot that each needs."""
from libc.stdint cimport int64_t

from aisbench._native.memory.recorder cimport Recorder
from aisbench._native.memory.shared cimport Live, SharedBlock, Slots

cdef enum Offer:
    DUE = 0        # send the ticket in hand now: it has its slot; `hand_out` gives it
    LATER = 1      # the ticket in hand is due at `planned_ns`
    NO_SLOT = 2    # the ticket in hand is due, but the in-flight limit of all workers is reached
    NO_SHARE = 3   # this worker has as much in flight as it may have
    USED_UP = 4    # no ticket is left
    OVER = 5       # sending has ended: the run was stopped, or its deadline has passed


cdef class Tickets:
    cdef SharedBlock block
    cdef Live* live
    cdef Slots slots
    cdef Recorder recorder
    cdef int64_t share
    cdef int64_t drop_after_ns
    # The ticket in hand: taken, not yet sent; -1: none.
    cdef int64_t ticket
    cdef int64_t planned_ns
    cdef int64_t taken_ns
    # Only tickets that have an offset in the plan are offered; sessions take the others, see Sessions.
    cdef bint planned_only
    # No more tickets are taken.
    cdef bint exhausted
    # In-flight slots that this worker holds.
    cdef int64_t held

    cdef void attach(self, SharedBlock block, Live* live, Slots slots, Recorder recorder, int64_t share)
    cdef Offer next(self, int64_t now_ns) except? OVER
    cdef int64_t another(self, int64_t due_ns, int64_t now_ns) noexcept
    cdef int64_t hand_out(self) noexcept
    cdef int drop(self) except -1
    cdef void exhaust(self) noexcept
    cdef Offer take_slot(self) except? OVER
    cdef int give_slot(self) except -1
    cdef int slots_fd(self) noexcept
    cdef bint follows_plan(self) noexcept
    cdef bint is_past_deadline(self, int64_t now_ns) noexcept
