"""Options of the data sets `trace` and `timed_trace`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aisbench.options.checks import above, at_least, whole
from aisbench.options.option import SPAN, option
from aisbench.workload.vllm_dataset_options import LONGEST, LONGEST_S, SECTION, TRACE

FORMATS = ("mooncake", "azure", "burstgpt", "bailian", "weka")
# When a later turn of a session is sent.
AT_TIMES, AFTER_PAUSES, ALONE = "recorded", "pauses", "alone"
# What a line of a session holds.
NEW, WHOLE = "new", "whole"
_option = partial(option, section=SECTION)
_seconds = at_least(0, "seconds", most=LONGEST_S)


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class TraceOptions:
    """Fields of DatasetOptions. None: as usual for the trace's format."""

    trace_format: str | None = _option(
        "--trace-format",
        words=FORMATS,
        help="Format of the trace. Default: detected from the file.",
    )
    block_size: int | None = _option(
        "--block-size",
        check=whole(1, LONGEST),
        metavar="TOKENS",
        help="Tokens per hash id of a trace; with --prefix-hit-rate, tokens per block of the server's prefix cache, by default 16.",
        scoped={"--timed-trace-chunk-hash-size": TRACE},
    )
    speedup: float = _option(
        "--speedup",
        default=1.0,
        check=above(0),
        help="Factor by which a trace is sped up.",
    )
    trace_start_s: float | None = _option(
        "--trace-start",
        kind=SPAN,
        check=_seconds,
        metavar="TIME",
        help="Leave out what a trace recorded before this time, counted from its first request.",
    )
    trace_end_s: float | None = _option(
        "--trace-end",
        kind=SPAN,
        check=above(0, "seconds"),
        metavar="TIME",
        help="Leave out what a trace recorded from this time on, counted from its first request.",
    )
    trace_prompts: str = _option(
        "--trace-prompts",
        default=NEW,
        words=(NEW, WHOLE),
        help="What the lengths in a line with a session_id are of: what is new in this turn, as AIPerf reads them, or the "
        "whole prompt.",
    )
    turn_times: str | None = _option(
        "--turn-times",
        words=(AT_TIMES, AFTER_PAUSES, ALONE),
        help="When the later turns of a trace's session are sent: at their recorded times, or when the answers before "
        "them have come, if that is later; after the recorded pauses from those answers; or alone, every request at "
        "its own time, whether or not there are answers.",
    )
