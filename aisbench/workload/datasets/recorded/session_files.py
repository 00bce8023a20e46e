"""Data sets of sessions: files of any known format, sent as turns that wait for each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.datasets.recorded.exported import check_api
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.sessions.formats.registry import CONVERSATIONS, FORMATS
from aisbench.workload.sessions.limits import chosen
from aisbench.workload.sessions.making import conversations_of, session_prompts
from aisbench.workload.sessions.options import AT_SERVER, RECORDED
from aisbench.workload.sessions.reading import file_and_format, read_sessions
from aisbench.workload.sessions.scripted import settled
from aisbench.workload.sessions.session import Session, Turn
from aisbench.workload.tokens.token_counts import TokenCounter

S = 1e9
_NAMED_MOST = 3


def session_file_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for bad files, and for backends that generate nothing."""
    check_generates(options, backend)
    path, kind = file_and_format(options)
    history = options.history or FORMATS[kind].history
    found = read_sessions(path, kind, options, history)
    notes = []
    if kind != options.dataset:
        notes.append(f"{path.name} is read as {kind} ({FORMATS[kind].about})")
    notes += found.notes()
    body = next((turn.body for one in found.sessions for turn in one.turns if turn.body is not None), None)
    if body is not None:
        check_api(path, dict(body), backend)
        if options.history not in (None, RECORDED):
            raise BadInput(
                f"--history {options.history}: {path} holds whole bodies, which are sent as they are; turn it into "
                "sessions first: aisbench workload import"
            )
    options = replace(options, history=history)
    return prompts_of(
        found.sessions, options, backend, notes, rows=found.bad.facts(), is_timed=found.is_timed
    )


def check_generates(options: WorkloadOptions, backend: Backend) -> None:
    if not backend.generates:
        raise BadInput(
            f"--dataset {options.dataset}: {backend.family} generates no answers to continue from; "
            "use --backend openai-chat"
        )


def prompts_of(
    sessions: Iterable[Session],
    options: WorkloadOptions,
    backend: Backend,
    notes: list[str],
    *,
    rows: dict[str, Any] | None = None,
    is_timed: bool = False,
    ignores_eos: bool = False,
    at_times: bool = False,
) -> Prompts:
    """The prompts of sessions, as far as the options want them. `is_timed`: sessions begin at the times of the file.

    `at_times`: later turns do not leave before theirs, either.
    """
    if options.history == AT_SERVER and backend.answer_id is None:
        raise BadInput(
            f"--history server: {backend.family} cannot continue an answer that the server keeps; use --backend "
            "openai-responses, or --history live"
        )
    counter = TokenCounter(options)
    notes = [counter.note, *notes]
    most = options.count or (DEFAULT_COUNT if options.dataset_path is None else None)
    kept = chosen(sessions, most, options, counter, notes)
    if not kept:
        raise BadInput("--max-context leaves no turn at all; give a larger one")
    counts: Counter[str] = Counter()
    if options.history != RECORDED and backend.takes_messages:
        kept = [(settled(session, counts), lengths) for session, lengths in kept]
    names = [session for session, _ in kept]
    turns = [turn for one in names for turn in one.turns]
    if options.history != RECORDED and any(turn.base is not None or turn.quotes for turn in turns):
        notes.append("input lengths are estimates: the server's own answers become part of later turns")
    conversations = conversations_of(names, options, backend, notes, at_times=at_times)
    word = "conversations" if options.dataset == CONVERSATIONS else "sessions"
    notes.append(f"{len(kept)} {word} with {len(turns)} turns in all")
    if options.count is not None and len(turns) < options.count:
        notes.append(f"the file has fewer turns than the {options.count} requested")
    notes += _model_notes(turns, options)

    def items() -> Iterator[Prompt]:
        for session, lengths in kept:
            yield from session_prompts(session, lengths, counter, options, backend, counts)
        notes.extend(f"{count:,} {what}" for what, count in counts.items())

    return Prompts(
        items(),
        len(turns),
        notes,
        arrivals_ns=_arrivals_ns(names, options, notes) if is_timed and options.own_times else None,
        conversations=conversations,
        ignores_eos=ignores_eos,
        rows=rows,
    )


def _model_notes(turns: list[Turn], options: WorkloadOptions) -> list[str]:
    """Notes on models in the file that are not asked for, or that are, but may not be served."""
    ignored = {turn.model for turn in turns if turn.model and turn.body is None} - {options.model}
    asked = {str(turn.body["model"]) for turn in turns if turn.body is not None and "model" in turn.body}
    notes = []
    if ignored:
        notes.append(f"models that the file names are not asked for: {_named(ignored)}")
    if asked - {options.model} and not options.model_is_named:
        notes.append(
            f"the bodies ask for model {_named(asked)}; give --model {options.model} to ask for that instead"
        )
    return notes


def _named(models: set[str]) -> str:
    return ", ".join(sorted(models)[:_NAMED_MOST]) + (", ..." if len(models) > _NAMED_MOST else "")


def _arrivals_ns(
    sessions: list[Session], options: WorkloadOptions, notes: list[str]
) -> NDArray[np.int64] | None:
    """When each session begins, for each of its turns, in ns after the first; None: not all have a time."""
    starts = [one.turns[0].at_s for one in sessions]
    at_s = np.array([np.nan if one is None else one for one in starts], dtype=np.float64)
    if np.isnan(at_s).any():
        notes.append("recorded times are not used, as some sessions have none")
        return None
    if (np.diff(at_s) < 0).any():
        notes.append("recorded times are not used, as they are not in ascending order")
        return None
    offsets_s = (at_s - at_s[0]) / options.speedup
    notes.append(
        f"sessions begin at their recorded times, within {offsets_s[-1]:,.6g} s; --rate or --concurrency with --rate inf replaces them"
    )
    return np.repeat(np.rint(offsets_s * S).astype(np.int64), [len(one.turns) for one in sessions])
