"""The figures that are kept: each group is measured by the module that owns it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import instructions, page, prompts, startup, truth
from bench.cpu import FLOOR, in_turns, ratio_to_floor
from bench.harness import ROOT, found, referee
from bench.peers.clients import Aisbench, Wrk
from bench.peers.load import STREAMS, Client, sizes_of


class Missing(Exception):
    """A figure that cannot be measured here; the message says what is missing, and where to get it."""


@dataclass(frozen=True)
class Settings:
    """`rounds`: runs of which the median is taken. `requests`: of the run that is reported. `tokenizer`: its folder."""

    rounds: int
    requests: int
    wrk: str | None
    tokenizer: str | None


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str


def cpu(settings: Settings) -> list[Figure]:
    clients: list[Client] = [Aisbench()]
    if (program := found(settings.wrk or FLOOR)) is not None:
        clients.append(Wrk(program))
    rounds = list(in_turns(clients, sizes_of(STREAMS), settings.rounds))
    figures = []
    for client in clients:
        measured = [one[client.name] for one in rounds]
        known = [one.cpu_us for one in measured if one.cpu_us is not None and not one.with_start_up]
        if not known:
            raise RuntimeError(f"{client.name}: {measured[-1].problem}")
        figures.append(Figure(f"cpu per event, {client.name}", median(known), "us"))
    ratios = [ratio for one in rounds if (ratio := ratio_to_floor(Aisbench().name, one)) is not None]
    if ratios:
        figures.append(Figure(f"cpu per event, {Aisbench().name} / {FLOOR}", median(ratios), ""))
    return figures


def errors(settings: Settings) -> list[Figure]:
    """Of the case `closed`."""
    runs = []
    for _ in range(settings.rounds):
        with tempfile.TemporaryDirectory() as folder, referee(**truth.STEADY) as server:
            told, load = truth.loaded(Path(folder), server, *truth.closed_loop(2560))
            runs.append(truth.errors(told, load.summary))
    return [Figure(f"error of {name}", median(run[name] for run in runs), "ms") for name in runs[0]]


def start(settings: Settings) -> list[Figure]:
    (runs,) = startup.in_turns([ROOT], max(5, settings.rounds))
    return [
        Figure(name.removesuffix(", ms"), median(run[name] for run in runs), "ms") for name in startup.FIGURES
    ]


def report(settings: Settings) -> list[Figure]:
    what = f"report of {settings.requests} requests"
    with tempfile.TemporaryDirectory() as folder:
        run = page.loaded(Path(folder), settings.requests)
        seconds, cpu_s, memory_gb = page.reported(run)
        size = (run / page.NAME).stat().st_size
    return [
        Figure(f"{what}, time", seconds, "s"),
        Figure(f"{what}, cpu", cpu_s, "s"),
        Figure(f"{what}, memory", memory_gb, "GB"),
        Figure(f"{what}, page", size / 1e6, "MB"),
    ]


def preparing(settings: Settings) -> list[Figure]:
    count, length = 10_000, 1024
    if settings.tokenizer is None:
        raise Missing("no tokenizer; give its folder with --tokenizer FOLDER")
    alone = prompts.prompts(settings.tokenizer, count, length)
    first, again = prompts.preparations(settings.tokenizer, count, length)
    what = f"{count} prompts of {length} tokens"
    return [
        Figure(f"{what}, {name}cpu", float(made["cpu"]), "s")
        for name, made in (("", alone), ("prepared, ", first), ("prepared again, ", again))
    ]


def counted(settings: Settings) -> list[Figure]:
    if found("valgrind") is None:
        raise Missing("valgrind is not installed; install it (Debian: apt-get install valgrind)")
    return [
        Figure(f"instructions per event, {name}", value, "")
        for name, value in instructions.per_event().items()
    ]


GROUPS: dict[str, Callable[[Settings], list[Figure]]] = {
    "cpu": cpu,
    "errors": errors,
    "startup": start,
    "report": report,
    "prompts": preparing,
    "instructions": counted,
}
