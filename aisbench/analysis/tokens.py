"""How many tokens went in and came out, and the logs of single token gaps and of texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from aisbench.analysis.records import Run

# The top bit of a logged gap says that the rest are microseconds (recorder.pyx).
MICROSECONDS_BIT = 1 << 31


@dataclass(frozen=True)
class TokenCounts:
    """Per row of the run (zeros for requests that did not succeed).

    `source` says what counted the output: "usage" (the server's own figure), "events" (content events,
    where the server gave none), "mixed", or "none" where nothing was generated.
    """

    prompt: NDArray[np.int64]
    output: NDArray[np.int64]
    source: str

    @staticmethod
    def of(run: Run) -> TokenCounts:
        """Prompt tokens from usage, else from the plan; output from usage (when above 0), else events."""
        rows, ok = run.rows, run.has_status("ok")
        if not run.generates:
            return TokenCounts(
                np.where(ok, np.maximum(rows["prompt_tokens"], 0), 0), np.zeros(len(rows), np.int64), "none"
            )
        planned = run.planned_lengths("prompt_tokens")
        prompt = rows["prompt_tokens"].astype(np.int64)
        prompt = np.where(prompt >= 0, prompt, 0 if planned is None else planned)
        from_usage = rows["output_tokens"] > 0
        output = np.where(from_usage, rows["output_tokens"], rows["content_events"]).astype(np.int64)
        if not np.any(ok) or np.all(from_usage[ok]):
            source = "usage"
        else:
            source = "mixed" if np.any(from_usage[ok]) else "events"
        return TokenCounts(np.where(ok, prompt, 0), np.where(ok, output, 0), source)


def gaps_ns(raw: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Logged gaps in ns: plain, or with the top bit set in microseconds."""
    wide = raw.astype(np.int64)
    return np.where(wide >= MICROSECONDS_BIT, (wide - MICROSECONDS_BIT) * 1000, wide)


def each_gaps_ns(run: Run) -> Iterator[NDArray[np.int64]]:
    """For each row its token gaps in ns, shape (content_events - 1,); empty when none were logged."""
    logs = {int(worker): read_log(run, int(worker)) for worker in np.unique(run.row_workers)}
    for row, worker in zip(run.rows, run.row_workers, strict=True):
        at, count = int(row["token_log_at"]), max(0, int(row["content_events"]) - 1)
        yield gaps_ns(logs[int(worker)][at : at + count]) if at >= 0 else np.empty(0, np.int64)


def read_log(run: Run, worker: int) -> NDArray[np.uint32]:
    path = run.records / f"tokens-{worker}.bin"
    return np.fromfile(path, "<u4") if path.is_file() else np.empty(0, np.uint32)


def logged_gaps_ns(run: Run) -> NDArray[np.int64] | None:
    """The gaps of all succeeded requests, pooled; None unless the log holds every one of them."""
    ok = run.has_status("ok")
    wanted = int(np.maximum(run.rows["content_events"][ok].astype(np.int64) - 1, 0).sum())
    if not np.any(ok) or np.any(run.rows["token_log_at"][ok] < 0):
        return None
    pooled = np.concatenate([read_log(run, int(worker)) for worker in np.unique(run.row_workers)])
    # Only succeeded requests write to the log, so that what is whole is just their gaps.
    return gaps_ns(pooled) if len(pooled) == wanted else None


def each_text(run: Run) -> Iterator[tuple[str, str]]:
    """For each row its (content, reasoning); empty strings when nothing was kept."""
    files = {
        int(worker): path.open("rb")
        for worker in np.unique(run.row_workers)
        if (path := run.records / f"text-{worker}.bin").is_file()
    }
    try:
        for row, worker in zip(run.rows, run.row_workers, strict=True):
            file = files.get(int(worker))
            if file is None or row["text_log_at"] < 0 or row["text_log_bytes"] == 0:
                yield "", ""
                continue
            file.seek(int(row["text_log_at"]))
            yield parse_text(file.read(int(row["text_log_bytes"])))
    finally:
        for file in files.values():
            file.close()


def parse_text(raw: bytes) -> tuple[str, str]:
    """The log holds the pieces as the server escaped them; a piece cut by a crash counts as empty."""
    try:
        kept = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return "", ""
    return kept.get("content", ""), kept.get("reasoning", "")
