"""The shared block, which the coordinator and all workers of a run map.

  offset 0     BlockHead (one page): limits, the common start, the flags
  next         one Live per worker, written by that worker alone, read by the coordinator
  then         the arrival plan: int64 ns offsets from the common start
  then         int64: which places of each round of the run's whole plan are this host's

One atomic fetch-add hands out a ticket, which is a place in this host's plan. Nothing else about a request is shared.
Other hosts may have the other places of the whole plan: requests are known by their place in that.
"""
from libc.stdint cimport int64_t, uint64_t

from aisbench._native.memory.mapped cimport MappedFile

cdef enum:
    ERROR_ROOM = 32
    # How late a request that was due by the deadline may leave, in ns.
    LAST_SEND = 50_000_000

ctypedef struct BlockHead:
    int64_t magic
    int64_t workers
    int64_t limit          # number of tickets; -1: no limit
    int64_t planned        # number of offsets in the plan; 0: every ticket is due at once
    int64_t start_ns       # the common start; 0: not set
    int64_t deadline_ns    # no request leaves from then on, except as LAST_SEND allows; 0: no deadline
    int64_t stop           # 1: take no more tickets; 2: give up what is in flight
    int64_t share          # the most that a worker may have in flight since another died; 0: none has
    int64_t round          # places of the whole plan in a round; 1: this host has all of them
    int64_t own            # how many of these are this host's
    int64_t reserved[6]
    int64_t next_ticket    # on a cache line of its own
    int64_t reserved_too[7]

ctypedef struct Live:
    int64_t ready
    int64_t taken
    int64_t sent
    int64_t ok
    int64_t failed
    int64_t cancelled
    int64_t dropped
    int64_t in_flight
    int64_t connections
    int64_t token_events
    int64_t events
    int64_t output_tokens
    int64_t reads
    int64_t reads_stamped
    int64_t stale_retries
    int64_t aborted
    int64_t slot_moves     # with slots_held, a Holding: of the in-flight slots
    int64_t slots_held
    int64_t place_moves    # the same of the places for requests without a first token
    int64_t places_held
    int64_t errors[ERROR_ROOM]

# What one process holds of a semaphore, written by that process alone.
ctypedef struct Holding:
    int64_t moves          # odd while it takes or gives a slot, so that `held` is not certain
    int64_t held


cdef class SharedBlock:
    cdef MappedFile file
    cdef BlockHead* head
    cdef Live* lives
    cdef int64_t* plan
    cdef int64_t* own

    cdef int64_t take_ticket(self) noexcept
    cdef int64_t take_planned_ticket(self) noexcept
    cdef bint has_tickets(self) noexcept
    cdef int64_t in_whole_plan(self, int64_t ticket) noexcept
    cdef int64_t due_ns(self, int64_t ticket) noexcept
    cdef int64_t next_due_ns(self) noexcept
    cdef bint is_over(self, int64_t due_ns, int64_t now_ns) noexcept
    cdef Holding* holding(self, int worker, bint places) noexcept


cdef class Slots:
    cdef readonly int fd
    # How many there are; -1 if another process made them.
    cdef readonly int64_t count
    cdef bint owned
    # Has `holding`, unless that is `own`.
    cdef SharedBlock block
    cdef Holding* holding
    cdef Holding own

    cdef int try_take(self) except -1
    cdef int give(self) except -1
    cdef int add(self, uint64_t count) except -1
