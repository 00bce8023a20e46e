"""Prints a run's result on the console: the table of vLLM or AISBench, further figures, and the verdict."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from aisbench.analysis.statistics.figures import percentile_name
from aisbench.metrics import BY_KEY, METRICS
from aisbench.printable import printable
from aisbench.report.prefix_cache import prefix_cache_lines
from aisbench.report.shown import APART, known, shown, ttft_bounds
from aisbench.report.text.aisbench_table import aisbench_table
from aisbench.report.text.answer_lines import answer_lines
from aisbench.report.text.load_lines import difference_words, keeping_up_lines, rate_line
from aisbench.report.text.part_lines import clock_lines, device_lines, parts, slice_lines, stages
from aisbench.report.text.session_lines import cached_share_lines, session_lines

_WIDTH = 50
_STREAMED = tuple(metric.name for metric in METRICS if metric.needs_stream)
# By metric: its short title, and the title above its figures.
_METRIC_TITLES = {
    **{metric.name: (metric.title, metric.long_title) for metric in METRICS},
    "client_queue_time": ("Client Queue Time", "Client-side Queueing"),
    "e2el_including_client_queue": ("E2EL incl. Client Queue", "Queue-inclusive End-to-end Latency"),
}
_PROBE_ROWS = {
    "probe_completed": ("Probe requests completed", "d"),
    "probe_failed": ("Probe requests failed", "d"),
    "probe_median_e2el_ms": ("Median probe E2EL (ms)", ".2f"),
    "probe_p99_e2el_ms": ("P99 probe E2EL (ms)", ".2f"),
    "probe_max_e2el_ms": ("Max probe E2EL (ms)", ".2f"),
}
_VERDICT_STYLES = {"valid": "bold green", "doubtful": "bold yellow", "invalid": "bold red"}


def vllm_table(summary: dict[str, Any], percents: Sequence[float]) -> str:
    """The table of `vllm bench serve`: labels padded to 40 characters, values left-aligned in 10, floats as .2f.

    It shows the metrics whose keys `summary` has at its top level, each with the percentiles `percents`.
    """
    lines = [f"{' Serving Benchmark Result ':=^{_WIDTH}}"]

    def add(label: str, value: float | None, form: str = ".2f") -> None:
        lines.append(f"{label + ':':<40} {shown(value, form):<10}")

    add("Successful requests", summary["completed"], "d")
    add("Failed requests", summary["failed"], "d")
    if summary["max_concurrency"] is not None:
        add("Maximum request concurrency", summary["max_concurrency"], "d")
    if summary["request_rate"] not in (None, "inf"):
        add("Request rate configured (RPS)", summary["request_rate"])
    add("Benchmark duration (s)", summary["duration"])
    add("Total input tokens", summary["total_input_tokens"], "d")
    pools = "input_sequence_throughput" in summary
    if not pools:
        add("Total generated tokens", summary["total_output_tokens"], "d")
    add("Request throughput (req/s)", summary["request_throughput"])
    if pools:
        add("Input throughput (inputs/s)", summary["input_sequence_throughput"])
    if summary["request_goodput"] is not None:
        add("Request goodput (req/s)", summary["request_goodput"])
    if not pools:
        add("Output token throughput (tok/s)", summary["output_throughput"])
    # An answer that is not streamed comes at once, so its tokens have no peak rate.
    if any(f"mean_{name}_ms" in summary for name in _STREAMED):
        add("Peak output token throughput (tok/s)", summary["max_output_tokens_per_s"])
    add("Peak concurrent requests", summary["max_concurrent_requests"])
    add("Total token throughput (tok/s)", summary["total_token_throughput"])
    if "probe_completed" in summary:
        lines.append(f"{'Probe Requests':-^{_WIDTH}}")
        for key, (label, form) in _PROBE_ROWS.items():
            add(label, summary[key], form)
    for key, (short, title) in _METRIC_TITLES.items():
        if f"mean_{key}_ms" not in summary:
            continue
        lines.append(f"{title:-^{_WIDTH}}")
        add(f"Mean {short} (ms)", summary[f"mean_{key}_ms"])
        add(f"Median {short} (ms)", summary[f"median_{key}_ms"])
        for percent in percents:
            name = percentile_name(percent)
            add(f"{name.upper()} {short} (ms)", summary[f"{name}_{key}_ms"])
    if "spec_decode_acceptance_rate" in summary:
        lines.append(f"{'Speculative Decoding':-^{_WIDTH}}")
        add("Acceptance rate (%)", summary["spec_decode_acceptance_rate"])
        add("Acceptance length", summary["spec_decode_acceptance_length"])
        add("Drafts", summary["spec_decode_num_drafts"], "d")
        add("Draft tokens", summary["spec_decode_draft_tokens"], "d")
        add("Accepted tokens", summary["spec_decode_accepted_tokens"], "d")
        rates = summary["spec_decode_per_position_acceptance_rates"]
        if rates:
            lines.append("Per-position acceptance (%):")
        for place, rate in enumerate(rates):
            add(f"  Position {place}", 100 * rate)
    lines.append("=" * _WIDTH)
    return "\n".join(lines)


def details(summary: dict[str, Any]) -> Iterator[str]:
    """The lines of the block below the table."""
    requests, in_flight, client = summary["requests"], summary["in_flight"], summary["client"]
    apart = [f"{requests[name]} {words}" for name, words in APART.items() if requests[name]]
    if apart:
        yield f"Not in the figures  {', '.join(apart)}; {requests['sent']} were sent"
    yield from _plan_lines(summary)
    limit = "no limit" if in_flight["limit"] is None else f"limit {in_flight['limit']}"
    yield f"In flight           mean {in_flight['mean']:.1f}, peak {in_flight['peak']} ({limit})"
    touched = summary["max_concurrent_requests"]
    if touched > in_flight["peak"]:
        yield (
            f"Peak concurrent     {touched:.0f} active within one second, which is vLLM's count; "
            f"at most {in_flight['peak']} were in flight at one moment"
        )
    timed = summary["timed"]
    if timed is not None:
        title = f"Within {timed['window_s']:.6g} s"
        yield (
            f"{title:<19} {timed['completed']} completed, "
            f"{timed['request_throughput']:.2f} req/s, {timed['output_throughput']:.2f} tok/s; "
            f"{timed['finished_after']} finished later, {timed['cut']} were cut off"
        )
    yield from stages(summary["stable"])
    yield from slice_lines(summary["slices"])
    arrivals = summary["arrivals"]
    if arrivals["asked_rate"] is not None:
        yield rate_line(arrivals)
    lag = client["schedule_lag_ms"]
    if lag is not None:
        own = (
            f"; p99 without waits for the limit {shown(lag['own_p99'], '.3f')}" if in_flight["limit"] else ""
        )
        yield f"Schedule lag (ms)   {named(lag, ('p50', 'p99', 'max'), '.3f')}{own}"
    yield from keeping_up_lines(summary["keeping_up"])
    yield (
        f"Client delay (ms)   {named(client['client_delay_ms'], ('p50', 'p99', 'max'), '.3f')} "
        f"(clock: {summary['clock']})"
    )
    bounds = ttft_bounds(summary)
    if "ttft_ms" in summary["metrics"] and bounds is not None:
        yield f"Mean TTFT within    {bounds[0]:.2f} to {bounds[1]:.2f} ms"
    yield from prefix_cache_lines(summary.get("prefix_cache"))
    yield from session_lines(summary)
    yield from cached_share_lines(summary["ttft_by_cached_share"])
    yield from parts(summary)
    yield from clock_lines(summary.get("nodes"))
    for key, pair in ((summary.get("server") or {}).get("reconcile") or {}).items():
        name = BY_KEY[key].title
        yield (
            f"{name + ' at server':<19} mean {shown(pair['server']['mean'])} ms over {pair['server']['requests']} requests; "
            + difference_words(pair)
        )
    yield from device_lines(summary["devices"])
    shares = [share for share in client["cpu_share"] if share is not None]
    if shares:
        yield (
            f"Client CPU          {', '.join(f'{100 * share:.0f} %' for share in shares)} of a core per worker, "
            f"{client['events_per_read']:.2f} events per read"
        )
    roofline = client["roofline"]
    if roofline is not None:
        yield (
            f"Client roofline     {100 * roofline['mean_share']:.1f} % used on average, "
            f"{100 * roofline['busiest_share']:.1f} % in the busiest second (selfcheck of {roofline['measured'][:10]})"
        )
    yield from answer_lines(summary)
    for kind, count in summary["errors"].items():
        sample = next((s for s in summary["error_samples"] if s.get("kind") == kind), None)
        message = f"  e.g. {one_line(sample['message'])}" if sample and sample.get("message") else ""
        yield f"Error {kind:<20} {count}{message}"


def _plan_lines(summary: dict[str, Any]) -> Iterator[str]:
    """Latencies from the plan, right below the table: if requests waited in the client, a user felt these."""
    for key, figures in (summary["from_plan"] or {}).items():
        title = BY_KEY[key].title
        yield f"{title} from plan (ms) {named(figures, ('mean', 'p50', 'p90', 'p99'))}"


def named(figures: dict[str, float] | None, names: tuple[str, ...], form: str = ".2f") -> str:
    return ", ".join(f"{name} {shown(known(figures, name), form)}" for name in names)


def _interval_lines(summary: dict[str, Any], percents: Sequence[float]) -> Iterator[str]:
    """The 95 % intervals of the highest percentile shown, or that there are too few requests for one."""
    if not percents:
        return
    name = percentile_name(max(percents))
    told = []
    for metric, found in summary["percentile_intervals"].items():
        between = found.get(name)
        title = BY_KEY[metric].title
        told.append(f"{title} {between[0]:.2f} to {between[1]:.2f}" if between else f"{title} unknown")
    if any(found.get(name) for found in summary["percentile_intervals"].values()):
        yield f"{name.upper() + ' within':<19} {', '.join(told)} ms (95 %)"
    elif summary["completed"]:
        yield f"{name.upper():<19} rests on only {summary['completed']} requests, so it is hardly more than their maximum"


def one_line(text: str, most: int = 120) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 3] + "..."


def verdict_lines(verdict: dict[str, Any]) -> Iterator[str]:
    """The verdict, then its reasons and notes."""
    yield f"Verdict: {verdict['status']}"
    yield from (f"  - {reason}" for reason in verdict["reasons"])
    yield from (f"  note: {note}" for note in verdict["notes"])


def render(
    summary: dict[str, Any], percents: Sequence[float], report: Path | None = None, style: str = "vllm"
) -> str:
    """The whole result as plain text.

    `percents`: the percentiles of the table. `report`: the path of the HTML report, which the last line names.
    `style`: whose table comes first, vllm or aisbench.
    """
    table = aisbench_table(summary) if style == "aisbench" else vllm_table(summary, percents)
    lines = [
        table,
        *details(summary),
        *_interval_lines(summary, percents),
        *verdict_lines(summary["verdict"]),
    ]
    if report is not None:
        lines.append(f"Report: {report}")
    # Names of models, devices and metrics come from the server, too.
    return printable("\n".join(lines))


def print_result(
    summary: dict[str, Any],
    percents: Sequence[float],
    report: Path | None = None,
    file: TextIO | None = None,
    style: str = "vllm",
) -> None:
    """Writes the text of `render` to `file` (standard output), with the verdict in colour on a terminal."""
    file = file or sys.stdout
    text = render(summary, percents, report, style)
    if not file.isatty():
        print(text, file=file)
        return
    from rich.console import Console
    from rich.text import Text

    styled = Text(text)
    styled.highlight_regex(r"(?m)^Verdict: \w+", _VERDICT_STYLES[summary["verdict"]["status"]])
    styled.highlight_regex(r"(?m)^Error .*", "red")
    Console(file=file, soft_wrap=True).print(styled)
