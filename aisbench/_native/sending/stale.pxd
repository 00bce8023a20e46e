"""Tells a request that met a connection closed while idle, and may be sent again, from one that the server dropped."""
from libc.stdint cimport int64_t

from aisbench._native.connection cimport Connection
from aisbench._native.memory.recorder cimport Row


cdef bint met_an_idle_close(Connection connection, const Row* row, int64_t now_ns) noexcept
