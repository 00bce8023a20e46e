"""The servers and the choice between them. See targets.pxd."""
from libc.stdint cimport int64_t

POLICIES = tuple(policy.name.lower().replace("_", "-") for policy in list(Policy))

cdef enum:
    # How long a body may stay open after [DONE], or after a finish reason and the usage. Most servers end
    # it at once, in a separate piece. A server that has never ended one is given less time.
    OPEN_AFTER_DONE_NS = 250_000_000
    NEVER_CLOSED_NS = 50_000_000
    OPEN_AFTER_USAGE_NS = 2_000_000_000


cdef class Target:
    """`address`: a packed sockaddr. `head`: the request head up to the number in the request id; with
    `numbered` False, up to the end of the line before the Content-Length.

    `tunnel`: the CONNECT request for a proxy, which must answer it with a status of 2xx. `tls`: a client's
    ssl.SSLContext for https, with the `server_name` that the certificate must have.
    """

    def __cinit__(self, *, bytes address, bytes head, bint numbered=True, bytes tunnel=b"", tls=None, str server_name=""):
        self.address = address
        self.head = head
        self.numbered = numbered
        self.tunnel = tunnel
        self.tls = tls
        self.server_name = server_name
        self.idle = []
        self.in_flight = self.bodies_ended = self.bodies_left_open = 0

    cdef int64_t may_stay_open_ns(self, bint done) noexcept:
        """How long a body may stay open after the stream said that it ends (`done`: with [DONE]), in ns."""
        if not done:
            return OPEN_AFTER_USAGE_NS
        if self.bodies_ended > 0:
            return OPEN_AFTER_DONE_NS
        return 0 if self.bodies_left_open > 0 else NEVER_CLOSED_NS


cdef class Targets:
    """At least one target, and a policy from POLICIES. Raises ValueError for anything else.

    `keep_alive`: a connection serves one request after another. `local_addresses`: packed sockaddrs with
    port 0 that new connections are bound to in turn; if empty, the kernel chooses.
    """

    def __cinit__(self, targets, str policy="round-robin", *, bint keep_alive=True, local_addresses=()):
        self.all = list(targets)
        if not self.all:
            raise ValueError("no target")
        for index, target in enumerate(self.all):
            (<Target?>target).index = index
        self.policy = <Policy><int>POLICIES.index(policy)
        self.keep_alive = keep_alive
        self.local_addresses = list(local_addresses)

    cdef Target of(self, int64_t ticket, int64_t conversation):
        """The target of a request. STICKY goes by conversation, or by ticket for single requests."""
        cdef Target best, other
        cdef Py_ssize_t n = len(self.all)
        if n == 1:
            return <Target>self.all[0]
        if self.policy == STICKY and conversation >= 0:
            return <Target>self.all[conversation % n]
        best = <Target>self.all[ticket % n]
        if self.policy == LEAST:
            # Among equals, take them in turn, so that idle servers are used evenly.
            for i in range(1, n):
                other = <Target>self.all[(ticket + i) % n]
                if other.in_flight < best.in_flight:
                    best = other
        return best

    cdef Target next_ahead(self):
        """The next target in turn, for connections made ahead."""
        self.ahead += 1
        return <Target>self.all[(self.ahead - 1) % len(self.all)]

    cdef bytes next_local(self):
        """The local address of the next connection; None: any."""
        if not self.local_addresses:
            return None
        self.locals_used += 1
        return <bytes>self.local_addresses[(self.locals_used - 1) % len(self.local_addresses)]

    cdef Py_ssize_t idle(self):
        cdef Target target
        cdef Py_ssize_t count = 0
        for target in self.all:
            count += len(target.idle)
        return count
