"""Why generation ended: the reasons in rows and reports, and the servers' words for them."""

# FINISHES in finish.pyx has these names in lower case, without FINISH_.
cpdef enum Finish:
    FINISH_NONE = 0      # not yet
    FINISH_STOP = 1
    FINISH_LENGTH = 2
    FINISH_OTHER = 3
    FINISH_GAVE_UP = 4   # the server did not finish: the request has failed, so no row holds this


cdef Finish finish_of(const char* text, Py_ssize_t n) noexcept
