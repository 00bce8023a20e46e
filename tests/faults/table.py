"""Prints docs/reliability.md: `python -m tests.faults.table > docs/reliability.md`."""

from __future__ import annotations

from tests.faults.catalogue import GROUPS
from tests.faults.fault import GOOD_COUNTS, OK, Fault
from tests.faults.groups.dns import LOOKUPS
from tests.faults.hosts import HOST_FAULTS

_HEAD = """\
# Faults of servers, and what becomes of them

This page lists {number} ways in which servers, proxies and networks go wrong, each with the error kind that `summary.json`
counts it under, what is counted, and whether the connection is used again.
Faults of the client's own host and processes are [at the end](#the-clients-host-and-processes).

Every row is a test: nine requests, of which some get the fault and the others a good answer, with at most three in flight.
The test holds that each request has exactly one outcome, that the good ones succeed with the right counts, that all places
in flight come back, and that the server never has more requests than the limit. The page is generated from the catalogue in
`tests/faults/groups/`. After changing that, generate it again:

```sh
python -m tests.faults.table > docs/reliability.md
```

- **Error kind.** `ok` is not a failure: the answer is odd, but complete. `http_503` and the like have the status. Where two
  kinds are given, the kernel decides which of them the client sees.
- **What counts.** A failed request is in no latency and no histogram. A good answer of these tests has {tokens} token events,
  and the server counts {prompt} prompt and {output} output tokens; `-1` is a count that the server did not give.
- **Afterwards.** Whether the connection is used again. A closed one costs the next request a new connection, not a failure.

| Error kind | Meaning |
| --- | --- |
| `connect` | No connection could be made, TLS failed, or a proxy refused the tunnel. |
| `timeout` | No complete answer within `--timeout`. |
| `http_NNN` | A status other than 200; the message is the body. |
| `content_type` | Status 200, but not an event stream. |
| `stream_cut` | The stream broke off: the connection was closed, or no finish reason and no `[DONE]` came. |
| `connection_reset` | The connection was reset, or closed before the first byte of an answer. |
| `bad_http` | What came is not HTTP/1.1, or its length is not certain. |
| `bad_event` | An event is not JSON. |
| `event_too_large` | An event is larger than `--max-chunk-size`. |
| `error_event` | The stream reports an error. |
| `no_output` | A complete answer without generated content. |
"""


def page() -> str:
    faults = sum(map(len, GROUPS.values())) + len(LOOKUPS)
    parts = [
        _HEAD.format(
            number=faults,
            tokens=GOOD_COUNTS["content_events"],
            prompt=GOOD_COUNTS["prompt_tokens"],
            output=GOOD_COUNTS["output_tokens"],
        )
    ]
    for title, group in GROUPS.items():
        rows = [
            f"| {_cell(one.name)} | {_kinds(one)} | {_counted(one)} | {'used again' if one.kept else 'closed'} |"
            for one in group
        ]
        parts.append(_table(title, "| Fault | Error kind | What counts | Afterwards |", rows))
    rows = [f"| {_cell(one.name)} | {one.outcome} |" for one in LOOKUPS]
    parts.append(_table("Names", "| Fault | What happens |", rows))
    rows = [f"| {_cell(one.name)} | {one.outcome} |" for one in HOST_FAULTS]
    parts.append(_table("The client's host and processes", "| Fault | What happens |", rows))
    return "\n".join(parts)


def _table(title: str, head: str, rows: list[str]) -> str:
    line = "|".join(" --- " for _ in range(head.count("|") - 1))
    return "\n".join([f"## {title}", "", head, f"|{line}|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _kinds(fault: Fault) -> str:
    kinds = " or ".join(f"`{kind}`" for kind in fault.kinds)
    if fault.then and fault.then != fault.kind:
        return f"{kinds}, then `{fault.then}`"
    return kinds


def _counted(fault: Fault) -> str:
    if fault.kind != OK:
        return "a failure"
    odd = [f"`{name}` {value}" for name, value in fault.counts.items() if GOOD_COUNTS.get(name) != value]
    return ", ".join(odd) or "all of the answer"


if __name__ == "__main__":
    print(page(), end="")
