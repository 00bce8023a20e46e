"""The server's prefix cache on the console and the page: its hits, beside what the workload repeats and why they differ."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from aisbench.report.page.table import said, table

_SIZES_FROM = {"metrics": "its metrics", "option": "--cache-tokens"}
_TOKENS_FROM = {
    "token ids": "They count the token ids that were sent.",
    "tokenizer": "They count the tokens of --tokenizer.",
    "words": "They count words, as the server does.",
    "text": "They count pieces of text of equal length, as many as the server counted tokens; --tokenizer counts its real ones.",
}
_INDENT = " " * 20


def prefix_cache_panel(summary: dict[str, Any]) -> str:
    """The panel as HTML; "" if the server reported no hits and the workload repeats nothing."""
    block = summary["prefix_cache"]
    if block is None or not _says_anything(block):
        return ""
    rows = [[title, _percent(share), escape(source)] for title, share, source in _rows(block)]
    reset = "" if block["reset"] is None else f"<p>--reset-prefix-cache: {escape(block['reset'])}.</p>"
    theory = block.get("theory")
    head = "<h2>Prefix cache</h2>"
    if theory is not None:
        head = f'<div class="bar">{head}<span class="buttons"><button type="button" data-csv="cache">CSV</button></span></div>'
    return (
        f'<section class="panel">{head}'
        f"{table(['', '% of the prompt tokens', 'source'], rows, 'numbers')}{_theory(theory)}{reset}"
        '<p class="hint">The server does not compute prompt tokens that it finds in its prefix cache. Hits that the '
        "workload does not explain were left by an earlier run. They make TTFT shorter than it is for users whose prompts are new.</p>"
        "</section>"
    )


def _says_anything(block: dict[str, Any]) -> bool:
    told = block["server_share"] is not None or block["request_share"] is not None
    return told or (block["workload_share"] or 0.0) >= 0.01 or block["reset"] is not None


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _rows(block: dict[str, Any]) -> Iterator[tuple[str, float | None, str]]:
    """Titles, shares and sources, from what the workload repeats to what was found."""
    theory = block.get("theory")
    if theory is None:
        yield "repeated by the workload", block["workload_share"], "its prompts, each as often as it was sent"
    else:
        yield (
            "repeated by the workload",
            theory["repeated_share"],
            "the beginning of an earlier prompt or its answer",
        )
        yield (
            "in an endless cache",
            theory["endless_share"],
            f"whole blocks of {theory['block_tokens']} tokens ({_block_from(theory)})",
        )
        yield "in a cache of its size (LRU)", theory["lru_share"], _size(theory)
        if theory["spread_over"] is not None:
            yield (
                "spread at random",
                theory["spread_share"],
                f"over {theory['spread_over']} caches, each with its part of the requests",
            )
    yield (
        "added before every prompt",
        block["template_share"],
        "tokens that the server counts beyond the prompt: a chat template",
    )
    yield (
        "hits, from the server's metrics",
        block["server_share"],
        "all requests that it served during the run",
    )
    yield (
        "hits, from usage",
        block["request_share"],
        f"cached_tokens of {block['requests_counted']:,} requests",
    )
    yield "hits not explained", block["unexplained_share"], "hits beyond the workload and the template"


def _block_from(theory: dict[str, Any]) -> str:
    names = {
        "metrics": "from its metrics",
        "option": "--cache-block",
        "default": "the default; --cache-block",
    }
    return names[theory["block_from"]]


def _size(theory: dict[str, Any]) -> str:
    if theory["cache_tokens"] is None:
        return "its size is not known; --cache-tokens gives it"
    return f"{theory['cache_tokens']:,} tokens, from {_SIZES_FROM[theory['cache_from']]}"


def _theory(theory: dict[str, Any] | None) -> str:
    """The causes, the chart over time, the servers, and how the theory was computed."""
    if theory is None:
        return ""
    causes = "".join(f"<li>{said(cause['text'])}</li>" for cause in theory["causes"])
    sampled = f" Only the first {theory['requests']:,} requests were looked at." if theory["sampled"] else ""
    return (
        f"{f'<ul>{causes}</ul>' if causes else ''}{_servers(theory['servers'])}"
        '<div id="cache" class="chart short" hidden></div>'
        f'<p class="hint">The lines show the share of the prompt tokens found, by the time of sending. Where that of the server '
        "lies below that of its size, requests met another cache or came too early. The caches in theory get the prompts of this "
        f"run in the order in which they were sent. {_TOKENS_FROM[theory['tokens_from']]}"
        f"{sampled}</p>"
    )


def _servers(servers: list[dict[str, Any]] | None) -> str:
    if servers is None:
        return ""
    rows = [
        [
            escape(one["url"]),
            *map(_percent, (one["endless_share"], one["lru_share"], one["actual_share"])),
            f"{one['requests']:,}",
        ]
        for one in servers
    ]
    return table(
        ["% of its prompt tokens", "endless", "its size (LRU)", "found", "requests"], rows, "numbers"
    )


def prefix_cache_lines(block: dict[str, Any] | None) -> Iterator[str]:
    """The lines on the prefix cache; none if the server reported no hits and the workload repeats nothing."""
    if block is None:
        return
    hit = block["server_share"] if block["request_share"] is None else block["request_share"]
    told = [] if hit is None else [f"the server found {100 * hit:.1f} % of the prompt tokens in it"]
    theory = block.get("theory")
    repeated = block["workload_share"] if theory is None else theory["repeated_share"]
    if repeated is not None and (hit is not None or repeated >= 0.01):
        told.append(f"the workload repeats {100 * repeated:.1f} %")
    if block["reset"] is not None:
        told.append(block["reset"])
    if told:
        yield f"{'Prefix cache':<19} {', '.join(told)}"
    if theory is not None and theory["repeated_share"] >= 0.01:
        yield f"{_INDENT}in theory {_in_theory(theory)}"
        yield from (f"{_INDENT}{cause['text']}" for cause in theory["causes"])


def _in_theory(theory: dict[str, Any]) -> str:
    found = [f"an endless cache finds {100 * theory['endless_share']:.1f} %"]
    if theory["lru_share"] is not None:
        found.append(f"one of {theory['cache_tokens']:,} tokens (LRU) {100 * theory['lru_share']:.1f} %")
    if theory["spread_over"] is not None:
        found.append(f"{theory['spread_over']} with random routing {100 * theory['spread_share']:.1f} %")
    return ", ".join(found)
