"""The prompts of a run as tokens, in the order in which they were sent."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.bodies import BodyFile
from aisbench.analysis.caches.parts import CONTINUED, Parts, parts_of
from aisbench.analysis.caches.tokenising import Tokeniser, Tokens, TokensFrom, tokeniser_for
from aisbench.records.run import Run
from aisbench.records.turns import NAME, read_turns

# The requests that are looked at, from the first sent on: some seconds of work, and some 100 MB.
MOST_REQUESTS = 20_000
MOST_TOKENS = 8_000_000
MOST_BLOCKS = 1_000_000
_FIRST_OF_ANSWERS = -(1 << 31)


@dataclass(frozen=True)
class Streams:
    """`rows`: the index of each request among the run's rows; shape (n,), by the time of sending. `sent_ns`, `done_ns`:
    when each was sent and ended, in the run's clock.

    `prompts` and `answers`: the tokens of each. An answer that a later turn repeats has the same tokens there; those of
    others are in no prompt. `scopes`: numbers from 0 (see Parts.scope). `scale`: by how much a number of tokens in
    `prompts` is to be multiplied to get the server's; shape (n,). `sampled`: later requests were left out.
    """

    rows: NDArray[np.int64]
    sent_ns: NDArray[np.int64]
    done_ns: NDArray[np.int64]
    prompts: list[Tokens]
    answers: list[Tokens]
    scopes: NDArray[np.int64]
    scale: NDArray[np.float64]
    tokens_from: TokensFrom
    sampled: bool

    @staticmethod
    def of(run: Run, block: int) -> Streams | None:
        """For blocks of `block` tokens. None if the bodies are gone or nothing was answered."""
        try:
            bodies = BodyFile(str(run.records / "bodies.bin"))
        except (OSError, ValueError):
            return None
        rows, sampled = _looked_at(run, min(MOST_TOKENS, MOST_BLOCKS * block))
        if len(rows) == 0:
            return None
        columns = {
            name: run.rows[name][rows]
            for name in ("slot", "prompt_tokens", "output_tokens", "conversation", "turn")
        }
        columns["repeated_tokens"] = _repeated_tokens(run, rows)
        return _Reading(run, bodies, columns).streams(rows, sampled)


def _looked_at(run: Run, most_tokens: int) -> tuple[NDArray[np.int64], bool]:
    """The rows of the requests that the server began to answer, in the order of sending, and whether some are left out."""
    begun = run.has_status("ok") | (run.rows["first_token_ns"] > 0)
    rows = np.flatnonzero(begun & (run.rows["sent_ns"] > 0))
    rows = rows[np.argsort(run.rows["sent_ns"][rows], kind="stable")]
    lengths, planned = run.rows["prompt_tokens"], run.planned_lengths("prompt_tokens")
    if planned is not None:
        lengths = np.where(lengths > 0, lengths, planned)
    tokens = np.cumsum(np.maximum(1, lengths[rows].astype(np.int64)))
    most = min(MOST_REQUESTS, max(1, int(np.searchsorted(tokens, most_tokens, side="right"))))
    return rows[:most], len(rows) > most


def _repeated_tokens(run: Run, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The tokens of each answer that later turns repeat: without reasoning, by its part of the events."""
    tokens = np.maximum(0, run.rows["output_tokens"][rows].astype(np.int64))
    if run.config.history_reasoning:
        return tokens
    share = run.rows["reasoning_events"][rows] / np.maximum(1, run.rows["content_events"][rows])
    left: NDArray[np.int64] = tokens - np.rint(tokens * share).astype(np.int64)
    return left


class _Reading:
    """Reads each body once. `columns`: those of the rows to read."""

    def __init__(self, run: Run, bodies: Any, columns: dict[str, NDArray[Any]]) -> None:
        self.run = run
        self.columns = columns
        which, first, self.body_of = np.unique(
            columns["slot"] % bodies.count, return_index=True, return_inverse=True
        )
        self.parts: list[Parts] = [parts_of(bodies[int(body)]) for body in which]
        self.fills = _fills(run)
        self.which = which
        self.tokeniser: Tokeniser = tokeniser_for(
            run, self.parts, np.maximum(0, columns["prompt_tokens"][first]).astype(np.int64)
        )
        self.whole: dict[int, Tokens] = {}
        # The length of each answer that later turns repeat, and the prompt of each turn, by conversation and turn.
        self.answered: dict[tuple[int, int], int] = {}
        self.asked: dict[tuple[int, int], Tokens] = {}

    def streams(self, rows: NDArray[np.int64], sampled: bool) -> Streams:
        prompts, answers = [], []
        columns = {name: column.tolist() for name, column in self.columns.items()}
        for i, body in enumerate(self.body_of.tolist()):
            talk, turn = columns["conversation"][i], columns["turn"][i]
            prompts.append(self.prompt(body, talk))
            self.asked[talk, turn] = prompts[-1]
            length = max(0, columns["output_tokens"][i])
            if talk >= 0:
                self.answered[talk, turn] = columns["repeated_tokens"][i]
            # If later turns leave out its reasoning, what follows that in the cache is not found again.
            whole = talk >= 0 and columns["repeated_tokens"][i] == length
            answers.append(_answer(talk, turn, length) if whole else _answer(-2, i, length))
        counted = self.columns["prompt_tokens"].astype(np.float64)
        own = np.array([len(tokens) for tokens in prompts], np.float64)
        scale = np.ones(len(rows))
        if self.tokeniser.is_scaled:
            scale = np.where((counted > 0) & (own > 0), counted / np.maximum(own, 1), 1.0)
        scopes = np.unique([self.parts[body].scope for body in self.body_of], return_inverse=True)[1]
        sent_ns = self.run.rows["sent_ns"][rows]
        return Streams(
            rows=rows,
            sent_ns=sent_ns,
            done_ns=np.maximum(sent_ns, self.run.rows["done_ns"][rows]),
            prompts=prompts,
            answers=answers,
            scopes=scopes.astype(np.int64),
            scale=scale,
            tokens_from=self.tokeniser.source,
            sampled=sampled,
        )

    def prompt(self, body: int, talk: int) -> Tokens:
        known = self.whole.get(body)
        if known is not None:
            return known
        found = [np.arange(-1, -1 - self.tokeniser.before, -1, dtype=np.int32)]
        holes = 0
        for part in self.parts[body].parts:
            if isinstance(part, str):
                found.append(self.tokeniser.tokens(part))
            elif isinstance(part, np.ndarray):
                found.append(part)
            else:
                filled = self.filled_by(body, holes)
                if part is CONTINUED and (talk, filled) in self.asked:
                    # It begins with the template, too.
                    found = [self.asked[talk, filled]]
                found.append(_answer(talk, filled, self.answered.get((talk, filled), 0)))
                holes += 1
        made = np.concatenate(found)
        if not holes:
            self.whole[body] = made
        return made

    def filled_by(self, body: int, hole: int) -> int:
        """The turn whose answer fills a hole of a body."""
        if self.fills is None:
            return hole
        begin, fills = self.fills
        return int(fills[begin[int(self.which[body])] + hole])


def _fills(run: Run) -> tuple[array[int], array[int]] | None:
    """`fills_first` and `fills` of workload.prompts.Conversations; None if each turn repeats the answers to all before it."""
    path = run.records / NAME
    if not run.has_conversations or not path.is_file():
        return None
    turns = read_turns(path)
    return (turns["fills_first"], turns["fills"]) if "fills" in turns else None


def _answer(talk: int, turn: int, length: int) -> Tokens:
    """Tokens that stand for an answer."""
    begin = _FIRST_OF_ANSWERS + (hash((talk, turn)) & 0x3FFFFFFF)
    return np.arange(begin, begin + length, dtype=np.int32)
