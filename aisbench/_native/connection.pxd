"""One connection: connects (perhaps through a proxy's tunnel, or with TLS), sends, and receives stamped bytes."""
from libc.stdint cimport int64_t

from aisbench._native.os.clock cimport ClockPair
from aisbench._native.conversations cimport Conversation
from aisbench._native.exchange cimport Exchange
from aisbench._native.receiving.reader cimport Reader
from aisbench._native.targets cimport Target
from aisbench._native.tls cimport Tls

cdef enum ConnectionState:
    CONNECTING = 0
    TUNNELING = 1    # waiting for the proxy to open the tunnel
    SHAKING = 2      # in the TLS handshake
    IDLE = 3
    BUSY = 4
    CLOSED = 5


cdef class Connection(Exchange):
    cdef readonly int fd
    cdef ConnectionState state
    cdef readonly Target target
    cdef Conversation talk    # the conversation whose turn it carries; None: a single request
    cdef bint wants_out
    cdef bint at_end          # the peer has ended its side
    cdef int requests
    cdef int connect_error
    # How long connecting took (about one round trip); until it is done, when it began.
    cdef int64_t connecting_ns
    cdef Tls tls
    cdef bint tunneled        # the proxy has opened the tunnel
    # What is still to be sent: this connection's copy of the head and the body in the shared file, or,
    # with TLS, both in one sealed piece.
    cdef char* head
    cdef Py_ssize_t head_room
    cdef const char* out[2]
    cdef Py_ssize_t out_bytes[2]
    # The size of the request, with its head.
    cdef Py_ssize_t request_bytes
    # Keep alive what `out` points into, other than the shared file.
    cdef bytes body
    cdef bytes sealed
    cdef ClockPair clock

    cdef int connect(self, bytes local) noexcept
    cdef int connect_result(self) noexcept
    cdef int connected(self) except -1
    cdef int prepare(self, Reader reader, int what) except -1
    cdef int take_tunnel(self, const char* data, Py_ssize_t n) except -1
    cdef int shake(self) except -1
    cdef int send(self, int64_t ticket, const char* body, Py_ssize_t body_n, bytes more) except -1
    cdef int send_rest(self) except -1
    cdef Py_ssize_t sent_bytes(self) noexcept
    cdef int send_bytes(self, bytes data) except -1
    cdef int read(self, Reader reader, int what, int64_t floor_ns) except -1
    cdef int64_t may_stay_open_ns(self) noexcept
    cdef int take_sealed(self, const char* data, Py_ssize_t n, int64_t floor_ns) except -1
    cdef void close(self) noexcept
