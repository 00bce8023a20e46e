"""Lines on the server under the load: whether it kept up, what was sent, and its latencies beside ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def rate_line(arrivals: dict[str, Any]) -> str:
    """Asked and sent, of what the plan has: requests, or conversations, whose turns are counted beside them."""
    asked, achieved = arrivals["asked_rate"], arrivals["achieved_rate"]
    if arrivals["counts"] == "conversations":
        return (
            f"Conversations/s     asked {asked:.2f}, begun {achieved:.2f}; "
            f"{arrivals['sent_rate']:.2f} requests (turns) sent a second"
        )
    return f"Rate (req/s)        asked {asked:.2f}, sent {achieved:.2f}"


def keeping_up_lines(found: dict[str, Any] | None) -> Iterator[str]:
    """Nothing for a server that kept up."""
    if found is not None and not found["kept_up"]:
        yield (
            f"Overload            {found['done_per_s']:.2f} of {found['asked_per_s']:.2f} req/s done, "
            f"{found['waiting_at_end']:.0f} waiting or under way when sending ended"
        )


def difference_words(pair: dict[str, Any]) -> str:
    """What network and client add to the server's mean, where both are means over the same requests."""
    if pair["difference_ms"] is not None:
        return f"network and client add {pair['difference_ms']:.2f}"
    return f"here {pair['client']['mean']:.2f} ms of {pair['client']['requests']} others, so they cannot be compared"
