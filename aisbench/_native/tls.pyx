"""TLS on memory buffers. See tls.pxd."""
from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.buffer cimport PyBUF_READ

import ssl

cdef enum:
    # One TLS record holds at most 16 KiB.
    ROOM = 1 << 15

# As an object, so that a read does not make one.
cdef object _ROOM = ROOM
# What was opened last, of any connection: it is taken before the next is read, and thousands of connections need one.
cdef bytearray _OPENED = bytearray(ROOM)


cdef class Tls:
    """The client's side of one connection; its methods raise ssl.SSLError if TLS fails."""

    def __cinit__(self, context, str server_name):
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.session = context.wrap_bio(self.incoming, self.outgoing, server_hostname=server_name or None)
        self.write_incoming = self.incoming.write
        self.read_session = self.session.read

    cdef int take(self, const char* data, Py_ssize_t n) except -1:
        """Takes bytes from the socket; n == 0: it was closed."""
        if n == 0:
            self.incoming.write_eof()
        else:
            # For the few hundred bytes of an event, a copy costs less than a memoryview.
            self.write_incoming(PyBytes_FromStringAndSize(data, n))
        self.drained = False
        return 0

    cdef bint handshake(self) except -1:
        """Continues the handshake; True when it is done. In either case there may be bytes to send."""
        try:
            self.session.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    cdef const char* open_(self, Py_ssize_t* n) except? NULL:
        """Decrypted bytes, valid until the next call for any connection; n == 0: none yet, or, if `ended`, no more."""
        n[0] = 0
        if self.drained:
            return PyByteArray_AS_STRING(_OPENED)
        try:
            n[0] = self.read_session(_ROOM, _OPENED)
            self.ended = n[0] == 0
            # A read that leaves room has taken a whole record, and OpenSSL takes no byte of the next one
            # before it is asked to. Asking in vain, for the exception, costs more than opening a record.
            self.drained = n[0] < ROOM and self.incoming.pending == 0
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self.ended = True
        return PyByteArray_AS_STRING(_OPENED)

    cdef int seal(self, const char* data, Py_ssize_t n) except -1:
        """Encrypts `n` bytes for `outgoing_bytes`."""
        cdef Py_ssize_t at = 0
        while at < n:
            at += self.session.write(PyMemoryView_FromMemory(<char*>data + at, n - at, PyBUF_READ))
        return 0

    cdef bytes outgoing_bytes(self):
        """The bytes to send on the socket now; each is returned once."""
        return self.outgoing.read() if self.outgoing.pending else b""
