"""A socket and the request on it. See connection.pxd for the fields."""
from libc.errno cimport EAGAIN, EINPROGRESS, EINTR, errno
from libc.stdint cimport int64_t
from libc.stdio cimport snprintf
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset, strerror
from posix.unistd cimport close as c_close

cimport cython

from aisbench._native.os.clock cimport ClockPair, mono_ns
from aisbench._native.exchange cimport Exchange
from aisbench._native.protocol.http cimport HTTP_BAD, HTTP_MORE
from aisbench._native.tally cimport ANSWERED, GOING, LOST, Reading, UNUSABLE
from aisbench._native.memory.recorder cimport BAD_HTTP, CONNECT, CONNECTION_RESET, Recorder, Row
from aisbench._native.os.sockets cimport (
    AF_UNIX, IPPROTO_IP, IPPROTO_TCP, IP_BIND_ADDRESS_NO_PORT, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_NONBLOCK,
    SOCK_STREAM, SOL_SOCKET, SO_ERROR, SO_TIMESTAMPNS, TCP_NODELAY, c_bind, c_connect, c_socket,
    getsockopt, iovec, msghdr, sendmsg, setsockopt, sockaddr, socklen_t,
)
from aisbench._native.receiving.reader cimport BROKEN, END, ENDING, NOTHING, Reader, Received, Receipt
from aisbench._native.targets cimport Target
from aisbench._native.tls cimport Tls

import ssl

cdef enum:
    # Far more than two clocks that were just compared differ by, and less than a server takes to answer.
    EARLY_NS = 20_000


@cython.final
cdef class Connection(Exchange):
    def __cinit__(self, Reading reading, Recorder recorder, Target target, ClockPair clock):
        self.fd = -1
        self.state = CLOSED
        self.target = target
        self.clock = clock
        self.head = NULL

    def __dealloc__(self):
        self.close()
        free(self.head)

    cdef void close(self) noexcept:
        if self.fd >= 0:
            c_close(self.fd)
            self.fd = -1
        self.state = CLOSED

    # Connecting

    cdef int connect(self, bytes local) noexcept:
        """Starts to connect from the packed sockaddr `local` (None: any); returns 0 or an errno."""
        cdef int on = 1
        cdef const char* address = self.target.address
        cdef socklen_t n = <socklen_t>len(self.target.address)
        cdef int family = (<const sockaddr*>address).sa_family
        self.fd = c_socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
        if self.fd < 0:
            return errno
        # If refused, reads are timed by the client's clock instead, which is counted and reported.
        setsockopt(self.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on))
        if family != AF_UNIX and setsockopt(self.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0:
            return errno
        if local is not None:
            # The port is chosen once the peer is known, so that an address has all its ports for each
            # peer. If refused, it has fewer.
            setsockopt(self.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on))
            if c_bind(self.fd, <const sockaddr*><const char*>local, <socklen_t>len(local)) != 0:
                return errno
        self.state = CONNECTING
        self.connecting_ns = mono_ns()
        if c_connect(self.fd, <const sockaddr*>address, n) != 0 and errno != EINPROGRESS:
            return errno
        return 0

    cdef int connect_result(self) noexcept:
        """The result of connecting, once the socket is writable: 0 or an errno."""
        cdef int problem = 0
        cdef socklen_t n = sizeof(problem)
        self.connecting_ns = mono_ns() - self.connecting_ns
        return problem if getsockopt(self.fd, SOL_SOCKET, SO_ERROR, &problem, &n) == 0 else errno

    cdef int connected(self) except -1:
        """Takes the next step after connecting. ANSWERED: a request can be sent; GOING: not yet; LOST: never."""
        if self.target.tunnel and not self.tunneled:
            self.state = TUNNELING
            return self.send_bytes(self.target.tunnel)
        if self.target.tls is not None and self.tls is None:
            self.state = SHAKING
            self.tls = Tls(self.target.tls, self.target.server_name)
            return self.shake()
        self.state = IDLE
        return ANSWERED

    cdef int prepare(self, Reader reader, int what) except -1:
        """Reads what comes before a request can be sent; returns as `connected` does."""
        cdef Received got
        cdef Receipt receipt
        cdef int outcome = GOING
        got.more = True
        while outcome == GOING and got.more:
            receipt = reader.receive(self.fd, what, &got)
            if receipt == NOTHING:
                return GOING
            if receipt == BROKEN:
                return self.lost(CONNECT, strerror(errno))
            if receipt == END:
                whose = b"the proxy" if self.state == TUNNELING else b"the server, during the TLS handshake,"
                return self.lost(CONNECT, whose + b" closed the connection")
            if self.state == TUNNELING:
                outcome = self.take_tunnel(got.data, got.n)
            else:
                self.tls.take(got.data, got.n)
                outcome = self.shake()
        return outcome

    cdef int take_tunnel(self, const char* data, Py_ssize_t n) except -1:
        """Takes a piece of the proxy's answer to CONNECT. What follows its head comes from the server."""
        cdef const char* rest
        cdef Py_ssize_t left
        cdef int item
        self.http.push(data, n)
        item = self.http.pull()
        if item == HTTP_MORE:
            return GOING
        if item == HTTP_BAD:
            return self.lost(CONNECT, b"the proxy's answer to CONNECT: " + self.http.problem.encode())
        if not 200 <= self.http.status < 300:
            status = b"%d %b" % (self.http.status, self.http.reason)
            return self.lost(CONNECT, b"the proxy refused the tunnel: " + status.strip())
        rest = self.http.at
        left = self.http.end - rest
        self.http.restart()
        self.tunneled = True
        outcome = self.connected()
        if left == 0 or outcome == LOST:
            return outcome
        if self.tls is None:
            return self.lost(CONNECT, b"the server, or its proxy, sent bytes before it was asked")
        self.tls.take(rest, left)
        return self.shake()

    cdef int shake(self) except -1:
        try:
            done = self.tls.handshake()
        except ssl.SSLError as problem:
            self.send_bytes(self.tls.outgoing_bytes())
            reason = getattr(problem, "verify_message", None) or problem.reason or str(problem)
            return self.lost(CONNECT, f"TLS: {reason}".encode())
        outcome = self.send_bytes(self.tls.outgoing_bytes())
        if outcome != GOING or not done:
            return outcome
        self.state = IDLE
        return ANSWERED

    # Sending

    cdef int send(self, int64_t ticket, const char* body, Py_ssize_t body_n, bytes more) except -1:
        """Sends the target's head (up to the request id's number), the rest of the head, and the body.

        `more`: further header lines, each with its line end; None: there are none.

        The send is stamped right before the system call and again when it returns. The true instant lies
        between the two, even if this process was held up. Only the first send of a request is stamped.
        """
        cdef Row* row = self.recorder.row(self.row_index)
        cdef Py_ssize_t head_n = len(self.target.head)
        cdef int n
        cdef int outcome
        cdef Py_ssize_t more_n = 0 if more is None else len(more)
        if self.head_room < head_n + more_n + 96:
            free(self.head)
            self.head = <char*>malloc(head_n + more_n + 96)
            if self.head == NULL:
                raise MemoryError
            self.head_room = head_n + more_n + 96
        memcpy(self.head, <const char*>self.target.head, head_n)
        if self.target.numbered:
            head_n += snprintf(self.head + head_n, 48, b"%lld\r\n", <long long>ticket)
        if more_n > 0:
            memcpy(self.head + head_n, <const char*>more, more_n)
            head_n += more_n
        n = snprintf(self.head + head_n, 48, b"Content-Length: %lld\r\n\r\n", <long long>body_n)
        if self.tls is None:
            self.out[0] = self.head
            self.out_bytes[0] = head_n + n
            self.out[1] = body
            self.out_bytes[1] = body_n
        else:
            self.tls.seal(self.head, head_n + n)
            self.tls.seal(body, body_n)
            self.put_out(self.tls.outgoing_bytes())
        self.request_bytes = self.out_bytes[0] + self.out_bytes[1]
        self.state = BUSY
        self.requests += 1
        row.reused = self.requests > 1
        if row.attempts > 1:
            return self.send_rest()
        row.sent_ns = mono_ns()
        outcome = self.send_rest()
        row.send_returned_ns = mono_ns()
        return outcome

    cdef Py_ssize_t sent_bytes(self) noexcept:
        """How much of the request was passed to the kernel."""
        return self.request_bytes - self.out_bytes[0] - self.out_bytes[1]

    def put_out(self, bytes data):
        """Makes `data` the only thing that `send_rest` sends."""
        self.sealed = data
        self.out[0] = self.sealed
        self.out_bytes[0] = len(self.sealed)
        self.out_bytes[1] = 0

    cdef int send_bytes(self, bytes data) except -1:
        """Sends `data`, when nothing else is being sent."""
        self.put_out(data)
        return self.send_rest()

    cdef int send_rest(self) except -1:
        """Sends until everything is sent or the socket is full, in which case it sets `wants_out`."""
        cdef iovec io[2]
        cdef msghdr message
        cdef ssize_t n
        cdef int i
        self.wants_out = False
        memset(&message, 0, sizeof(message))
        message.msg_iov = io
        message.msg_iovlen = 2
        while self.out_bytes[0] + self.out_bytes[1] > 0:
            for i in range(2):
                io[i].iov_base = <void*>self.out[i]
                io[i].iov_len = self.out_bytes[i]
            n = sendmsg(self.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT)
            if n < 0:
                if errno == EINTR:
                    continue
                if errno == EAGAIN:
                    self.wants_out = True
                    return GOING
                return self.lost(CONNECTION_RESET, b"sending: " + strerror(errno))
            for i in range(2):
                if n >= self.out_bytes[i]:
                    n -= self.out_bytes[i]
                    self.out_bytes[i] = 0
                else:
                    self.out[i] += n
                    self.out_bytes[i] -= n
                    n = 0
        return GOING

    # Receiving

    cdef int read(self, Reader reader, int what, int64_t floor_ns) except -1:
        """Reads until nothing is left. `what`: as `reader` reported it; `floor_ns`: when the socket was last empty."""
        cdef Received got
        cdef Receipt receipt
        cdef int outcome
        while True:
            receipt = reader.receive(self.fd, what, &got)
            if receipt == NOTHING:
                return GOING
            if receipt == BROKEN:
                return self.peer_reset(strerror(errno)) if self.state == BUSY else UNUSABLE
            if self.state != BUSY and (self.tls is None or receipt == END):
                return UNUSABLE
            self.seen_ns = mono_ns()
            if receipt == END:
                self.at_ns = self.seen_ns
                return self.peer_closed()
            if self.state == BUSY:
                # Not TLS session tickets: they may arrive before the kernel has begun to stamp.
                self.live.reads += 1
                self.live.reads_stamped += got.stamp_ns != 0
            if got.stamp_ns != 0:
                self.at_ns = self.clock.to_mono(got.stamp_ns, floor_ns, self.seen_ns)
            else:
                self.at_ns = self.seen_ns
            if self.tls is None:
                outcome = self.take(got.data, got.n, floor_ns)
            else:
                outcome = self.take_sealed(got.data, got.n, floor_ns)
            if outcome != GOING or not got.more:
                self.at_end = what & ENDING != 0
                return outcome

    cdef int take_sealed(self, const char* data, Py_ssize_t n, int64_t floor_ns) except -1:
        """Decrypts the bytes and takes the plain text. TLS session tickets may come without a request."""
        cdef const char* plain
        cdef Py_ssize_t size
        cdef int outcome = GOING
        try:
            self.tls.take(data, n)
            while outcome == GOING:
                plain = self.tls.open_(&size)
                if self.tls.ended:
                    return self.peer_closed() if self.state == BUSY else UNUSABLE
                if size == 0:
                    return GOING
                if self.state != BUSY:
                    return UNUSABLE
                outcome = self.take(plain, size, floor_ns)
        except ssl.SSLError as problem:
            return self.lost(BAD_HTTP, f"TLS: {problem.reason or problem}".encode())
        return outcome

    cdef bint came_early(self, int64_t sent_ns) except -1:
        """Compares the clocks again first: after a step, every stamp would look early."""
        cdef int64_t before_ns = self.clock.offset_ns
        self.clock.sync()
        self.at_ns += self.clock.offset_ns - before_ns
        if self.at_ns < sent_ns - EARLY_NS:
            return True
        self.at_ns = max(sent_ns, min(self.at_ns, self.seen_ns))
        return False

    cdef int64_t may_stay_open_ns(self) noexcept:
        """How long the body may stay open after the stream said that it ends, in ns."""
        return self.target.may_stay_open_ns(self.ended)
