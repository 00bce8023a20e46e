"""The servers of a run, and the choice of one for each request."""
from libc.stdint cimport int64_t

# POLICIES in targets.pyx is made from these names.
cpdef enum Policy:
    ROUND_ROBIN = 0    # by ticket number
    LEAST = 1          # fewest in flight
    STICKY = 2         # by conversation


cdef class Target:
    """One server: how to reach it, and its idle connections, with the last used on top."""
    cdef readonly int index
    cdef bytes address       # a packed sockaddr, of the server or its proxy
    cdef bytes head          # the request head up to the number in the request id
    cdef bytes tunnel        # the head that asks a proxy for a tunnel; empty: no tunnel
    cdef object tls          # an ssl.SSLContext, or None
    cdef str server_name
    cdef list idle
    cdef int64_t in_flight
    # Streams that said that they end: how many bodies ended soon after, and how many stayed open.
    cdef int64_t bodies_ended
    cdef int64_t bodies_left_open

    cdef int64_t may_stay_open_ns(self, bint done) noexcept


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
