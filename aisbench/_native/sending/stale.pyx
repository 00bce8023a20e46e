"""Recognises stale connections. See stale.pxd."""
from libc.stdint cimport int64_t

from aisbench._native.connection cimport Connection
from aisbench._native.memory.recorder cimport CONNECTION_RESET, Row
from aisbench._native.os.sockets cimport unacknowledged

cdef enum:
    # A request lost later than this plus two round trips was not lost because the server had closed the
    # idle connection: the server has had time to read the request.
    STALE_WITHIN_NS = 10_000_000


cdef bint met_an_idle_close(Connection connection, const Row* row, int64_t now_ns) noexcept:
    """True when the server had closed the idle connection before the request reached it.

    A client that is held up notices that late. Then it is decided by what the server's kernel acknowledged:
    nothing of a request that came after the close.
    """
    return (
        connection.error == CONNECTION_RESET
        and row.first_byte_ns == 0
        and row.reused
        and row.attempts == 1
        and (
            now_ns - row.sent_ns < STALE_WITHIN_NS + 2 * connection.connecting_ns
            or unacknowledged(connection.fd) >= connection.sent_bytes() > 0
        )
    )
