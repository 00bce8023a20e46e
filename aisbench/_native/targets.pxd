"""Where requests go: one server or several, and which of them a request is for."""
from libc.stdint cimport int64_t

# POLICIES in targets.pyx is made of it.
cpdef enum Policy:
    ROUND_ROBIN = 0    # by ticket
    LEAST = 1          # in flight
    STICKY = 2         # by conversation


cdef class Target:
    """One server: how it is reached, and its idle connections, the last used on top."""
    cdef readonly int index
    cdef bytes address       # a packed sockaddr: the server's, or its proxy's
    cdef bytes head          # the request head up to the number in the request id
    cdef bytes tunnel        # the head that asks a proxy for a tunnel; empty: none is needed
    cdef object tls          # an ssl.SSLContext, or None
    cdef str server_name
    cdef list idle
    cdef int64_t in_flight
    # Streams that said that they end: with the body ended soon after it, and with it left open.
    cdef int64_t bodies_ended
    cdef int64_t bodies_left_open


cdef class Targets:
    cdef list all
    cdef Policy policy
    cdef readonly bint keep_alive
    cdef list local_addresses
    cdef Py_ssize_t locals_used
    cdef Py_ssize_t ahead

    cdef Target of(self, int64_t ticket, int64_t conversation)
    cdef Target next_ahead(self)
    cdef bytes next_local(self)
    cdef Py_ssize_t idle(self)
