"""Reads the rows of a run, one per request, from their files, a column or a stretch at a time."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import ROW_FIELDS, ROWS_HEADER_BYTES, ROWS_HEADER_FIELDS, ROWS_MAGIC
from aisbench.errors import BadInput

_ROW = np.dtype(ROW_FIELDS)
_HEADER = np.dtype(ROWS_HEADER_FIELDS)
# Rows read before their pages are released: about 7 MB.
_BLOCK = 1 << 15
# Rows picked before that: each may bring in 64 KiB around it.
_PICKED = 1 << 10
# Reading one column touches every page of the file, so the columns that most figures need are read together and kept.
_KEPT_TOGETHER = (
    "planned_ns",
    "sent_ns",
    "first_token_ns",
    "last_token_ns",
    "done_ns",
    "prompt_tokens",
    "output_tokens",
    "content_events",
)
# Read by several figures each. Runs of up to this many requests keep them too, in 48 bytes for each request.
_KEPT_IN_SMALL_RUNS = (
    "slot",
    "first_answer_ns",
    "bytes_received",
    "cached_tokens",
    "reasoning_events",
    "merged_reads",
    "merged_events",
    "turn",
    "status",
    "reused",
    "finish",
    "marks",
)
_SMALL_RUN = 1 << 20


@dataclass(frozen=True)
class RowsFile:
    """The rows that one worker wrote, in the order in which their requests ended.

    `rows` maps the file. `origin_ns`: the common start given in its header, or 0 if the header is missing. `lost`: how
    many of the rows counted in its header are missing from the file; None if the header itself is missing.
    """

    rows: NDArray[np.void]
    origin_ns: int = 0
    lost: int | None = 0

    @staticmethod
    def open(path: Path) -> RowsFile:
        """Maps the file. Raises BadInput if another version wrote it, and OSError if it cannot be read."""
        with path.open("rb") as file:
            head = file.read(_HEADER.itemsize)
        size = path.stat().st_size
        if len(head) < _HEADER.itemsize or size < ROWS_HEADER_BYTES:
            return RowsFile(np.empty(0, _ROW), lost=None)
        header = np.frombuffer(head, _HEADER)[0]
        if header["magic"] != ROWS_MAGIC or header["row_bytes"] != _ROW.itemsize:
            raise BadInput(f"{path} was not written by this version: its rows have another layout")
        counted = int(header["rows"])
        if counted < 0:
            raise BadInput(f"{path} is damaged: its header counts {counted} rows")
        count = min(counted, (size - ROWS_HEADER_BYTES) // _ROW.itemsize)
        origin_ns = int(header["origin_ns"])
        if count == 0:
            return RowsFile(np.empty(0, _ROW), origin_ns, counted)
        mapped = np.memmap(path, _ROW, "r", offset=ROWS_HEADER_BYTES, shape=(count,))
        return RowsFile(mapped, origin_ns, counted - count)

    def read(self, names: tuple[str, ...], into: list[NDArray[Any]]) -> None:
        """Copies the columns `names`, each to its array of shape (len(rows),)."""
        for begin in range(0, len(self.rows), _BLOCK):
            block = self.rows[begin : begin + _BLOCK]
            for name, column in zip(names, into, strict=True):
                column[begin : begin + _BLOCK] = block[name]
            self._let_go()

    def stretch(self, begin: int, end: int) -> NDArray[np.void]:
        """Copies of the rows from `begin` to `end`, or to the last row."""
        found = np.array(self.rows[begin:end])
        self._let_go()
        return found

    def picked(self, index: NDArray[np.int64]) -> NDArray[np.void]:
        """Copies of the rows at `index`, in the same order."""
        found = np.empty(len(index), _ROW)
        for begin in range(0, len(index), _PICKED):
            found[begin : begin + _PICKED] = self.rows[index[begin : begin + _PICKED]]
            self._let_go()
        return found

    def _let_go(self) -> None:
        """Releases the file's pages, which would add up to the whole file. They stay in the kernel's cache."""
        pages = getattr(self.rows, "_mmap", None)
        if pages is not None:
            pages.madvise(mmap.MADV_DONTNEED)


class Rows:
    """The rows of all workers, by ticket.

    `rows["sent_ns"]` is a column of shape (len(rows),); do not write to it. `rows[5]`, `rows[10:20]`, `rows[mask]` and
    `rows[index]` are copies of whole rows: a row, or a structured array of rows. docs/records.md lists the columns.
    """

    def __init__(self, files: list[RowsFile]) -> None:
        self._files = files
        self._kept: dict[str, NDArray[Any]] = {}
        self._ends = np.cumsum([0, *(len(file.rows) for file in files)])
        tickets = self._in_files(("slot",))[0]
        self._order: NDArray[np.int64] | None = None
        if not np.all(np.diff(tickets) >= 0):
            self._order = np.argsort(tickets, kind="stable")

    def by_worker(self, workers: list[int]) -> NDArray[np.int32]:
        """For each row, the worker that wrote it. `workers`: one per file, in order."""
        found = np.repeat(np.array(workers, np.int32), np.diff(self._ends))
        return found if self._order is None else found[self._order]

    def only(self, mask: NDArray[np.bool_]) -> Rows:
        """The rows that `mask`, shape (len(self),), selects."""
        found = copy(self)
        index = np.flatnonzero(mask)
        found._kept = {}
        found._order = index if self._order is None else self._order[index]
        return found

    def __len__(self) -> int:
        return int(self._ends[-1]) if self._order is None else len(self._order)

    @overload
    def __getitem__(self, key: str) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, key: int | np.integer[Any]) -> np.void: ...
    @overload
    def __getitem__(self, key: slice | NDArray[np.bool_] | NDArray[np.int64]) -> NDArray[np.void]: ...
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self._column(key)
        if isinstance(key, (int, np.integer)):
            return self._picked(np.array([range(len(self))[key]]))[0]
        if isinstance(key, slice):
            begin, end, step = key.indices(len(self))
            if self._order is None and step == 1:
                return self._stretch(begin, max(begin, end))
            return self._picked(np.arange(begin, end, step))
        return self._picked(np.flatnonzero(key) if key.dtype == np.bool_ else key)

    def __iter__(self) -> Iterator[np.void]:
        for begin in range(0, len(self), _BLOCK):
            yield from self[begin : begin + _BLOCK]

    def _column(self, name: str) -> NDArray[Any]:
        if name in self._kept:
            return self._kept[name]
        together: tuple[str, ...] = ()
        if name in _KEPT_TOGETHER:
            together = _KEPT_TOGETHER
        elif name in _KEPT_IN_SMALL_RUNS and len(self) <= _SMALL_RUN:
            together = _KEPT_IN_SMALL_RUNS
        if not together:
            return self._by_ticket((name,))[0]
        for kept, column in zip(together, self._by_ticket(together), strict=True):
            column.flags.writeable = False
            self._kept[kept] = column
        return self._kept[name]

    def _by_ticket(self, names: tuple[str, ...]) -> list[NDArray[Any]]:
        found = self._in_files(names)
        if self._order is not None:
            for at, column in enumerate(found):
                found[at] = column[self._order]
        return found

    def _in_files(self, names: tuple[str, ...]) -> list[NDArray[Any]]:
        """The columns `names`, file by file."""
        found = [np.empty(int(self._ends[-1]), _ROW[name]) for name in names]
        for file, begin, end in zip(self._files, self._ends, self._ends[1:], strict=False):
            file.read(names, [column[begin:end] for column in found])
        return found

    def _stretch(self, begin: int, end: int) -> NDArray[np.void]:
        """Copies of the rows from `begin` to `end`, if the files have them in ticket order."""
        if len(self._files) == 1:
            return self._files[0].stretch(begin, end)
        found = np.empty(end - begin, _ROW)
        for file, first, last in zip(self._files, self._ends, self._ends[1:], strict=False):
            if max(begin, first) < min(end, last):
                found[max(0, first - begin) : last - begin] = file.stretch(max(0, begin - first), end - first)
        return found

    def _picked(self, index: NDArray[np.int64]) -> NDArray[np.void]:
        places = index if self._order is None else self._order[index]
        owners = np.searchsorted(self._ends, places, side="right") - 1
        found = np.empty(len(places), _ROW)
        for at, file in enumerate(self._files):
            mine = owners == at
            found[mine] = file.picked(places[mine] - self._ends[at])
        return found
