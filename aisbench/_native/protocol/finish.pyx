"""Finish reasons. See finish.pxd."""

# What a row's `finish` is an index into.
FINISHES = tuple(
    finish.name.removeprefix("FINISH_").lower() for finish in list(Finish) if finish != FINISH_GAVE_UP
)

# In the words of all APIs; any other is FINISH_OTHER.
cdef dict WORDS = {
    FINISH_NONE: (b"in_progress", b"queued", b"none"),
    FINISH_STOP: (b"stop", b"eos", b"eos_token", b"stop_sequence", b"end_turn", b"word", b"completed"),
    FINISH_LENGTH: (b"length", b"limit", b"max_tokens", b"incomplete"),
    FINISH_GAVE_UP: (b"error", b"abort", b"aborted", b"failed", b"cancelled"),
}
cdef dict FINISH_OF_WORD = {word: int(finish) for finish, words in WORDS.items() for word in words}


cdef Finish finish_of(const char* text, Py_ssize_t n) noexcept:
    """What the finish reason `text` comes to."""
    if n == 0:
        # Some servers say so in every event, where others have null.
        return FINISH_NONE
    return <Finish><int>FINISH_OF_WORD.get(text[:n].lower(), <int>FINISH_OTHER)
