"""Reasons why two results may differ although the server was the same: only those that apply to the two at hand.

The behaviour of each tool is taken from its source (vllm 0.32, sglang 0.5.23, AIPerf 0.13, GuideLLM 0.8).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aisbench.studies.comparison.inputs import DIFFERENT, UNKNOWN, Inputs
from aisbench.studies.comparison.readers import aiperf, aisbench, sglang, vllm
from aisbench.studies.comparison.result import Group, ToolResult

# CPU time that vllm bench serve's one thread takes for a streamed event (docs/measurements.md), used where the result
# has no measured one.
_PYTHON_CLIENT_EVENT_US = 23.0
_NOTABLE_SHARE = 0.1


@dataclass(frozen=True)
class Reason:
    """`topic`: a word or two; `text`: a sentence or more; `touches`: the metrics that it affects."""

    topic: str
    text: str
    touches: tuple[str, ...]


def reasons(baseline: Group, group: Group, inputs: Inputs) -> Iterator[Reason]:
    """The reasons that apply, the most important first."""
    first, second = baseline.first, group.first
    yield from _input_reasons(first, second, inputs)
    for rule in _RULES:
        yield from rule(first, second)
    told: set[str] = set()
    for reason in (*_side_reasons(baseline), *_side_reasons(group)):
        if reason.text not in told:
            yield reason
        told.add(reason.text)


def _input_reasons(a: ToolResult, b: ToolResult, inputs: Inputs) -> Iterator[Reason]:
    if inputs.status == DIFFERENT:
        yield Reason("inputs", f"The inputs differ: {inputs.words}.", ("all",))
    elif inputs.status == UNKNOWN:
        yield Reason(
            "inputs",
            "It cannot be shown that the prompts were the same: that takes a fingerprint of the bodies on both sides, and only "
            "aisbench keeps one.",
            ("all",),
        )


def endpoint(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    one, other = a.setup.api, b.setup.api
    if one and other and one != other:
        extra = ", and a chat template adds tokens to the prompt" if "chat" in (one, other) else ""
        yield Reason("endpoint", f"The endpoints differ: {one} and {other}{extra}.", ("ttft", "input tokens"))
    ins = [_tokens_each(run, "total_input_tokens") for run in (a, b)]
    if ins[0] and ins[1] and abs(ins[0] - ins[1]) > 0.5:
        yield Reason(
            "prompt length",
            f"A request had {ins[0]:.1f} and {ins[1]:.1f} input tokens on average: the prompts, the way to count (the "
            "server's usage or a tokenizer) or the chat template differ.",
            ("ttft", "throughput"),
        )


def load(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    parts = []
    for name, one, other in (
        ("rate", a.setup.rate, b.setup.rate),
        ("burstiness", a.setup.burstiness, b.setup.burstiness),
        ("in-flight limit", a.setup.concurrency, b.setup.concurrency),
        ("requests", a.setup.num_requests, b.setup.num_requests),
    ):
        closed = name == "burstiness" and all(run.setup.rate == math.inf for run in (a, b))
        if one != other and not closed and (name == "in-flight limit" or None not in (one, other)):
            parts.append(f"{name} {_plainly(one)} and {_plainly(other)}")
    if parts:
        yield Reason("load", f"The load differs: {'; '.join(parts)}.", ("all",))
    warm = [run.setup.warmup for run in (a, b)]
    if warm[0] is not None and warm[1] is not None and warm[0] != warm[1]:
        yield Reason(
            "warm-up",
            f"There were {warm[0]} and {warm[1]} warm-up requests, which fill caches and open connections beforehand.",
            ("ttft",),
        )
    if sglang.TOOL in (a.tool, b.tool) and a.tool != b.tool:
        yield Reason(
            "warm-up",
            "sglang's client sends one warm-up request by default; its result does not say whether it did.",
            ("ttft",),
        )


def sampling(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    one, other = a.setup, b.setup
    if one.sampling is not None and other.sampling is not None and one.sampling != other.sampling:
        yield Reason(
            "sampling",
            f"Sampling parameters differ: {one.sampling or 'none'} and {other.sampling or 'none'}.",
            ("all",),
        )
    elif sglang.TOOL in (a.tool, b.tool) and a.tool != b.tool:
        yield Reason(
            "sampling",
            "sglang's client sends temperature 0 and ignore_eos by default; the others send a temperature only if it is set.",
            ("output tokens", "throughput"),
        )
    if one.ignore_eos is not None and other.ignore_eos is not None and one.ignore_eos != other.ignore_eos:
        yield Reason("sampling", "ignore_eos was set in only one of the two.", ("output tokens",))
    outs = [_tokens_each(run, "total_output_tokens") for run in (a, b)]
    if outs[0] and outs[1] and abs(outs[0] - outs[1]) > 0.01 * max(outs[0], outs[1]):
        yield Reason(
            "answer length",
            f"An answer had {outs[0]:.1f} and {outs[1]:.1f} output tokens on average: sampling, ignore_eos or the way to "
            "count differs.",
            ("e2el", "output tokens", "throughput"),
        )


def _first_token(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    one, other = a.habits.ttft_at, b.habits.ttft_at
    if one and other and one != other and "chat" in (a.setup.api, b.setup.api):
        early = a if one == "first-chunk" else b
        yield Reason(
            "first chunk",
            f"{early.tool} counts the first chunk with choices as the first token, even if it only names the role; the "
            "other waits for content. Both agree on a server that sends the role with the first token (vLLM), but not on "
            "one that sends the role at once (llama.cpp).",
            ("ttft", "itl"),
        )


_ORIGINS = {
    "send": "right before the bytes are sent",
    "slot": "before a connection is found, so that connecting and waiting in its event loop count",
    "connection": "before a new connection is opened for each request, so that every TTFT includes connecting",
}


def clock(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    one, other = a.habits.origin, b.habits.origin
    if one and other and one != other:
        yield Reason(
            "latency origin",
            f"Latencies begin at different moments: in {a.tool} {_ORIGINS[one]}; in {b.tool} {_ORIGINS[other]}.",
            ("ttft", "e2el"),
        )
    if a.habits.end and b.habits.end and a.habits.end != b.habits.end:
        late = a if a.habits.end == "done" else b
        yield Reason(
            "latency end",
            f"{late.tool} ends a request at the end of the stream, [DONE] included; the other at the last event with content.",
            ("e2el", "tpot"),
        )


def queue(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    capped = [
        run
        for run in (a, b)
        if run.setup.rate is not None and math.isfinite(run.setup.rate) and run.setup.concurrency
    ]
    if not capped:
        return
    silent = [run.tool for run in capped if not run.habits.tells_queue]
    hidden = f" {' and '.join(silent)} does not report that wait." if silent else ""
    yield Reason(
        "client queue",
        "With a rate and an in-flight limit, a request that the limit holds back waits in the client. TTFT and E2EL from "
        "the send leave that wait out (vLLM issue 54101); the rows from plan include it. If those are much larger, the "
        f"limit kept requests waiting, not the server.{hidden}",
        ("ttft", "e2el"),
    )


_PER = {
    "chunk": "gap between chunks",
    "token": "gap divided by the tokens in it",
    "request": "mean gap of a request",
}


def tokens(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    one, other = a.habits.itl_per, b.habits.itl_per
    if one and other and one != other:
        yield Reason(
            "ITL",
            f"ITL means different things: in {a.tool} it is the {_PER[one]}, in {b.tool} the {_PER[other]}.",
            ("itl",),
        )
    for run in (a, b):
        if run.tool == aiperf.TOOL and a.tool != b.tool:
            yield Reason(
                "ITL",
                "AIPerf's inter-token latency is (E2EL - TTFT) / (output tokens - 1) and is shown here as TPOT. Its "
                "inter-chunk latency is shown as ITL; it gives all messages of one read the same time.",
                ("itl", "tpot"),
            )
    counts = [run.habits.output_tokens for run in (a, b)]
    if counts[0] and counts[1] and counts[0] != counts[1]:
        yield Reason(
            "token count",
            f"Output tokens are counted by {counts[0]} in {a.tool} and by {counts[1]} in {b.tool}; encoding a text again "
            "does not always give the tokens that it was made of.",
            ("output tokens", "tpot", "throughput"),
        )


def lengths(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    for run, other in ((a, b), (b, a)):
        if run.tool == sglang.TOOL and other.tool != run.tool and run.setup.length_rule:
            yield Reason(
                "range ratio",
                f"sglang's random-range-ratio means the reverse of vLLM's: its lengths here are {run.setup.length_rule}. "
                "In vLLM and aisbench 0.0 gives fixed lengths.",
                ("input tokens", "output tokens"),
            )


def reader(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    """A client that reads all streams in one Python thread, and enough tokens to keep that thread busy."""
    for run, other in ((a, b), (b, a)):
        each_us = run.figures.get("cpu_us_per_token", _PYTHON_CLIENT_EVENT_US)
        share = run.figures.get("output_throughput", 0.0) * each_us / 1e6
        if run.tool == vllm.TOOL and other.tool != run.tool and share > _NOTABLE_SHARE:
            yield Reason(
                "client delay",
                f"{run.tool} reads every stream in one Python thread: {run.figures['output_throughput']:,.0f} tokens/s at "
                f"about {each_us:.0f} us of CPU each are {min(share, 1):.0%} of a core, and its TTFT and ITL include "
                "the time that tokens wait to be read. aisbench uses the kernel's stamp of their arrival.",
                ("ttft", "itl"),
            )


def opening(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    """How the first requests of a closed loop leave."""
    for run, other in ((a, b), (b, a)):
        closed = run.setup.rate == math.inf and (run.setup.concurrency or 0) > 1
        if run.tool == vllm.TOOL and other.tool == aisbench.TOOL and closed:
            spaced = (
                "" if other.habits.origin == "slot" else "; aisbench sends its first requests 0.1 ms apart"
            )
            yield Reason(
                "opening burst",
                f"{run.tool} starts its first {run.setup.concurrency} requests at one instant, stamps each, and then opens "
                f"their connections one after another in one thread. Their TTFT includes that wait{spaced}.",
                ("ttft", "e2el"),
            )


_RULES: tuple[Callable[[ToolResult, ToolResult], Iterator[Reason]], ...] = (
    endpoint,
    load,
    sampling,
    lengths,
    _first_token,
    clock,
    queue,
    tokens,
    opening,
    reader,
)


def _side_reasons(group: Group) -> Iterator[Reason]:
    """Reasons from one group alone: the verdict, failures and notes of its runs."""
    for run in group.runs:
        if run.verdict not in (None, "valid"):
            why = "; ".join(reason.rstrip(".") for reason in run.verdict_reasons)
            yield Reason("verdict", f"The verdict of {run.path} is {run.verdict}: {why}.", ("all",))
        if run.figures.get("failed"):
            yield Reason(
                "failures",
                f"{run.figures['failed']:,.0f} requests failed in {run.path}; no latency includes them.",
                ("all",),
            )
        for note in run.notes:
            yield Reason("note", f"{run.path}: {note}.", ("all",))
    if group.first.tool != aisbench.TOOL:
        yield Reason(
            "client delay",
            f"{group.first.tool} does not say whether its own client kept up, so its delays cannot be told apart from "
            "the server's.",
            ("all",),
        )


def _tokens_each(run: ToolResult, key: str) -> float | None:
    """Mean tokens of a completed request, by the figure `key`."""
    completed = run.figures.get("completed")
    return run.figures[key] / completed if completed and key in run.figures else None


def _plainly(value: float | None) -> str:
    return "none" if value is None else "inf" if value == math.inf else f"{value:g}"
