"""The referee: an HTTP server that measures its own TTFT, ITL and arrival times (referee.c)."""
import os

from libc.stdint cimport int64_t

cdef extern from "referee.h" nogil:
    int referee_serve(int listener, int lifeline, int64_t ttft_us, int64_t itl_us, int tokens_each)


def serve(int listener, int lifeline, int64_t ttft_us, int64_t itl_us, int tokens):
    """Serves in this thread until `lifeline` ends. Call it once per process: its state is global. Raises OSError."""
    cdef int failed
    with nogil:
        failed = referee_serve(listener, lifeline, ttft_us, itl_us, tokens)
    if failed:
        raise OSError(failed, os.strerror(failed))
