"""Finish reasons. See finish.pxd."""

# A row's `finish` is an index into this.
FINISHES = tuple(
    finish.name.removeprefix("FINISH_").lower() for finish in list(Finish) if finish != FINISH_GAVE_UP
)

# The words of all APIs; any other word is FINISH_OTHER.
cdef dict WORDS = {
    FINISH_NONE: (b"in_progress", b"queued", b"none"),
    FINISH_STOP: (b"stop", b"eos", b"eos_token", b"stop_sequence", b"end_turn", b"word", b"completed"),
    FINISH_LENGTH: (b"length", b"limit", b"max_tokens", b"incomplete", b"model_context_window_exceeded"),
    FINISH_GAVE_UP: (b"error", b"abort", b"aborted", b"failed", b"cancelled"),
}
cdef dict FINISH_OF_WORD = {word: int(finish) for finish, words in WORDS.items() for word in words}


cdef Finish finish_of(const char* text, Py_ssize_t n) noexcept:
    """The Finish that the word `text` stands for."""
    if n == 0:
        # Some servers send an empty reason in every event, where others send null.
        return FINISH_NONE
    return <Finish><int>FINISH_OF_WORD.get(text[:n].lower(), <int>FINISH_OTHER)
