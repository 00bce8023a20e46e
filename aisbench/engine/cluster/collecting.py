"""Brings the records of all nodes back into the folder of the run, with their times on the head's clock."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import (
    ROW_FIELDS,
    ROWS_HEADER_BYTES,
    ROWS_HEADER_FIELDS,
    STATUSES,
    Recorder,
)
from aisbench.engine.cluster.clock import NodeClock
from aisbench.engine.cluster.member import Member, NodeLost
from aisbench.engine.cluster.messages import BLOCK_BYTES
from aisbench.engine.cluster.node import global_name
from aisbench.engine.cluster.split import places_of
from aisbench.records.folder import RunDirectory
from aisbench.records.turn_plan import read_turn_plan
from aisbench.records.turns import NAME as TURNS

_ROW, _HEADER = np.dtype(ROW_FIELDS), np.dtype(ROWS_HEADER_FIELDS)
# Rows whose times are shifted at a time.
_ROWS = 1 << 16
_TIMES = tuple(name for name in _ROW.names or () if name.endswith("_ns") and name != "client_delay_max_ns")
_PLANNED = "planned_ns"
_IN_FLIGHT = STATUSES.index("in_flight")


def collect(members: Sequence[Member], directory: RunDirectory, *, shared: bool) -> None:
    """Brings the files of all `members`; those of a lost one are made up: the tickets it had taken count as lost.

    `shared`: the nodes' folders may be on a file system that the head has, too. Files are then moved instead of sent.
    """
    for member in members:
        if member.lost is None:
            try:
                _bring(member, directory.path, shared=shared and Path(member.about.folder).is_dir())
            except NodeLost as problem:
                member.lose(problem)
        if member.lost is not None:
            _make_up(member, directory)


def _bring(member: Member, folder: Path, *, shared: bool) -> None:
    for name, size in member.remote.ask("files"):
        path = Path(name)
        local = folder / (
            Path("records", global_name(path.name, member.first)) if path.parts[0] == "records" else path
        )
        if shared:
            shutil.move(Path(member.about.folder, name), local)
        else:
            with local.open("wb") as file:
                for at in range(0, size, BLOCK_BYTES):
                    file.write(member.remote.ask("read", name, at, BLOCK_BYTES))
        if local.name.startswith("rows-"):
            shift_times(local, member.clock)
    member.remote.ask("remove")


def shift_times(path: Path, clock: NodeClock) -> None:
    """Moves all times of a file of rows from the node's clock to the head's.

    All times of a request are shifted by the same, so latencies stay what the node measured. When a request was planned
    is shifted as the start of the run was.
    """
    header = _header_of(path)
    if header["origin_ns"]:
        header["origin_ns"] -= clock.offset_ns
    header.flush()
    count = min(int(header["rows"]), (path.stat().st_size - ROWS_HEADER_BYTES) // _ROW.itemsize)
    if count <= 0:
        return
    rows = np.memmap(path, _ROW, "r+", offset=ROWS_HEADER_BYTES, shape=(count,))
    for begin in range(0, count, _ROWS):
        block = rows[begin : begin + _ROWS]
        began = np.where(block["began_ns"] > 0, block["began_ns"], block[_PLANNED])
        since_ns = began - (clock.at_ns + clock.offset_ns)
        shift = clock.offset_ns + np.rint(clock.drift * since_ns).astype(np.int64)
        for name in _TIMES:
            known = block[name] != 0
            block[name] -= np.where(known, clock.offset_ns if name == _PLANNED else shift, 0)
    rows.flush()


def _make_up(member: Member, directory: RunDirectory) -> None:
    """Writes the records of a lost node's workers: the tickets that were taken when it was last heard of, as lost."""
    for number in range(member.first, member.first + member.workers):
        # What came for the live view counts requests that are now lost.
        (directory.records / f"hist-{number}.bin").unlink(missing_ok=True)
        recorder = Recorder(str(directory.records), number, token_times=True, text=True)
        recorder.start_at(directory.facts.get("start_ns") or 0)
        recorder.close()
    path = directory.records / f"rows-{member.first}.bin"
    rows = _lost_rows(member, directory)
    header = _header_of(path)
    header["rows"] = len(rows)
    header.flush()
    with path.open("ab") as file:
        file.truncate(ROWS_HEADER_BYTES)
        file.write(rows.tobytes())


def _header_of(path: Path) -> np.memmap[Any, Any]:
    """The header of a file of rows, mapped, shape ()."""
    return np.memmap(path, _HEADER, "r+", shape=())


def _lost_rows(member: Member, directory: RunDirectory) -> NDArray[np.void]:
    """A row for each ticket that a lost node had taken; in sessions, for the first turn of each."""
    share = member.share
    begun, taken = share.begun, member.taken
    rows = np.zeros(taken - begun, _ROW)
    for name in (
        "prompt_tokens",
        "output_tokens",
        "cached_tokens",
        "token_log_at",
        "text_log_at",
        "conversation",
    ):
        rows[name] = -1
    places = places_of(taken, share.round, share.own)[begun:]
    due_ns = np.zeros(taken, np.int64)
    due_ns[: len(share.offsets_ns)] = share.offsets_ns[:taken]
    rows["slot"], rows["planned_ns"] = places, due_ns[begun:] + (directory.facts.get("start_ns") or 0)
    rows["status"], rows["attempts"] = _IN_FLIGHT, 1
    turns = read_turn_plan(directory.records / TURNS)
    if turns is not None:
        sessions, bodies = len(turns.first) - 1, turns.first[-1]
        rows["conversation"] = places
        rows["slot"] = places // sessions * bodies + turns.first[places % sessions]
    return rows
