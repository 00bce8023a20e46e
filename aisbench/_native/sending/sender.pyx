"""Sends what is due. See sender.pxd."""
from libc.stdint cimport int64_t

from aisbench._native.os.clock cimport mono_ns
from aisbench._native.sending.sessions cimport Sessions
from aisbench._native.tickets cimport DUE, LATER, NO_SLOT, OVER, Offer
from aisbench._native.wakers cimport PREFILLS, SLOTS

cdef enum:
    # Sockets are drained again after this many sends in a row.
    SENDS_BETWEEN_READS = 8


cdef class Sender:
    cdef int drain(self) except -1:
        """Reads every socket that is ready; the subclass knows how."""
        raise NotImplementedError

    cdef int pump(self) except -1:
        """Sends what is due and allowed by the limits, and sets the time of the next wake."""
        cdef Sessions sessions = self.requests.sessions
        cdef int64_t wake_ns
        self.requests.abort_due(mono_ns())
        self.requests.ask_waiting()
        if sessions is not None:
            if self.tickets.is_past_deadline(mono_ns()):
                self.stop_sending()
            self.requests.ask_next_turns(mono_ns())
        if sessions is not None and sessions.in_line():
            # Turns go before new conversations.
            self.watch_slots(sessions.lack)
            wake_ns = -1
        else:
            wake_ns = self.send_due()
        self.wakers.watch(PREFILLS, self.requests.prefills.watched_fd())
        wake_ns = earlier(wake_ns, self.requests.aborts.next_ns())
        if sessions is not None:
            wake_ns = earlier(wake_ns, sessions.next_due_ns())
        if wake_ns >= 0:
            self.wakers.wake_at(wake_ns)
        return 0

    cdef int64_t send_due(self) except -2:
        """Sends the tickets that are due; returns when the next one is due, or -1 if that is not known."""
        cdef Offer offer
        cdef int sends = 0
        while True:
            offer = self.tickets.next(mono_ns())
            self.watch_slots(offer)
            if offer == OVER:
                self.stop_sending()
            if offer != DUE:
                return self.tickets.planned_ns if offer == LATER else -1
            self.requests.ask(self.tickets.hand_out(), self.tickets.planned_ns, self.tickets.taken_ns)
            sends += 1
            if sends % SENDS_BETWEEN_READS == 0:
                self.drain()

    cdef int watch_slots(self, Offer offer) except -1:
        return self.wakers.watch(SLOTS, self.tickets.slots_fd() if offer == NO_SLOT else -1)

    cdef int stop_sending(self) except -1:
        """Takes no more tickets and sends no more turns; what waits to be sent is given up."""
        self.tickets.exhaust()
        self.requests.prefills.clear(self.tickets)
        if self.requests.sessions is not None:
            self.requests.sessions.end()
        self.wakers.watch(SLOTS, -1)
        self.wakers.watch(PREFILLS, -1)
        return 0


cdef int64_t earlier(int64_t a, int64_t b) noexcept:
    """The earlier of two times; -1: there is none."""
    if a < 0 or b < 0:
        return a if b < 0 else b
    return a if a < b else b
