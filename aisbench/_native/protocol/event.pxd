"""What an event says, and how the values found in it are taken into it.

All of it is inline, as the scanner calls it for every event; decode.pyx fills an event from orjson's values.
"""
from libc.stdint cimport int32_t, int64_t

from aisbench._native.protocol.finish cimport FINISH_NONE, Finish

cdef enum Meaning:
    NOTHING = 0
    CHUNK = 1          # a non-empty array: the event is a token chunk, with or without text
    CONTENT = 2        # a non-empty string: generated text
    REASONING = 3      # a non-empty string: generated reasoning text
    TOOL = 4           # anything non-empty: generated output, but not text
    FINISH = 5         # a string: why generation ended
    PROMPT_TOKENS = 6  # an integer
    OUTPUT_TOKENS = 7  # an integer
    FAILURE = 8        # anything but null, false and empty values: the stream reports an error
    CUMULATIVE = 9     # a string: the whole text so far
    KIND = 10          # a string that says what the event's content is: reasoning, a piece of a tool call, or text
    CACHED_TOKENS = 11 # an integer
    WRITTEN_TOKENS = 12 # an integer
    CALL = 13          # anything non-empty: generated output that is a piece of a tool call
    PART = 14          # anything non-empty: belongs to a tool call, but was not generated in this event

ctypedef struct Event:
    bint is_chunk
    bint has_tool
    bint has_failure
    bint is_cumulative      # `content` is the whole text so far
    bint is_reasoning
    bint is_call            # the content is a piece of a tool call
    Finish finish
    int32_t prompt_tokens   # -1: not given
    int32_t output_tokens
    int32_t cached_tokens
    int32_t written_tokens
    const char* content     # JSON-escaped, as it stands between its quotes
    Py_ssize_t content_bytes
    const char* reasoning
    Py_ssize_t reasoning_bytes
    const char* call        # the JSON of what CALL and PART found; several values are joined by commas
    Py_ssize_t call_bytes


cdef inline void clear(Event* event) noexcept:
    event.is_chunk = event.has_tool = event.has_failure = False
    event.is_cumulative = event.is_reasoning = event.is_call = False
    event.finish = FINISH_NONE
    event.prompt_tokens = event.output_tokens = -1
    event.cached_tokens = event.written_tokens = -1
    event.content = event.reasoning = NULL
    event.content_bytes = event.reasoning_bytes = event.call_bytes = 0


cdef inline void sort_content(Event* event) noexcept:
    """Moves the content of an event whose kind is not text to `reasoning` or `call`."""
    if event.is_reasoning and event.content_bytes > 0 and event.reasoning_bytes == 0:
        event.reasoning = event.content
        event.reasoning_bytes = event.content_bytes
        event.content_bytes = 0
    elif event.is_call and event.content_bytes > 0 and event.call_bytes == 0:
        # With its quotes.
        event.call = event.content - 1
        event.call_bytes = event.content_bytes + 2
        event.has_tool = True
        event.content_bytes = 0


cdef inline bint take_piece(Event* event, int meaning, const char* begin, Py_ssize_t n) noexcept:
    """Takes the JSON of a piece of a tool call; False if there is one already."""
    if event.call_bytes > 0:
        return False  # several choices: orjson joins them
    event.call = begin
    event.call_bytes = n
    if meaning == CALL:
        event.has_tool = True
    return True


cdef inline bint take_count(Event* event, int meaning, bint whole, int64_t total) noexcept:
    """Takes a number of the usage; False if it is not `whole` or too large. True for a number without a meaning.

    Of several numbers with one meaning, as servers give for several APIs at once, the largest counts.
    """
    cdef int32_t n
    if (
        meaning == PROMPT_TOKENS or meaning == OUTPUT_TOKENS or meaning == CACHED_TOKENS or meaning == WRITTEN_TOKENS
    ):
        if not whole or total > 0x7FFFFFFF:
            return False
        n = <int32_t>total
        if meaning == PROMPT_TOKENS:
            event.prompt_tokens = max(event.prompt_tokens, n)
        elif meaning == OUTPUT_TOKENS:
            event.output_tokens = max(event.output_tokens, n)
        elif meaning == CACHED_TOKENS:
            event.cached_tokens = max(event.cached_tokens, n)
        else:
            event.written_tokens = max(event.written_tokens, n)
        return True
    return meaning == NOTHING
