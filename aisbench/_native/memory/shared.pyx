"""The shared block of a run, and its in-flight slots. See shared.pxd for the layout."""
from libc.errno cimport EAGAIN, errno
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy, memset
from posix.unistd cimport close, read, write

from aisbench._native.memory.mapped cimport MappedFile
from aisbench._native.os.failures cimport fail

cdef extern from "sys/eventfd.h" nogil:
    int eventfd(unsigned int initval, int flags)
    int EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC

cdef extern from *:
    """
    #define aisbench_fetch_add(p) __atomic_fetch_add((p), 1, __ATOMIC_ACQ_REL)
    /* Adds 1 to *p unless that would make it more than `most`; returns what it was, or -1 if it did not. */
    static inline int64_t aisbench_fetch_below(int64_t *p, int64_t most) {
        int64_t n = __atomic_load_n(p, __ATOMIC_ACQUIRE);
        while (n < most && !__atomic_compare_exchange_n(p, &n, n + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {}
        return n < most ? n : -1;
    }
    #define aisbench_load(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
    #define aisbench_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
    """
    int64_t aisbench_fetch_add(int64_t* p) noexcept nogil
    int64_t aisbench_fetch_below(int64_t* p, int64_t most) noexcept nogil
    int64_t aisbench_load(int64_t* p) noexcept nogil
    void aisbench_store(int64_t* p, int64_t v) noexcept nogil

cdef enum:
    PAGE = 4096
    MAGIC = 0x31_44_52_48_53_53_49_41  # "AISSHRD1"

# For Python.
LAST_SEND_NS = LAST_SEND

# One worker's live counters for NumPy: `np.dtype(LIVE_FIELDS)`.
LIVE_FIELDS = [
    ("ready", "<i8"),
    ("taken", "<i8"),
    ("sent", "<i8"),
    ("ok", "<i8"),
    ("failed", "<i8"),
    ("cancelled", "<i8"),
    ("dropped", "<i8"),
    ("in_flight", "<i8"),
    ("connections", "<i8"),
    ("token_events", "<i8"),
    ("events", "<i8"),
    ("output_tokens", "<i8"),
    ("reads", "<i8"),
    ("reads_stamped", "<i8"),
    ("stale_retries", "<i8"),
    ("aborted", "<i8"),
    ("slot_moves", "<i8"),
    ("slots_held", "<i8"),
    ("place_moves", "<i8"),
    ("places_held", "<i8"),
    ("errors", "<i8", (ERROR_ROOM,)),
]

assert sizeof(Live) == (20 + ERROR_ROOM) * 8


cdef class SharedBlock:
    """Maps the block at `path`, made by `create`. Raises ValueError if the file is not a block."""

    def __cinit__(self, str path):
        self.file = MappedFile(path, PAGE)
        self.head = <BlockHead*>self.file.data
        if self.head.magic != MAGIC:
            raise ValueError(f"{path} is not a shared block")
        self.lives = <Live*>(self.file.data + PAGE)
        self.plan = <int64_t*>(self.file.data + PAGE + self.head.workers * sizeof(Live))
        self.own = self.plan + self.head.planned

    @staticmethod
    def create(str path, int workers, int64_t limit, const int64_t[::1] plan, int64_t round=1, own=(0,), int64_t begun=0):
        """Makes the file of a block, and maps it.

        `limit`: number of tickets (-1: no limit). `plan`: int64 ns offsets, shape (limit,), or empty if
        every ticket is due at once. Of each `round` places of the whole plan, this host has `own`, ascending. The first
        `begun` tickets are not handed out: another host has begun them.
        """
        cdef Py_ssize_t n = plan.shape[0], i
        cdef Py_ssize_t size = PAGE + workers * sizeof(Live) + (n + len(own)) * sizeof(int64_t)
        cdef MappedFile file = MappedFile(path, size)
        cdef BlockHead* head = <BlockHead*>file.data
        memset(file.data, 0, PAGE + workers * sizeof(Live))
        head.workers = workers
        head.limit = limit
        head.planned = n
        if n > 0:
            memcpy(file.data + PAGE + workers * sizeof(Live), &plan[0], n * sizeof(int64_t))
        head.round, head.own = round, len(own)
        for i in range(len(own)):
            (<int64_t*>(file.data + PAGE + workers * sizeof(Live)))[n + i] = own[i]
        head.next_ticket = begun
        head.magic = MAGIC
        file.close()
        return SharedBlock(path)

    cdef int64_t take_ticket(self) noexcept:
        return aisbench_fetch_add(&self.head.next_ticket)

    cdef int64_t take_planned_ticket(self) noexcept:
        """A ticket that has an offset in the plan; -1 if all of those are taken."""
        return aisbench_fetch_below(&self.head.next_ticket, self.head.planned)

    cdef bint has_tickets(self) noexcept:
        """Whether there is a ticket left."""
        return self.head.limit < 0 or aisbench_load(&self.head.next_ticket) < self.head.limit

    cdef int64_t in_whole_plan(self, int64_t ticket) noexcept:
        """The ticket's place in the whole plan."""
        if self.head.round == 1:
            return ticket
        return ticket // self.head.own * self.head.round + self.own[ticket % self.head.own]

    cdef int64_t due_ns(self, int64_t ticket) noexcept:
        """When the ticket is due; tickets beyond the plan are due at the start."""
        return self.head.start_ns + (self.plan[ticket] if ticket < self.head.planned else 0)

    cdef int64_t next_due_ns(self) noexcept:
        """When the next ticket to be handed out is due."""
        return self.due_ns(aisbench_load(&self.head.next_ticket))

    cdef bint is_over(self, int64_t due_ns, int64_t now_ns) noexcept:
        """Whether sending has ended for a request due at `due_ns`, which LAST_SEND lets leave after the deadline."""
        cdef int64_t deadline_ns = self.head.deadline_ns
        return 0 < deadline_ns <= now_ns and (due_ns > deadline_ns or now_ns - due_ns >= LAST_SEND)

    def take(self):
        """The next ticket of the run; numbers from `limit` on are not tickets."""
        return self.take_ticket()

    def place(self, int64_t ticket):
        """The ticket's place in the whole plan."""
        return self.in_whole_plan(ticket)

    @property
    def tickets_taken(self):
        return aisbench_load(&self.head.next_ticket)

    @property
    def start_ns(self):
        """The common start on CLOCK_MONOTONIC; 0 until it is set."""
        return aisbench_load(&self.head.start_ns)

    def start(self, int64_t start_ns, int64_t deadline_ns=0):
        """Sets the common start. No request leaves from `deadline_ns` on (0: no deadline), except one that was due
        by then and less than LAST_SEND_NS ago."""
        self.head.deadline_ns = deadline_ns
        aisbench_store(&self.head.start_ns, start_ns)

    @property
    def stop_level(self):
        """0: run; 1: take no more tickets; 2: give up what is in flight."""
        return aisbench_load(&self.head.stop)

    def stop(self, int64_t level):
        aisbench_store(&self.head.stop, level)

    @property
    def share(self):
        """The most that a worker may have in flight since another died; 0: none has."""
        return aisbench_load(&self.head.share)

    def widen(self, int64_t share):
        aisbench_store(&self.head.share, share)

    def bury(self, int worker):
        """Notes that nothing of a worker, which has died, is in flight any more."""
        self.lives[worker].in_flight = self.lives[worker].connections = 0

    cdef Holding* holding(self, int worker, bint places) noexcept:
        cdef Live* live = &self.lives[worker]
        return <Holding*>(&live.place_moves if places else &live.slot_moves)

    def holdings(self, workers, bint places):
        """(moves, slots held) of `workers` together; None while one of them takes or gives a slot."""
        cdef int64_t moves, all_moves = 0, held = 0
        cdef int worker
        for worker in workers:
            moves = aisbench_load(&self.holding(worker, places).moves)
            if moves & 1:
                return None
            all_moves += moves
            held += aisbench_load(&self.holding(worker, places).held)
        return all_moves, held

    def set_ready(self, int worker):
        aisbench_store(&self.lives[worker].ready, 1)

    def live_bytes(self):
        """The live counters of all workers, to be read with LIVE_FIELDS, shape (workers,)."""
        return (<char*>self.lives)[:self.head.workers * sizeof(Live)]


cdef class Slots:
    """A counting semaphore across processes that an event loop can wait on (an eventfd).

    `Slots(count=n)` makes one; `Slots(fd=n)` wraps an inherited one. Raises OSError if the kernel refuses,
    since a run cannot go on without its in-flight limit.

    Each process counts what it holds. Its death may fall between the kernel's count and its own, so what it held is
    found as what is missing once the others' slots and the free ones are counted; see `reclaim`.
    """

    def __cinit__(self, *, int64_t count=-1, int fd=-1):
        self.owned = fd < 0
        self.fd = fd
        self.count = count
        self.holding = &self.own
        if self.owned:
            self.fd = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC)
            if self.fd < 0:
                fail("eventfd")
            if count > 0:
                self.add(count)

    cdef int add(self, uint64_t count) except -1:
        if write(self.fd, &count, 8) != 8:
            fail("an in-flight slot cannot be given back")
        return 0

    def __dealloc__(self):
        if self.owned and self.fd >= 0:
            close(self.fd)

    cdef int try_take(self) except -1:
        """1 if a slot was taken, 0 if none is free."""
        cdef uint64_t one
        cdef bint taken
        aisbench_fetch_add(&self.holding.moves)
        taken = read(self.fd, &one, 8) == 8
        if not taken and errno != EAGAIN:
            fail("an in-flight slot cannot be taken")
        self.holding.held += taken
        aisbench_fetch_add(&self.holding.moves)
        return taken

    cdef int give(self) except -1:
        aisbench_fetch_add(&self.holding.moves)
        self.holding.held -= 1
        self.add(1)
        aisbench_fetch_add(&self.holding.moves)
        return 0

    def count_in(self, SharedBlock block not None, int worker, bint places=False):
        """Counts what this process holds where `reclaim` looks for what `worker` holds; call it before the first
        slot is taken. `places`: these are the places for requests without a first token."""
        self.block = block
        self.holding = block.holding(worker, places)

    @property
    def free(self):
        """How many slots are free."""
        with open(f"/proc/self/fdinfo/{self.fd}") as info:
            for line in info:
                if line.startswith("eventfd-count:"):
                    return int(line.split()[1], 16)
        raise OSError("the kernel does not show the count of an eventfd, so slots of a dead worker cannot be found")

    def reclaim(self, SharedBlock block not None, workers, bint places=False):
        """Gives back the slots that the dead held, and returns their number.

        They are those that are not free and that neither this process nor any of `workers`, all the others, holds.
        None: a slot was taken or given meanwhile, so they could not be counted; try again.
        """
        before = block.holdings(workers, places)
        cdef int64_t lost = self.count - self.free - self.holding.held
        if before is None or block.holdings(workers, places) != before:
            return None
        lost -= before[1]
        if lost > 0:
            self.add(lost)
        return lost

    def take(self):
        """Takes a slot if one is free; True if so."""
        return self.try_take() == 1

    def put(self):
        """Gives a slot back."""
        self.give()
