"""Makes inputs, runs a target on them, and keeps what reached new code or went wrong."""

from __future__ import annotations

import mmap
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from random import Random

from tests.fuzz.coverage import edges_taken
from tests.fuzz.mutations import LONGEST, mutated

Check = Callable[[bytes], None]

# Nothing that is checked takes as long, however busy the host is.
_MOST_S: float = 60
# The most runs that make a finding smaller.
_MOST_TRIALS = 3000


@dataclass(frozen=True)
class Target:
    """`opened`: gives a check, which raises an exception for an input that is treated wrongly, while it is open.

    `make`: makes a new input that follows the grammar. `words`: of the grammar, for mutations.
    """

    name: str
    opened: Callable[[], AbstractContextManager[Check]]
    make: Callable[[Random], bytes]
    words: Sequence[bytes]


@dataclass
class Outcome:
    """`runs` inputs were checked in `cpu_s` seconds of this process's CPU time. `found`: the input that was treated
    wrongly, made smaller, or None; `problem`: what the check said. `kept`: inputs that reached new code. `guided`: the
    core counts its edges."""

    runs: int = 0
    cpu_s: float = 0.0
    found: bytes | None = None
    problem: str = ""
    kept: list[bytes] = field(default_factory=list)
    guided: bool = False


class LastInput:
    """A file that holds the input being checked, also after the process has crashed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(4 + LONGEST))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)

    def hold(self, data: bytes) -> None:
        self._memory[0:4] = len(data).to_bytes(4, "little")
        self._memory[4 : 4 + len(data)] = data

    @staticmethod
    def read(path: Path) -> bytes:
        whole = path.read_bytes()
        return whole[4 : 4 + int.from_bytes(whole[:4], "little")]


def problem_of(check: Check, data: bytes) -> str:
    """What is wrong with how `data` is treated; empty: nothing."""
    timed = threading.current_thread() is threading.main_thread()
    try:
        if timed:
            signal.signal(signal.SIGALRM, _too_long)
            signal.setitimer(signal.ITIMER_REAL, _MOST_S)
        check(data)
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    finally:
        if timed:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


def _too_long(signal_number: int, frame: object) -> None:
    raise TimeoutError(f"this takes longer than {_MOST_S} s")


def smaller(check: Check, data: bytes) -> bytes:
    """`data` without what its failure does not need; the kind of the failure stays."""
    kind = problem_of(check, data).partition(":")[0]
    trials = 0
    size = len(data) // 2
    while size > 0:
        at = 0
        while at < len(data) and trials < _MOST_TRIALS:
            trials += 1
            shorter = data[:at] + data[at + size :]
            if problem_of(check, shorter).partition(":")[0] == kind:
                data = shorter
            else:
                at += size
        size //= 2
    return data


def fuzz(
    target: Target,
    pool: Sequence[bytes],
    *,
    seed: int,
    seconds: float = float("inf"),
    runs: int = 1 << 62,
    last: LastInput | None = None,
) -> Outcome:
    """Checks inputs for `seconds` of CPU time or `runs` inputs, whichever ends first, or until one is treated wrongly.

    `pool`: inputs to begin with, which are checked first.
    """
    rng = Random(seed)
    outcome = Outcome()
    edges = edges_taken()
    outcome.guided = edges is not None
    inputs = list(pool)
    begun_s = time.process_time()
    with target.opened() as check:
        while outcome.runs < runs and outcome.cpu_s < seconds:
            if outcome.runs < len(pool):
                data = pool[outcome.runs]
            elif not inputs or rng.random() < 0.3:
                data = target.make(rng)[:LONGEST]
            else:
                data = mutated(rng.choice(inputs), rng, target.words, inputs)
            if last is not None:
                last.hold(data)
            edges_before = edges() if edges is not None else 0
            problem = problem_of(check, data)
            outcome.runs += 1
            outcome.cpu_s = time.process_time() - begun_s
            if problem:
                outcome.found = smaller(check, data)
                outcome.problem = problem_of(check, outcome.found)
                break
            if edges is not None and edges() > edges_before and outcome.runs > len(pool):
                outcome.kept.append(data)
                inputs.append(data)
    return outcome


def file_name(data: bytes) -> str:
    return sha1(data, usedforsecurity=False).hexdigest()[:12]
