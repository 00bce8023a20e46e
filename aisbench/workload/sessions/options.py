"""Options of data sets whose requests belong to sessions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aisbench.options.checks import at_least, whole
from aisbench.options.option import SPAN, option
from aisbench.workload.vllm_dataset_options import LONGEST, LONGEST_S, SECTION

RECORDED = "recorded"
# Requests name the answer before them, and the server adds what was said until then.
AT_SERVER = "server"
# `answers` is the old name of `live`.
_HISTORIES = ("live", RECORDED, AT_SERVER, "answers")
_option = partial(option, section=SECTION)
_seconds = at_least(0, "seconds", most=LONGEST_S)


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class SessionOptions:
    """Fields of DatasetOptions. None: as the file says."""

    turns: int | None = _option(
        "--turns",
        check=whole(1, LONGEST),
        metavar="N",
        help="Maximum number of turns per conversation.",
    )
    think_time_s: float | None = _option(
        "--think-time",
        kind=SPAN,
        check=_seconds,
        metavar="TIME",
        help="Seconds between an answer and the next turn of a user.",
    )
    tool_latency_s: float | None = _option(
        "--tool-latency",
        kind=SPAN,
        check=_seconds,
        metavar="TIME",
        help="Seconds between an answer and a turn that brings the results of its tool calls.",
    )
    idle_gap_cap_s: float | None = _option(
        "--idle-gap-cap",
        kind=SPAN,
        check=_seconds,
        metavar="TIME",
        help="Longest pause before a turn; longer ones of the file are shortened to it, and counted.",
    )
    max_context: int | None = _option(
        "--max-context",
        check=whole(1, LONGEST),
        metavar="TOKENS",
        help="Leave out turns whose prompt and answer are longer together, and those that continue them.",
    )
    history: str | None = _option(
        "--history",
        words=_HISTORIES,
        help="Assistant messages in later turns: the server's own answers (live; old name: answers), those recorded in the file, or none, as the server itself keeps what was said (server: previous_response_id of the Responses API). Default: as usual for the file's format, mostly live.",
    )
    history_reasoning: bool = _option(
        "--history-reasoning/--no-history-reasoning",
        default=False,
        help="Keep the reasoning of answers in later turns, also that in `<think>` blocks.",
    )
