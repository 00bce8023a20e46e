"""AISBench's two tables, one of the requests and one of the run, with its names and order.

The definitions are those of AISBench's documentation: OutputTokenThroughput is a request's output tokens / E2EL,
PrefillTokenThroughput its input tokens / TTFT, Concurrency sum(E2EL) / duration. TTFT, TPOT, ITL and prefill are
left out if answers were not streamed.
"""

from __future__ import annotations

from typing import Any

from aisbench.metrics import BY_NAME, NAMES

_COLUMNS = ("Average", "Min", "Max", "Median", "P75", "P90", "P99")
_KEYS = ("mean", "min", "max", "median", "p75", "p90", "p99")
# AISBench's latencies in its order, then those that it does not have.
_FIRST = ("e2el", "ttft", "tpot", "itl")
LATENCIES = tuple(
    (BY_NAME[name].title, BY_NAME[name].key)
    for name in (*_FIRST, *(n for n in NAMES if n not in _FIRST and BY_NAME[n].headline))
)
_UNITS = {
    **{title: " ms" for title, _ in LATENCIES},
    **dict.fromkeys(("InputTokens", "OutputTokens"), ""),
    **dict.fromkeys(("OutputTokenThroughput", "PrefillTokenThroughput"), " token/s"),
}


Rows = list[list[str]]


def aisbench_table(summary: dict[str, Any]) -> str:
    """Both tables as plain text."""
    of_requests, of_run = aisbench_rows(summary)
    return "\n".join([*_boxed(*of_requests), *_boxed(*of_run)])


def aisbench_rows(summary: dict[str, Any]) -> tuple[tuple[list[str], Rows], tuple[list[str], Rows]]:
    """Head and rows of the table of requests and of that of the run: the whole run, and its stable stage if it has one."""
    stages = {"total": _whole_run(summary)}
    if summary["stable"]["aisbench"]["window_ms"] is not None:
        stages["stable"] = _stable_stage(summary)
    return (
        (["Performance Parameters", "Stage", *_COLUMNS, "N"], _requests_rows(stages)),
        (["Common Metric", "Stage", "Value"], _common_rows(stages)),
    )


def _whole_run(summary: dict[str, Any]) -> dict[str, Any]:
    """The stage `total`: the summary with the in-flight limit as `limit`."""
    return {**summary, "limit": summary["in_flight"]["limit"]}


def _stable_stage(summary: dict[str, Any]) -> dict[str, Any]:
    stage = summary["stable"]["aisbench"]
    begin_ms, end_ms = stage["window_ms"]
    return {**stage, "duration": (end_ms - begin_ms) / 1e3, "limit": summary["in_flight"]["limit"]}


def _requests_rows(stages: dict[str, dict[str, Any]]) -> Rows:
    """A row for each metric and stage. ITL has only the whole run, because its histogram is not split by stage."""
    told = {name: request_metrics(stage) for name, stage in stages.items()}
    return [
        [
            title,
            name,
            *(measured(found[title][key], _UNITS[title]) for key in _KEYS),
            str(int(found[title]["count"])),
        ]
        for title in told["total"]
        for name, found in told.items()
        if title in found
    ]


def request_metrics(stage: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The figures of describe() by the rows' titles."""
    metrics, of_requests = stage["metrics"], stage["per_request"]
    found = {title: metrics[name] for title, name in LATENCIES if name in metrics}
    found["InputTokens"] = of_requests["input_tokens"]
    found["OutputTokens"] = of_requests["output_tokens"]
    found["OutputTokenThroughput"] = of_requests["output_tokens_per_s"]
    if "prefill_tokens_per_s" in stage["per_user"]:
        found["PrefillTokenThroughput"] = stage["per_user"]["prefill_tokens_per_s"]
    return found


def _common_rows(stages: dict[str, dict[str, Any]]) -> Rows:
    told = {name: _common_metrics(stage) for name, stage in stages.items()}
    return [[title, name, found[title]] for title in told["total"] for name, found in told.items()]


def _common_metrics(stage: dict[str, Any]) -> dict[str, str]:
    seconds, limit = stage["duration"], stage["limit"]

    def a_second(count: float) -> float:
        return count / seconds if seconds > 0 else 0.0

    # Requests may outlast the stage in which they start. AISBench then shows the limit.
    concurrency = a_second((stage["metrics"]["e2el_ms"]["mean"] or 0.0) * stage["completed"] / 1e3)
    shown = {
        "Benchmark Duration": f"{value(seconds * 1e3)} ms",
        "Total Requests": str(stage["completed"] + stage["failed"]),
        "Failed Requests": str(stage["failed"]),
        "Success Requests": str(stage["completed"]),
        "Concurrency": value(concurrency if limit is None else min(concurrency, limit)),
        "Max Concurrency": "no limit" if limit is None else str(limit),
        "Request Throughput": f"{value(stage['request_throughput'])} req/s",
        "Total Input Tokens": str(stage["total_input_tokens"]),
    }
    prefill = stage["per_user"].get("prefill_tokens_per_s")
    if prefill is not None:
        shown["Prefill Token Throughput"] = f"{value(prefill['mean'])} token/s"
    return shown | {
        "Total generated tokens": str(stage["total_output_tokens"]),
        "Input Token Throughput": f"{value(a_second(stage['total_input_tokens']))} token/s",
        "Output Token Throughput": f"{value(stage['output_throughput'])} token/s",
        "Total Token Throughput": f"{value(stage['total_token_throughput'])} token/s",
    }


def value(number: float | None) -> str:
    """At most four decimals, as in AISBench; a dash if not measured."""
    if number is None:
        return "-"
    return f"{round(number, 4):g}" if abs(number) < 1e5 else f"{number:.1f}"


def measured(number: float | None, unit: str) -> str:
    return value(number) + (unit if number is not None else "")


def _boxed(head: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a table with borders. Each column is as wide as its widest cell."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(left: str, fill: str, between: str, right: str) -> str:
        return left + between.join(fill * (width + 2) for width in widths) + right

    def cells(row: list[str]) -> str:
        return "│" + "│".join(f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True)) + "│"

    lines = [line("╒", "═", "╤", "╕"), cells(head), line("╞", "═", "╪", "╡")]
    for i, row in enumerate(rows):
        lines += [line("├", "─", "┼", "┤")] if i else []
        lines.append(cells(row))
    return [*lines, line("╘", "═", "╧", "╛")]
