"""The worker process: a uvloop event loop around the native driver. Its spec arrives on standard input."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import os
import shutil
import signal
import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop

from aisbench._native.driver import Driver
from aisbench._native.memory.bodies import BodyFile
from aisbench._native.memory.recorder import Recorder
from aisbench._native.memory.shared import SharedBlock, Slots
from aisbench._native.protocol.decode import Decoder
from aisbench._native.sending.aborts import Aborts
from aisbench._native.tally import Reading
from aisbench.backends.history import History
from aisbench.backends.registry import backend_named
from aisbench.disk import EXIT_FULL, full_text, is_full
from aisbench.engine import host
from aisbench.engine.crew.readers import reader_for
from aisbench.engine.crew.warm_up_files import warm_up_bodies, warm_up_folder
from aisbench.engine.crew.worker_spec import WorkerSpec
from aisbench.engine.target.from_spec import names, targets
from aisbench.engine.turns import read_conversations
from aisbench.masking.masking import masked_text, remember, show_masked
from aisbench.printable import words_of
from aisbench.records.failure_kinds import error_kind

# Connections made at a time before the start; few enough not to overflow a server's backlog.
_CONNECT_BATCH = 64
_CONNECT_PATIENCE_S = 10.0
# How often the loop looks at the stop flag; the per-event path does not depend on it.
_POLL_S = 0.02
_EXPIRE_EVERY_S = 0.1
# Samples that each worker keeps of each kind of failure.
_SAMPLES = 5
_DETAIL_BYTES, _SAMPLE_CHARACTERS = 4096, 500
# Holds "module:function", called with the running loop before load starts, so that benchmarks can disturb a worker.
_HOOK_VARIABLE = "AISBENCH_WORKER_HOOK"


class _Worker:
    def __init__(self, spec: WorkerSpec) -> None:
        self.spec = spec
        self.samples: dict[tuple[str, int], int] = {}
        self.warming_up = False
        self.warm_up_failed = 0
        self.longest_pause_s = 0.0
        self.error_log = Path(spec.records, f"errors-{spec.worker}.jsonl").open("w", buffering=1)  # noqa: SIM115 - open as long as the worker
        self.orphaned = False
        self.block = SharedBlock(spec.block)
        self.slots = self.slots_of(spec.slots_fd)
        self.recorder = Recorder(spec.records, spec.worker, spec.token_times, spec.text)
        self.recorder.reserve(spec.expected_rows)
        # The error that stopped the recording, once the disk is full.
        self.full: OSError | None = None
        self.bodies = BodyFile(spec.bodies)
        self.conversations = (
            read_conversations(Path(spec.conversations), spec.users, spec.user_gap_ns)
            if spec.conversations is not None
            else None
        )
        backend = backend_named(spec.backend, spec.template)
        self.history = History(
            backend.as_results if spec.history_at_server else backend.as_messages,
            keeps_reasoning=spec.history_reasoning,
        )
        self.names = names(spec.names) if spec.names is not None else None
        self.sockets = reader_for(spec.reader)
        self.driver = Driver(
            targets=targets(spec),
            reader=self.sockets.reader,
            reading=Reading(
                Decoder((path, meaning) for path, meaning in spec.rules),
                max_event_bytes=spec.max_event_bytes,
                max_answer_bytes=spec.max_answer_bytes,
                streams=spec.streams,
                counts_chunks=spec.counts_chunks,
                must_finish=spec.must_finish,
                lines=spec.lines,
                end=spec.end.encode(),
                keeps_text=spec.text or spec.conversations is not None,
                tool_calls=backend.tool_calls,
                answer_id=backend.answer_id if spec.history_at_server else None,
            ),
            bodies=self.bodies,
            conversations=self.conversations,
            keeps_slot=spec.keeps_slot,
            prefills=self.slots_of(spec.prefills_fd, places=True),
            aborts=Aborts(spec.abort_share, spec.abort_seed, spec.abort_after_ns, spec.abort_after_tokens),
            history=self.history,
            names=self.names,
            on_failure=self.on_failure,
            timeout_ns=spec.timeout_ns,
            drop_after_ns=spec.drop_after_ns,
            rest_ns=spec.rest_ns,
        )

    def slots_of(self, fd: int | None, *, places: bool = False) -> Slots | None:
        if fd is None:
            return None
        slots = Slots(fd=fd)
        slots.count_in(self.block, self.spec.worker, places)
        return slots

    def on_failure(self, ticket: int, error: int, http_status: int, detail: bytes) -> None:
        """Keeps the first few failures of each kind as samples; the core counts them all, but for those of warm-ups."""
        if self.warming_up and ticket >= 0:
            self.warm_up_failed += 1
        kind = (error_kind(error, http_status), http_status)
        seen = self.samples.get(kind, 0)
        self.samples[kind] = seen + 1
        if seen < _SAMPLES:
            # Cut only after masking, which would not recognise half a key.
            message = masked_text(words_of(detail[:_DETAIL_BYTES]))[:_SAMPLE_CHARACTERS]
            sample = {"kind": kind[0], "http_status": http_status, "slot": ticket, "message": message}
            with contextlib.suppress(OSError):
                self.error_log.write(json.dumps(sample) + "\n")

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        hook = os.environ.get(_HOOK_VARIABLE)
        if hook:
            module, _, function = hook.partition(":")
            getattr(importlib.import_module(module), function)(loop)
        loop.set_exception_handler(self.on_problem)
        loop.add_reader(0, self.on_lifeline)
        self.driver.attach(self.block, self.spec.worker, self.slots, self.recorder, self.spec.share)
        loop.add_reader(self.driver.fd, self.driver.on_wake)
        await self.connect()
        if self.spec.warmup and not self.told_to_end:
            await self.warm_up()
        # No garbage collection from here on: it would stop the loop for milliseconds.
        gc.collect()
        gc.freeze()
        gc.disable()
        self.block.set_ready(self.spec.worker)
        while self.block.start_ns == 0 and not self.told_to_end:
            await asyncio.sleep(0.002)
        before = (time.monotonic_ns(), host.cpu_ns(), host.runqueue_wait_ns())
        self.recorder.start_at(self.block.start_ns)
        if self.block.start_ns != 0:
            self.driver.serve()
            await self.until_finished()
        loop.remove_reader(self.driver.fd)
        loop.remove_reader(0)
        with self.noting_full():
            self.recorder.close()
        with self.noting_full():
            self.write_figures(before)
        if self.orphaned:
            # The coordinator, which would do this, is gone.
            Path(self.spec.block).unlink(missing_ok=True)

    @property
    def told_to_end(self) -> bool:
        """Whether the run ends before it has begun, or the coordinator is gone."""
        return self.orphaned or bool(self.block.stop_level)

    async def connect(self) -> None:
        """Makes connections ahead of the first send; one that fails is tried again when a request needs it."""
        wanted, rate = self.spec.connect_ahead, self.spec.connect_rate
        begun = time.monotonic()
        give_up = begun + _CONNECT_PATIENCE_S + (wanted / rate if rate else 0.0)
        asked = 0
        while asked < wanted and time.monotonic() < give_up and not self.told_to_end:
            if rate is not None and (left_s := begun + asked / rate - time.monotonic()) > 0:
                await asyncio.sleep(min(left_s, _POLL_S))
                continue
            batch = 1 if rate is not None else min(_CONNECT_BATCH, wanted - asked)
            self.driver.connect_ahead(batch)
            asked += batch
            while self.driver.idle_connections < self.driver.open_connections:
                if time.monotonic() >= give_up or self.told_to_end:
                    return
                await asyncio.sleep(0.001)
            if self.driver.open_connections < asked:
                return

    async def warm_up(self) -> None:
        """Sends the warm-up requests, whose bodies no measured request has, and discards their records."""
        bodies = warm_up_bodies(Path(self.spec.records), self.spec.worker)
        folder = warm_up_folder(Path(self.spec.records), self.spec.worker)
        folder.mkdir()
        self.driver.take(BodyFile(str(bodies)), None)
        block = SharedBlock.create(str(folder / "shared.bin"), 1, self.spec.warmup, array("q"))
        recorder = Recorder(str(folder), self.spec.worker)
        recorder.start_at(time.monotonic_ns())
        block.start(time.monotonic_ns())
        self.warming_up = True
        self.driver.attach(block, 0, self.slots, recorder, self.spec.share)
        self.driver.serve()
        while not self.driver.finished and not self.told_to_end:
            self.driver.expire()
            self.driver.let_go()
            await asyncio.sleep(_POLL_S)
        if not self.driver.finished:
            self.driver.cancel()
        self.warming_up = False
        recorder.close()
        shutil.rmtree(folder)
        bodies.unlink()
        self.driver.take(self.bodies, self.conversations)
        self.driver.attach(self.block, self.spec.worker, self.slots, self.recorder, self.spec.share)

    async def until_finished(self) -> None:
        expire_at = flush_at = 0.0
        looked_at = time.monotonic()
        share = 0
        while not self.driver.finished:
            level = 2 if self.orphaned or self.full is not None else self.block.stop_level
            if level >= 2:
                with self.noting_full():
                    self.driver.cancel()
                return
            if level == 1:
                self.driver.exhaust()
            if self.block.share != share:
                share = self.block.share
                self.driver.widen(share)
            self.driver.let_go()
            now = time.monotonic()
            self.longest_pause_s = max(self.longest_pause_s, now - looked_at)
            looked_at = now
            if now >= expire_at:
                self.driver.expire()
                expire_at = now + _EXPIRE_EVERY_S
            if now >= flush_at:
                with self.noting_full():
                    self.recorder.flush()
                flush_at = now + 1.0
            await asyncio.sleep(_POLL_S)

    @contextlib.contextmanager
    def noting_full(self) -> Iterator[None]:
        """Turns a full disk into the end of the run, so that its records are closed first."""
        try:
            yield
        except OSError as problem:
            if not is_full(problem):
                raise
            self.full = self.full or problem

    def on_problem(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The loop's handler for exceptions that the driver's callbacks raise."""
        problem = context.get("exception")
        if isinstance(problem, OSError) and is_full(problem):
            self.full = self.full or problem
        else:
            loop.default_exception_handler(context)

    def on_lifeline(self) -> None:
        """Ends the load when standard input ends, which means that the coordinator is gone."""
        if not os.read(0, 1):
            self.orphaned = True
            asyncio.get_running_loop().remove_reader(0)

    def write_figures(self, before: tuple[int, int, int]) -> None:
        clock = self.driver.clock
        figures = {
            "worker": self.spec.worker,
            "warm_up_failed": self.warm_up_failed,
            "pid": os.getpid(),
            "wall_ns": time.monotonic_ns() - before[0],
            "cpu_ns": host.cpu_ns() - before[1],
            "runqueue_wait_ns": host.runqueue_wait_ns() - before[2],
            "longest_pause_ns": int(self.longest_pause_s * 1e9),
            "clock_steps": clock.steps,
            "largest_clock_step_ns": clock.largest_step_ns,
            "peak_rss_bytes": host.peak_rss_bytes(),
            "rest_ns": self.driver.rest_ns,
            "reader": self.sockets.name,
            "io_uring_refused": self.sockets.refused,
            "history": self.history.figures(),
            "session_tokens": None
            if self.names is None
            else {"answers": self.names.answers, "tokens": self.names.tokens},
        }
        Path(self.spec.records, f"worker-{self.spec.worker}.json").write_text(json.dumps(figures))


def main() -> None:
    # These signals reach the whole process group, but only the coordinator decides how the run ends.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.excepthook = show_masked
    try:
        spec = WorkerSpec.read(0)
    except EOFError:
        # The run could not be prepared, or was interrupted before.
        return
    remember(spec.secrets)
    try:
        worker = _Worker(spec)
        uvloop.run(worker.run())
        full = worker.full
    except OSError as problem:
        if not is_full(problem):
            raise
        full = problem
    if full is not None:
        with contextlib.suppress(OSError):
            print(full_text(full), file=sys.stderr, flush=True)
        os._exit(EXIT_FULL)


if __name__ == "__main__":
    main()
