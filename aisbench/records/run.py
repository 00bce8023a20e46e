"""A run as its records tell it: rows, histograms, token flow and what the engine noted beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import FLOW_BUCKET_NS, STATUSES
from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.records.damage import check_times, notes_on_losses
from aisbench.records.histograms import Histogram
from aisbench.records.reading import (
    ROWS_NAME,
    read_array,
    read_config,
    read_flow,
    read_histograms,
    read_info,
    started_workers,
)
from aisbench.records.rows import Rows, RowsFile
from aisbench.records.turn_plan import TurnPlan, read_turn_plan
from aisbench.records.turns import NAME as TURNS

UNCLOSED = "the run ended without closing its records"


@dataclass(frozen=True)
class Selected:
    """Some rows of a run, a column at a time: a copy of them would be as large as the run itself. Do not write to it."""

    rows: Rows
    mask: NDArray[np.bool_]

    @cached_property
    def _all(self) -> bool:
        return bool(self.mask.all())

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.rows[name] if self._all else self.rows[name][self.mask]

    def __len__(self) -> int:
        return int(np.count_nonzero(self.mask))


@dataclass(frozen=True)
class Run:
    """One run folder, read.

    `rows` has one row for each request, by ticket; `row_workers` is the worker of each row, shape (len(rows),); `flow`
    the number of token events in each FLOW_BUCKET_NS since `start_ns`; `info` is run.json, and `config` its options.
    `trusts_code`: a tokenizer may run its own code when tokens are counted.

    With --warmup-time all of this, `info`'s planned requests too, is without the `left_out` requests that began in it, and
    `start_ns` is its end. `carried`: the rows of those that were still in flight then, and `carried_workers` their workers.
    """

    folder: Path
    info: dict[str, Any]
    config: RunConfig
    rows: Rows
    row_workers: NDArray[np.int32]
    histograms: dict[str, Histogram]
    flow: NDArray[np.int64]
    start_ns: int
    trusts_code: bool = False
    left_out: int = 0
    carried: Rows | None = None
    carried_workers: NDArray[np.int32] | None = None

    @staticmethod
    def load(run_dir: str | Path, *, trust_remote_code: bool = False) -> Run:
        """Reads `run_dir`, also after a crash. Raises BadInput when it is not a run folder, or a file of it is broken.

        A folder may come from anybody, so what its run.json says of `trust_remote_code` is not enough to run code.
        """
        try:
            return Run.read(Path(run_dir), trust_remote_code=trust_remote_code)
        except OSError as problem:
            raise BadInput(
                f"{problem.filename or run_dir} cannot be read ({problem.strerror or problem})"
            ) from None

    @staticmethod
    def read(folder: Path, *, trust_remote_code: bool = False) -> Run:
        records = folder / "records"
        info = read_info(records / "run.json", folder)
        config = read_config(records / "run.json", info)
        there = {int(match[1]) for path in records.iterdir() if (match := ROWS_NAME.match(path.name))}
        workers = sorted(there | started_workers(info, config))
        for worker in workers:
            for path in (records / f"rows-{worker}.bin", records / f"hist-{worker}.bin"):
                if not path.is_file():
                    raise BadInput(
                        f"{path} is missing: the run had {len(workers)} worker(s), and its figures need the records of each"
                    )
        files = [RowsFile.open(records / f"rows-{worker}.bin") for worker in workers]
        start_ns = int(info.get("start_ns") or max((file.origin_ns for file in files), default=0))
        rows = Rows(files)
        check_times(records, workers, files, rows, start_ns, info.get("end_ns"))
        flow = read_flow(
            [records / f"flow-{worker}.bin" for worker in workers],
            [file.origin_ns - start_ns if file.origin_ns else 0 for file in files],
        )
        if info.get("start_ns"):
            losses = notes_on_losses(workers, files, rows, flow)
            info = {**info, "notes": [*(info.get("notes") or ()), *losses]}
        run = Run(
            folder=folder,
            info=info,
            config=config,
            rows=rows,
            row_workers=rows.by_worker(workers),
            histograms=read_histograms([records / f"hist-{worker}.bin" for worker in workers]),
            flow=flow,
            start_ns=start_ns,
            trusts_code=trust_remote_code,
        )
        return without_warm_up(run) if config.warmup_time_s and start_ns else run

    @property
    def records(self) -> Path:
        return self.folder / "records"

    @property
    def written_config(self) -> dict[str, Any]:
        """The options just as run.json has them, those of other versions too: to be shown, not to be followed."""
        return self.info.get("config") or {}

    @property
    def workers(self) -> list[dict[str, Any]]:
        """The workers' own figures; empty when the run never came to write them."""
        return self.info.get("workers") or []

    @property
    def outcome(self) -> str:
        """finished, interrupted, abandoned or failed; a run that never closed its records has failed."""
        outcome = self.info.get("outcome")
        return "failed" if outcome in (None, "running") else str(outcome)

    @property
    def outcome_reason(self) -> str | None:
        if self.info.get("outcome") in (None, "running"):
            return UNCLOSED
        return self.info.get("outcome_reason")

    @property
    def is_open_loop(self) -> bool:
        """True when requests left by a plan (a finite rate, a ramp, a trace's times), not when others ended."""
        known = self.info.get("open_loop")
        if known is not None:
            return bool(known)
        return self.config.is_open_loop

    @property
    def streams(self) -> bool:
        """False when whole answers were asked for: then there is no first token to time."""
        return bool(self.info.get("streams", True))

    @property
    def generates(self) -> bool:
        """False when the answers were vectors or scores, not tokens."""
        return bool(self.info.get("generates", True))

    @property
    def has_conversations(self) -> bool:
        return self.info.get("conversations") is not None

    @cached_property
    def turn_plan(self) -> TurnPlan | None:
        """The planned turns of each session; None without sessions, or if the run did not keep them."""
        return read_turn_plan(self.records / TURNS) if self.has_conversations else None

    @property
    def keeps_slots(self) -> bool:
        """True when a conversation keeps its in-flight slot while it waits for its next turn."""
        return self.has_conversations and self.config.slots == "users"

    @property
    def sends_from(self) -> str:
        """The row's field from which vLLM's keys count: the send, or, for --compat vllm, when a request
        had its in-flight slot, so that connecting is part of its latency as in vLLM's client."""
        return "began_ns" if self.config.compat == "vllm" else "sent_ns"

    @property
    def limit(self) -> int | None:
        """The in-flight limit that was asked for."""
        return self.config.concurrency

    @cached_property
    def last_ns(self) -> int:
        """The last moment that any row speaks of; `start_ns` when there is none."""
        if len(self.rows) == 0:
            return self.start_ns
        return max(
            self.start_ns, *(int(self.rows[name].max()) for name in ("done_ns", "last_token_ns", "sent_ns"))
        )

    @property
    def duration_ns(self) -> int:
        """From the common start to the end of the last response, as vLLM's (dispatch to gather)."""
        return self.last_ns - self.start_ns

    def lost_ns(self, workers: NDArray[np.int32]) -> NDArray[np.int64]:
        """When requests of `workers` that never ended were lost, ns since the start: at the worker's death, or else at
        the end of the records."""
        found = np.full(len(workers), self.duration_ns)
        for one in self.workers:
            if one.get("died_ns"):
                found[workers == one["worker"]] = min(int(one["died_ns"]) - self.start_ns, self.duration_ns)
        return found

    def selected(self, mask: NDArray[np.bool_]) -> Selected:
        return Selected(self.rows, mask)

    def has_status(self, *names: str) -> NDArray[np.bool_]:
        """Mask of the rows whose status is one of `names` (STATUSES)."""
        if names not in self._masks:
            self._masks[names] = np.isin(self._statuses, [STATUSES.index(name) for name in names])
        return self._masks[names]

    @cached_property
    def _masks(self) -> dict[tuple[str, ...], NDArray[np.bool_]]:
        return {}

    @cached_property
    def _statuses(self) -> NDArray[np.uint8]:
        return self.rows["status"]

    def planned_lengths(self, name: str) -> NDArray[np.int32] | None:
        """Per row the planned `prompt_tokens` or `max_tokens`; None when the run kept no plan of it."""
        file = (self.info.get("prompts") or {}).get(name)
        if file is None or not (self.records / file).is_file():
            return None
        try:
            lengths = read_array(self.records / file)
        except (OSError, ValueError) as problem:
            raise BadInput(
                f"{self.records / file} cannot be read ({problem}); without the file the report leaves planned lengths out"
            ) from None
        # Those of a ticket beyond their end are at the remainder. take's own mode for that subtracts until it fits.
        return lengths.take(self.rows["slot"] % len(lengths)) if len(lengths) else None


def without_warm_up(run: Run) -> Run:
    """The run from the end of its --warmup-time on, without the requests that began before."""
    warm_up_ns = int((run.config.warmup_time_s or 0.0) * 1e9)
    start_ns = run.start_ns + warm_up_ns
    rows = run.rows
    # A dropped request never began.
    began_ns = np.where(rows["began_ns"] > 0, rows["began_ns"], rows["planned_ns"])
    early = began_ns < start_ns
    in_flight = early & (rows["sent_ns"] > 0) & ((rows["done_ns"] == 0) | (rows["done_ns"] > start_ns))
    left_out = int(early.sum())
    planned, by_turn = run.info.get("planned_requests"), run.info.get("planned_turns")
    if by_turn is not None:
        left = np.bincount(rows["turn"][early], minlength=len(by_turn))
        by_turn = (np.array(by_turn) - left[: len(by_turn)]).tolist()
    return replace(
        run,
        info={
            **run.info,
            "planned_requests": None if planned is None else planned - left_out,
            "planned_turns": by_turn,
        },
        rows=rows.only(~early),
        row_workers=run.row_workers[~early],
        flow=run.flow[warm_up_ns // FLOW_BUCKET_NS :],
        start_ns=start_ns,
        left_out=left_out,
        carried=rows.only(in_flight),
        carried_workers=run.row_workers[in_flight],
    )
