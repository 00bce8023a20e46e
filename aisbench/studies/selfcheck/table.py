"""Prints a selfcheck on the console."""

from __future__ import annotations

from typing import Any

HEAD = (
    f"{'':<20}{'events/s':>10}{'req/s':>9}{'CPU':>7}{'TTFT mean':>18}{'TTFT p99':>18}{'ITL p99':>18}  verdict"
)


def selfcheck_table(result: dict[str, Any], cpus: int) -> str:
    """The steps, one per line, then the roofline. `cpus`: how many this client may use."""
    lines = ["This host as a client, with one worker and plain http. Latencies in ms: reported (true).", HEAD]
    lines += [_step_line(step) for step in result["steps"]]
    lines += [f"  {step['title']}: {reason}" for step in result["steps"] for reason in step["reasons"]]
    for step in result["steps"]:
        if step["own_lag_ms"] is not None:
            lag = step["own_lag_ms"]
            lines.append(
                f"Schedule lag at {step['title']}: p99 {lag['p99']:.2f} ms, largest {lag['max']:.2f} ms"
            )
    lines.append(
        f"Roofline of one worker: {result['events_per_s_per_worker']:,.0f} token events/s "
        f"({result['event_ns'] / 1e3:.1f} us each) or {result['requests_per_s_per_worker']:,.0f} requests/s "
        f"({result['request_ns'] / 1e3:.0f} us each); {cpus} CPU{'s' if cpus > 1 else ''}, at most one worker on each"
    )
    if cpus == 1:
        lines.append(
            "The referee and the client shared the only CPU: trust the costs, but not the rates and latencies."
        )
    return "\n".join(lines)


def _step_line(step: dict[str, Any]) -> str:
    def pair(name: str) -> str:
        reported, true = step[name]
        return f"{reported:>9.2f}{f'({true:.2f})':>9}"

    share = "?" if step["cpu_share"] is None else f"{100 * step['cpu_share']:.0f} %"
    # An answer of one token has no gaps.
    gaps = pair("itl_p99_ms") if step["itl_p99_ms"][1] > 0 else f"{'–':>18}"
    return (
        f"{step['title']:<20}{step['events_per_s']:>10,.0f}{step['requests_per_s']:>9,.0f}{share:>7}"
        f"{pair('ttft_mean_ms')}{pair('ttft_p99_ms')}{gaps}  {step['verdict']}"
    )
