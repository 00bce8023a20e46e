"""Traces whose lines are turns of sessions and hold lengths, texts, messages or bodies; see traces.mooncake_sessions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.datasets.recorded.exported import check_api
from aisbench.workload.datasets.recorded.session_files import check_generates, prompts_of
from aisbench.workload.files.bad_lines import BadLines
from aisbench.workload.files.trace_times import S
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.sessions.found import Found
from aisbench.workload.sessions.session import Session
from aisbench.workload.traces.blocks import Blocks
from aisbench.workload.traces.mooncake_sessions import MooncakeSessions
from aisbench.workload.traces.options import AFTER_PAUSES, ALONE
from aisbench.workload.traces.window import Window


def line_session_prompts(
    path: Path, options: WorkloadOptions, backend: Backend, block: int, unit_ns: int
) -> Prompts:
    """`block`, `unit_ns`: tokens per hash id, unless --block-size says otherwise, and the unit of times, in ns."""
    check_generates(options, backend)
    if options.token_ids:
        raise BadInput("--token-ids: the lines of this trace are messages of sessions; leave it out")
    reader = MooncakeSessions(options, Blocks(options, options.block_size or block, False), unit_ns)
    found = Found(BadLines(path, strict=options.strict_dataset))
    reader.read(path, found)
    found.bad.check()
    if not found.sessions:
        raise BadInput(f"--dataset-path {path} contains no session")
    notes = [*found.notes(), *reader.notes()]
    body = next((turn.body for one in found.sessions for turn in one.turns if turn.body is not None), None)
    if body is not None:
        check_api(path, dict(body), backend)
    sessions = _in_window(found, options, notes)
    if options.turn_times == ALONE:
        sessions = _alone(sessions)
    if options.own_times and not found.is_timed:
        notes.append("recorded times are not used, as some sessions have none")
    return prompts_of(
        sessions,
        options,
        backend,
        notes,
        rows=found.bad.facts(),
        is_timed=found.is_timed,
        ignores_eos=reader.lengths == reader.lines,
        at_times=options.turn_times != AFTER_PAUSES and options.think_time_s is None,
    )


def _in_window(found: Found, options: WorkloadOptions, notes: list[str]) -> list[Session]:
    """The sessions that begin in the window. A session is not cut, as its later lines need the first ones."""
    window = Window(options)
    if window.is_all:
        return found.sessions
    if not found.is_timed:
        raise BadInput(f"{window.flag} needs a trace whose sessions all have a timestamp")
    stays = window.has([round((one.turns[0].at_s or 0.0) * S) for one in found.sessions])
    notes.append(
        f"--trace-start and --trace-end leave {sum(stays)} of {len(stays)} sessions, by their first times"
    )
    return [one for one, stay in zip(found.sessions, stays, strict=True) if stay]


def _alone(sessions: list[Session]) -> list[Session]:
    """Every turn as a session of its own; raises BadInput where a turn needs those before it, or has no time."""
    turns = [(one.name, turn) for one in sessions for turn in one.turns]
    if any(turn.base is not None for _, turn in turns):
        raise BadInput(
            "--turn-times alone: lines of this trace hold only what is new, and need the turns before them; give "
            "recorded or pauses"
        )
    if any(turn.at_s is None for _, turn in turns):
        raise BadInput("--turn-times alone needs a timestamp in every line; give recorded or pauses")
    turns.sort(key=lambda one: one[1].at_s or 0.0)
    return [Session(name, (replace(turn, after=(), think_s=0.0),)) for name, turn in turns]
