"""The server's prefix cache on the console and the page: its hits, beside what the workload repeats."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from aisbench.report.page.table import table


def prefix_cache_panel(summary: dict[str, Any]) -> str:
    """The panel as HTML; "" if the server reported no hits and the workload repeats nothing."""
    block = summary["prefix_cache"]
    if block is None:
        return ""
    told = block["server_share"] is not None or block["request_share"] is not None
    if not told and (block["workload_share"] or 0.0) < 0.01 and block["reset"] is None:
        return ""
    counted = f"{block['requests_counted']:,} requests"
    rows = [
        [title, "–" if block[name] is None else f"{100 * block[name]:.1f}", escape(source)]
        for title, name, source in (
            ("repeated by the workload", "workload_share", "its prompts, each as often as it was sent"),
            (
                "added before every prompt",
                "template_share",
                "tokens that the server counts beyond the prompt: a chat template",
            ),
            ("hits, from the server's metrics", "server_share", "all requests that it served during the run"),
            ("hits, from usage", "request_share", f"cached_tokens of {counted}"),
            ("hits not explained", "unexplained_share", "hits beyond the first two rows"),
        )
    ]
    reset = "" if block["reset"] is None else f"<p>--reset-prefix-cache: {escape(block['reset'])}.</p>"
    return (
        f'<section class="panel"><h2>Prefix cache</h2>{table(["", "% of the prompt tokens", "source"], rows, "numbers")}'
        f"{reset}"
        '<p class="hint">The server does not compute prompt tokens that it finds in its prefix cache. Hits that the '
        "workload does not explain were left by an earlier run. They make TTFT shorter than it is for users whose prompts are new.</p>"
        "</section>"
    )


def prefix_cache_lines(block: dict[str, Any] | None) -> Iterator[str]:
    """The line on the prefix cache; none if the server reported no hits and the workload repeats nothing."""
    if block is None:
        return
    hit = block["server_share"] if block["request_share"] is None else block["request_share"]
    told = [] if hit is None else [f"the server found {100 * hit:.1f} % of the prompt tokens in it"]
    if block["workload_share"] is not None and (hit is not None or block["workload_share"] >= 0.01):
        told.append(f"the workload repeats {100 * block['workload_share']:.1f} %")
    if block["reset"] is not None:
        told.append(block["reset"])
    if told:
        yield f"{'Prefix cache':<19} {', '.join(told)}"
