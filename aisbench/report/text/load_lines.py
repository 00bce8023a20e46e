"""Console lines on the load: target and sent rate, whether the server kept up, and its latencies beside the client's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def rate_line(arrivals: dict[str, Any]) -> str:
    """Target and sent rate of requests; in runs with conversations, of conversations, with the rate of their turns."""
    target, achieved = arrivals["asked_rate"], arrivals["achieved_rate"]
    if arrivals["counts"] == "conversations":
        return (
            f"Conversations/s     target {target:.2f}, started {achieved:.2f}; "
            f"{arrivals['sent_rate']:.2f} requests (turns) sent per second"
        )
    return f"Rate (req/s)        target {target:.2f}, sent {achieved:.2f}"


def keeping_up_lines(found: dict[str, Any] | None) -> Iterator[str]:
    """The line on a server that did not keep up; none if it did."""
    if found is not None and not found["kept_up"]:
        yield (
            f"Overload            {found['done_per_s']:.2f} of {found['asked_per_s']:.2f} req/s completed, "
            f"{found['waiting_at_end']:.0f} waiting or in progress when sending ended"
        )


def difference_words(pair: dict[str, Any]) -> str:
    """The difference between the server's mean and the client's, or why the two cannot be compared."""
    if pair["difference_ms"] is not None:
        return f"network and client add {pair['difference_ms']:.2f} ms"
    return f"{pair['client']['mean']:.2f} ms over {pair['client']['requests']} here; not the same requests, so not comparable"
