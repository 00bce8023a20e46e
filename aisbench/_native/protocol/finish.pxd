"""Why generation ended: the reasons that rows and reports know, and the words that servers have for them."""

# FINISHES in finish.pyx is made of it: a name there is the lower case of one here, after FINISH_.
cpdef enum Finish:
    FINISH_NONE = 0      # not yet
    FINISH_STOP = 1
    FINISH_LENGTH = 2
    FINISH_OTHER = 3
    FINISH_GAVE_UP = 4   # the server did not finish: the request has failed, and no row holds this


cdef Finish finish_of(const char* text, Py_ssize_t n) noexcept
