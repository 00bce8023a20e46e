"""How many tokens went in and came out, and the logs of single token gaps and of texts."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from aisbench.analysis.records import Run
from aisbench.workload.tokenizers import load_tokenizer

TEXTS_AT_A_TIME = 1024
# The top bit of a logged gap says that the rest are microseconds (recorder.pyx).
MICROSECONDS_BIT = 1 << 31


@dataclass(frozen=True)
class TokenCounts:
    """Per row of the run (zeros for requests that did not succeed).

    `source` says what counted the output: "usage" (the server's own figure), "tokenizer"
    (its encoding of the kept text, where the server gave none and a tokenizer was named), "events"
    (content events, where there was neither), "mixed", or "none" where nothing was generated.
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
        other = "events"
        missing = ok & ~from_usage
        if np.any(missing) and run.config.get("tokenizer") and np.all(rows["text_log_bytes"][missing] > 0):
            output = np.where(missing, encoded_lengths(run, missing), output)
            other = "tokenizer"
        source = "usage" if not np.any(missing) else "mixed" if np.any(from_usage[ok]) else other
        return TokenCounts(np.where(ok, prompt, 0), np.where(ok, output, 0), source)

    def per_event(self, run: Run) -> float:
        """Output tokens to a token event, on average over the succeeded requests."""
        events = int(run.rows["content_events"][run.has_status("ok")].sum())
        return int(self.output.sum()) / events if events else 0.0


def encoded_lengths(run: Run, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Tokens of the kept texts in mask `wanted`, shape (rows,), without special tokens; 0 for the others.

    Kept in records/output_tokens.npy, for encoding takes its time. Raises BadInput when the run's
    tokenizer is no longer there.
    """
    path = run.records / "output_tokens.npy"
    if path.is_file():
        # Of a broken one the texts are counted again.
        with contextlib.suppress(OSError, ValueError, EOFError):
            kept: NDArray[np.int64] = np.load(path, allow_pickle=False)
            if len(kept) == len(run.rows):
                return kept
    tokenizer = load_tokenizer(
        run.config["tokenizer"], trust_remote_code=bool(run.config.get("trust_remote_code"))
    )
    lengths = np.zeros(len(run.rows), np.int64)
    pairs = zip(np.flatnonzero(wanted).tolist(), itertools.compress(each_text(run), wanted), strict=True)
    while batch := list(itertools.islice(pairs, TEXTS_AT_A_TIME)):
        texts = [content + reasoning for _, (content, reasoning) in batch]
        encoded = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        lengths[[row for row, _ in batch]] = [len(ids) for ids in encoded]
    # Kept for the next report, where that can be written.
    with contextlib.suppress(OSError):
        np.save(path, lengths)
    return lengths


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
