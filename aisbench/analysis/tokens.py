"""Counts the tokens of prompts and outputs, and reads the log of token gaps."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.records.histograms import Histogram
from aisbench.records.reading import read_array
from aisbench.records.run import Run
from aisbench.records.texts import each_answer
from aisbench.workload.tokens.tokenizers import load_tokenizer

_TEXTS_AT_A_TIME = 1024
# The top bit of a logged gap means that the other bits are microseconds (recorder.pyx).
_MICROSECONDS_BIT = 1 << 31
# A stream may have this many events without a token (role, finish, usage), and this share of events with only part of
# a character. A usage that is lower still has too few tokens.
_SPARE_EVENTS = 3
_FEWER_TOKENS_SHARE = 0.1
# No speculative decoding or batching of events puts more tokens than this into one.
_MOST_TOKENS_AN_EVENT = 64


OutputSource = Literal["usage", "tokenizer", "events", "mixed", "none"]
PromptSource = Literal["usage", "plan", "mixed"]


@dataclass(frozen=True)
class TokenCounts:
    """Tokens of each row, shape (rows,); 0 for requests that did not succeed.

    `source` names what counted the output: "usage" (the server), "tokenizer" (applied to the kept text, if the server
    gave no usable count), "events" (content events, if there is no tokenizer either), "mixed", or "none" if nothing
    was generated. `prompt_source` is "usage", "plan" or "mixed". `contradicted`: how many successful requests had a
    usage that their stream contradicts (contradicted_by_stream). `uncounted`: how many had no usage.
    """

    prompt: NDArray[np.int64]
    output: NDArray[np.int64]
    source: OutputSource
    prompt_source: PromptSource = "usage"
    contradicted: int = 0
    uncounted: int = 0

    @staticmethod
    def of(run: Run) -> TokenCounts:
        """Counts prompts by usage or else by the plan, and outputs by usage (if above 0 and not contradicted by the
        stream) or else by tokenizer or events. Raises BadInput if the tokenizer cannot be loaded."""
        rows, ok = run.rows, run.has_status("ok")
        prompt, prompt_source = _prompt_counts(run, ok)
        if not run.generates:
            return TokenCounts(prompt, np.zeros(len(rows), np.int64), "none", prompt_source)
        wrong = ok & contradicted_by_stream(run)
        from_usage = (rows["output_tokens"] > 0) & ~wrong
        output = np.where(from_usage, rows["output_tokens"], rows["content_events"]).astype(np.int64)
        other: OutputSource = "events"
        missing = ok & ~from_usage
        if (
            np.any(missing)
            and run.config.tokenizer is not None
            and np.all(rows["text_log_bytes"][missing] > 0)
        ):
            output = np.where(missing, _encoded_lengths(run, missing), output)
            other = "tokenizer"
        source: OutputSource = (
            "usage" if not np.any(missing) else "mixed" if np.any(from_usage[ok]) else other
        )
        uncounted = int((missing & ~wrong).sum())
        return TokenCounts(
            prompt, np.where(ok, output, 0), source, prompt_source, int(wrong.sum()), uncounted
        )

    def per_event(self, run: Run) -> float:
        """Output tokens per token event, on average over the successful requests."""
        events = int(run.rows["content_events"][run.has_status("ok")].sum())
        return int(self.output.sum()) / events if events else 0.0


def _prompt_counts(run: Run, ok: NDArray[np.bool_]) -> tuple[NDArray[np.int64], PromptSource]:
    """Prompt tokens of each row, 0 where not `ok`, and what counted them. A usage of 0 counts as missing."""
    counted, planned = run.rows["prompt_tokens"].astype(np.int64), run.planned_lengths("prompt_tokens")
    told = counted > 0
    prompt = np.where(told, counted, 0 if planned is None else planned)
    missing = bool(np.any(ok & ~told))
    source: PromptSource = "usage" if not missing else "mixed" if np.any(told[ok]) else "plan"
    return np.where(ok, prompt, 0), source


def contradicted_by_stream(run: Run) -> NDArray[np.bool_]:
    """Mask of the rows whose usage cannot belong to their answer: far fewer output tokens than content events, or more
    than twice the requested number and more than the events or bytes can carry."""
    rows = run.rows
    output, events = rows["output_tokens"].astype(np.int64), rows["content_events"].astype(np.int64)
    planned = run.planned_lengths("max_tokens")
    asked = np.zeros(len(rows), np.int64) if planned is None else np.maximum(planned, 0).astype(np.int64)
    carried = np.where(rows["bytes_received"] > 0, rows["bytes_received"], np.iinfo(np.int64).max)
    # A single event may hold a whole answer, so only its bytes bound the number of tokens.
    carried = np.where(events > 1, np.minimum(_MOST_TOKENS_AN_EVENT * events, carried), carried)
    too_few = events - output > np.maximum(_SPARE_EVENTS, _FEWER_TOKENS_SHARE * events)
    odd: NDArray[np.bool_] = (output > 0) & (too_few | (output > np.maximum(2 * asked, carried)))
    return odd


def _encoded_lengths(run: Run, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Tokens of the kept texts in mask `wanted`, without special tokens; shape (rows,), 0 for the other rows.

    Encoding is slow, so the result is kept in records/output_tokens.npy. Raises BadInput if the run's tokenizer cannot
    be loaded, or needs to run its own code and may not (Run.trusts_code).
    """
    path = run.records / "output_tokens.npy"
    if path.is_file():
        # If the file is broken, the texts are counted again.
        with contextlib.suppress(OSError, ValueError):
            kept: NDArray[np.int64] = read_array(path)
            if len(kept) == len(run.rows):
                return kept
    name, wants_code = str(run.config.tokenizer), run.config.trust_remote_code
    if wants_code and not run.trusts_code:
        raise BadInput(
            f"{run.folder}: to count tokens, tokenizer {name} would run its own code; "
            f"if you trust that code: aisbench report {run.folder} --trust-remote-code"
        )
    tokenizer = load_tokenizer(name, trust_remote_code=wants_code)
    lengths = np.zeros(len(run.rows), np.int64)
    pairs = zip(np.flatnonzero(wanted).tolist(), itertools.compress(each_answer(run), wanted), strict=True)
    while batch := list(itertools.islice(pairs, _TEXTS_AT_A_TIME)):
        texts = [answer.generated for _, answer in batch]
        encoded = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        lengths[[row for row, _ in batch]] = [len(ids) for ids in encoded]
    # Kept for the next report, if the folder can be written to.
    with contextlib.suppress(OSError):
        np.save(path, lengths)
    return lengths


def gaps_ns(raw: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Decodes logged gaps, which are in ns or, if the top bit is set, in microseconds; returns ns."""
    wide = raw.astype(np.int64)
    return np.where(wide >= _MICROSECONDS_BIT, (wide - _MICROSECONDS_BIT) * 1000, wide)


def each_gaps_ns(run: Run) -> Iterator[NDArray[np.int64]]:
    """Yields the token gaps of each row in ns, shape (content_events - 1,); empty if none were logged."""
    logs = {int(worker): _read_log(run, int(worker)) for worker in np.unique(run.row_workers)}
    for row, worker in zip(run.rows, run.row_workers, strict=True):
        at, count = int(row["token_log_at"]), max(0, int(row["content_events"]) - 1)
        yield gaps_ns(logs[int(worker)][at : at + count]) if at >= 0 else np.empty(0, np.int64)


def _read_log(run: Run, worker: int) -> NDArray[np.uint32]:
    """The log, mapped: it may be larger than the memory."""
    path = run.records / f"tokens-{worker}.bin"
    entries = path.stat().st_size // 4 if path.is_file() else 0
    return np.memmap(path, "<u4", "r", shape=(entries,)) if entries else np.empty(0, np.uint32)


def _pooled(run: Run, worker: int, ok: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """The log entries of a worker's successful requests. Only these write to the log, so it is all of it, unless requests
    of a warm-up are left out."""
    log = _read_log(run, worker)
    if not run.left_out:
        return log
    rows = run.selected(ok & (run.row_workers == worker))
    counts = np.maximum(rows["content_events"].astype(np.int64) - 1, 0)
    ends = np.cumsum(counts)
    places = np.repeat(rows["token_log_at"] - (ends - counts), counts) + np.arange(int(counts.sum()))
    return log[places[places < len(log)]]


def _gaps_at_one_moment(run: Run) -> int:
    """How many gaps belong to successful requests whose tokens all arrived at one moment.

    All of these gaps are 0 ns. They say nothing about the time between tokens, which was not measured.
    """
    rows = run.selected(run.has_status("ok"))
    gaps = np.maximum(rows["content_events"].astype(np.int64) - 1, 0)
    return int(gaps[rows["last_token_ns"] <= rows["first_token_ns"]].sum())


def itl_histogram(run: Run) -> Histogram:
    """The histogram of gaps between token events, without answers that arrived at one moment."""
    return run.histograms["itl"].without_zeros(_gaps_at_one_moment(run))


def logged_gaps_ns(run: Run) -> NDArray[np.int64] | None:
    """The pooled gaps of all successful requests, ns, without answers that arrived at one moment; None unless every gap
    was logged."""
    ok = run.has_status("ok")
    wanted = int(np.maximum(run.rows["content_events"][ok].astype(np.int64) - 1, 0).sum())
    if not np.any(ok) or np.any(run.rows["token_log_at"][ok] < 0):
        return None
    pooled = np.concatenate([_pooled(run, int(worker), ok) for worker in np.unique(run.row_workers)])
    if len(pooled) != wanted:
        return None
    gaps = gaps_ns(pooled)
    return np.delete(gaps, np.flatnonzero(gaps == 0)[: _gaps_at_one_moment(run)])
