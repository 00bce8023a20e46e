"""The tables of AISBench: one of what requests had, one of the whole run, in its words and order.

Definitions: AISBench's documentation of its performance results. OutputTokenThroughput of a request is
its output tokens / E2EL, PrefillTokenThroughput its input tokens / TTFT, Concurrency sum(E2EL) /
duration. What whole answers do not show (TTFT, TPOT, ITL, prefill) is left out.
"""

from __future__ import annotations

from typing import Any

COLUMNS = ("Average", "Min", "Max", "Median", "P75", "P90", "P99")
KEYS = ("mean", "min", "max", "median", "p75", "p90", "p99")
LATENCIES = (("E2EL", "e2el_ms"), ("TTFT", "ttft_ms"), ("TPOT", "tpot_ms"), ("ITL", "itl_ms"))


def aisbench_table(summary: dict[str, Any]) -> str:
    """Both tables as plain text."""
    return "\n".join([*requests_table(summary), *common_table(summary)])


def requests_table(summary: dict[str, Any]) -> list[str]:
    of_requests, of_users = summary["per_request"], summary["per_user"]
    metrics: list[tuple[str, dict[str, float], str]] = [
        (title, summary["metrics"][name], " ms") for title, name in LATENCIES if name in summary["metrics"]
    ]
    metrics += [
        ("InputTokens", of_requests["input_tokens"], ""),
        ("OutputTokens", of_requests["output_tokens"], ""),
        ("OutputTokenThroughput", of_requests["output_tokens_per_s"], " token/s"),
    ]
    if "prefill_tokens_per_s" in of_users:
        metrics.append(("PrefillTokenThroughput", of_users["prefill_tokens_per_s"], " token/s"))
    rows = [
        [title, "total", *(f"{value(found[key])}{unit}" for key in KEYS), str(int(found["count"]))]
        for title, found, unit in metrics
    ]
    return boxed(["Performance Parameters", "Stage", *COLUMNS, "N"], rows)


def common_table(summary: dict[str, Any]) -> list[str]:
    seconds = summary["duration"]
    latency_s = summary["metrics"]["e2el_ms"]["mean"] * summary["completed"] / 1e3
    limit = summary["in_flight"]["limit"]

    def a_second(count: float, unit: str) -> str:
        return f"{value(count / seconds if seconds > 0 else 0.0)} {unit}"

    rows = [
        ["Benchmark Duration", f"{value(seconds * 1e3)} ms"],
        ["Total Requests", str(summary["completed"] + summary["failed"])],
        ["Failed Requests", str(summary["failed"])],
        ["Success Requests", str(summary["completed"])],
        ["Concurrency", value(latency_s / seconds if seconds > 0 else 0.0)],
        ["Max Concurrency", "no limit" if limit is None else str(limit)],
        ["Request Throughput", f"{value(summary['request_throughput'])} req/s"],
        ["Total Input Tokens", str(summary["total_input_tokens"])],
    ]
    prefill = summary["per_user"].get("prefill_tokens_per_s")
    if prefill is not None:
        rows.append(["Prefill Token Throughput", f"{value(prefill['mean'])} token/s"])
    rows += [
        ["Total generated tokens", str(summary["total_output_tokens"])],
        ["Input Token Throughput", a_second(summary["total_input_tokens"], "token/s")],
        ["Output Token Throughput", f"{value(summary['output_throughput'])} token/s"],
        ["Total Token Throughput", f"{value(summary['total_token_throughput'])} token/s"],
    ]
    return boxed(["Common Metric", "Stage", "Value"], [[name, "total", shown] for name, shown in rows])


def value(number: float) -> str:
    """At most four decimals, as AISBench rounds."""
    return f"{round(number, 4):g}" if abs(number) < 1e5 else f"{number:.1f}"


def boxed(head: list[str], rows: list[list[str]]) -> list[str]:
    """A table with lines around, each column as wide as its widest cell."""
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
