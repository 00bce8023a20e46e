"""Why two results may differ although the server was the same: only what applies to the two at hand.

What each tool does is known from its source (vllm 0.32, sglang 0.5.23, AIPerf 0.13, GuideLLM 0.8).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aisbench.studies.comparison.inputs import DIFFERENT, UNKNOWN, Inputs
from aisbench.studies.comparison.readers import aiperf, aisbench, sglang, vllm
from aisbench.studies.comparison.result import Group, ToolResult

# What vllm bench serve takes of its one thread for a streamed event (docs/measurements.md), where nothing
# was measured.
_PYTHON_CLIENT_EVENT_US = 23.0
_NOTABLE_SHARE = 0.1


@dataclass(frozen=True)
class Reason:
    """`topic` in a word or two, `text` a sentence, `touches` the metrics that it moves."""

    topic: str
    text: str
    touches: tuple[str, ...]


def reasons(baseline: Group, group: Group, inputs: Inputs) -> Iterator[Reason]:
    """In the order in which they are worth checking."""
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
        yield Reason("inputs", f"The inputs are not the same: {inputs.words}.", ("all",))
    elif inputs.status == UNKNOWN:
        yield Reason(
            "inputs",
            "That the prompts were the same cannot be shown: both need a fingerprint of the bodies, which only aisbench keeps.",
            ("all",),
        )


def endpoint(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    one, other = a.setup.api, b.setup.api
    if one and other and one != other:
        extra = ", and a chat template adds tokens to the prompt" if "chat" in (one, other) else ""
        yield Reason(
            "endpoint", f"The endpoints are not the same: {one} and {other}{extra}.", ("ttft", "input tokens")
        )
    ins = [_tokens_each(run, "total_input_tokens") for run in (a, b)]
    if ins[0] and ins[1] and abs(ins[0] - ins[1]) > 0.5:
        yield Reason(
            "prompt length",
            f"A request had {ins[0]:.1f} and {ins[1]:.1f} input tokens on average: other prompts, another count "
            "(the server's or a tokenizer's) or a chat template.",
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
        yield Reason("load", f"The load is not the same: {'; '.join(parts)}.", ("all",))
    warm = [run.setup.warmup for run in (a, b)]
    if warm[0] is not None and warm[1] is not None and warm[0] != warm[1]:
        yield Reason(
            "warm-up",
            f"{warm[0]} and {warm[1]} warm-up requests: they fill caches and open connections before the count.",
            ("ttft",),
        )
    if sglang.TOOL in (a.tool, b.tool) and a.tool != b.tool:
        yield Reason(
            "warm-up",
            "sglang's client sends one warm-up request unless told otherwise; its result does not say.",
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
            "sglang's client sends temperature 0 and ignore_eos by default; the others send a temperature only when told.",
            ("output tokens", "throughput"),
        )
    if one.ignore_eos is not None and other.ignore_eos is not None and one.ignore_eos != other.ignore_eos:
        yield Reason("sampling", "ignore_eos was set in one of the two only.", ("output tokens",))
    outs = [_tokens_each(run, "total_output_tokens") for run in (a, b)]
    if outs[0] and outs[1] and abs(outs[0] - outs[1]) > 0.01 * max(outs[0], outs[1]):
        yield Reason(
            "answer length",
            f"An answer had {outs[0]:.1f} and {outs[1]:.1f} output tokens on average: other sampling or ignore_eos, or "
            "another way to count.",
            ("e2el", "output tokens", "throughput"),
        )


def _first_token(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    one, other = a.habits.ttft_at, b.habits.ttft_at
    if one and other and one != other and "chat" in (a.setup.api, b.setup.api):
        early = a if one == "first-chunk" else b
        yield Reason(
            "first chunk",
            f"{early.tool} takes the first chunk with choices for the first token, also one that only names the role; "
            "the other waits for content. They agree where a server sends both together (vLLM) and part where the role "
            "comes at once (llama.cpp).",
            ("ttft", "itl"),
        )


_ORIGINS = {
    "send": "right before the bytes are sent",
    "slot": "before a connection is looked for, so that connecting and its own queue in the event loop count",
    "connection": "before a new connection is made for each request, so that connecting is in every TTFT",
}


def clock(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    one, other = a.habits.origin, b.habits.origin
    if one and other and one != other:
        yield Reason(
            "latency origin",
            f"Latencies begin at another moment: {a.tool} {_ORIGINS[one]}; {b.tool} {_ORIGINS[other]}.",
            ("ttft", "e2el"),
        )
    if a.habits.end and b.habits.end and a.habits.end != b.habits.end:
        late = a if a.habits.end == "done" else b
        yield Reason(
            "latency end",
            f"{late.tool} ends a request with the stream ([DONE] included), the other with the last event that has content.",
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
    hidden = f" {' and '.join(silent)} does not tell that wait." if silent else ""
    yield Reason(
        "client queue",
        "A rate and an in-flight limit: a request that the limit holds back waits in the client, and TTFT and E2EL from "
        "the send leave that out (vLLM issue 54101). The rows from plan have it in; where they are much larger, the "
        f"limit and not the server kept requests waiting.{hidden}",
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
            f"ITL is not the same thing: {a.tool}'s is the {_PER[one]}, {b.tool}'s the {_PER[other]}.",
            ("itl",),
        )
    for run in (a, b):
        if run.tool == aiperf.TOOL and a.tool != b.tool:
            yield Reason(
                "ITL",
                "AIPerf's inter-token latency is (E2EL - TTFT) / (output tokens - 1) and stands here as TPOT; its "
                "inter-chunk latency stands as ITL, where all messages of one read have one time.",
                ("itl", "tpot"),
            )
    counts = [run.habits.output_tokens for run in (a, b)]
    if counts[0] and counts[1] and counts[0] != counts[1]:
        yield Reason(
            "token count",
            f"Output tokens are counted by {counts[0]} in {a.tool} and by {counts[1]} in {b.tool}; encoding a text again "
            "need not give the tokens that made it.",
            ("output tokens", "tpot", "throughput"),
        )


def lengths(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    for run, other in ((a, b), (b, a)):
        if run.tool == sglang.TOOL and other.tool != run.tool and run.setup.length_rule:
            yield Reason(
                "range ratio",
                f"sglang's random-range-ratio means the reverse of vLLM's: here {run.setup.length_rule}, where vLLM's "
                "and aisbench's 0.0 is the fixed length.",
                ("input tokens", "output tokens"),
            )


def reader(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    """A client that reads all its streams in one Python thread, at a pace that keeps that thread busy."""
    for run, other in ((a, b), (b, a)):
        each_us = run.figures.get("cpu_us_per_token", _PYTHON_CLIENT_EVENT_US)
        share = run.figures.get("output_throughput", 0.0) * each_us / 1e6
        if run.tool == vllm.TOOL and other.tool != run.tool and share > _NOTABLE_SHARE:
            yield Reason(
                "client delay",
                f"{run.tool} reads every stream in one Python thread: at {run.figures['output_throughput']:,.0f} tokens/s and "
                f"about {each_us:.0f} us of CPU each, that is {min(share, 1):.0%} of a core, and what waits to be "
                "read is in its TTFT and ITL. aisbench takes the kernel's stamp of the arrival.",
                ("ttft", "itl"),
            )


def opening(a: ToolResult, b: ToolResult) -> Iterator[Reason]:
    """Closed loop: how the first requests leave."""
    for run, other in ((a, b), (b, a)):
        closed = run.setup.rate == math.inf and (run.setup.concurrency or 0) > 1
        if run.tool == vllm.TOOL and other.tool == aisbench.TOOL and closed:
            spaced = "" if other.habits.origin == "slot" else "; aisbench sends its first ones 0.1 ms apart"
            yield Reason(
                "opening burst",
                f"{run.tool} starts its first {run.setup.concurrency} requests at one instant, stamps each, and then opens "
                f"their connections one after another in one thread: that wait is in their TTFT{spaced}.",
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
    """What a group says of itself."""
    for run in group.runs:
        if run.verdict not in (None, "valid"):
            why = "; ".join(reason.rstrip(".") for reason in run.verdict_reasons)
            yield Reason("verdict", f"{run.path} is {run.verdict} by its own verdict: {why}.", ("all",))
        if run.figures.get("failed"):
            yield Reason(
                "failures",
                f"{run.figures['failed']:,.0f} requests failed in {run.path}; they are in no latency.",
                ("all",),
            )
        for note in run.notes:
            yield Reason("note", f"{run.path}: {note}.", ("all",))
    if group.first.tool != aisbench.TOOL:
        yield Reason(
            "client delay",
            f"{group.first.tool} does not say whether its own client kept up, so that its delays cannot be told from "
            "the server's.",
            ("all",),
        )


def _tokens_each(run: ToolResult, key: str) -> float | None:
    """Tokens a completed request had on average."""
    completed = run.figures.get("completed")
    return run.figures[key] / completed if completed and key in run.figures else None


def _plainly(value: float | None) -> str:
    return "none" if value is None else "inf" if value == math.inf else f"{value:g}"
