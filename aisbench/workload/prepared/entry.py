"""Writes a workload into a folder of the cache, and reads it back if nothing of it was damaged.

`workload.json` holds the small parts and the sha256 of every other file; its first line is the sha256 of the rest. The
files contain no pickles.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import random
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.bodies import Bodies
from aisbench.workload.build import BODIES, FILES, MAX_TOKENS, PROMPT_TOKENS, Workload
from aisbench.workload.prompts import Conversations, Prompts

# Written last and touched at each use.
FACTS = "workload.json"
_ARRAYS = "arrays.npz"
# The number of the ioctl that lets two files share their blocks until one is changed.
_FICLONE = 0x40049409
_TALKS = tuple(field.name for field in fields(Conversations))


def fits(workload: Workload) -> bool:
    """False for a workload with parts that are not kept: questions with known answers."""
    return workload.prompts.questions is None


def write_entry(workload: Workload, folder: Path) -> None:
    """Writes the entry into the empty `folder`, readable by the owner only. Raises OSError if that fails."""
    for file in workload.files:
        _copy(file, folder / file.name)
    np.savez(folder / _ARRAYS, allow_pickle=False, **_arrays(workload.prompts))
    facts = {**_facts(workload), "sha256": {name: _sha256(folder / name) for name in (*FILES, _ARRAYS)}}
    text = json.dumps(facts)
    (folder / FACTS).write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")
    for path in folder.iterdir():
        path.chmod(0o600)


def read_entry(folder: Path, directory: Path) -> Workload | None:
    """Copies the files of the entry to `directory`; None, and no file there, if the entry was damaged.

    The files are copies, as a run changes its own. Raises OSError if they cannot be read or written.
    """
    digest, _, text = (folder / FACTS).read_bytes().partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        return None
    facts = json.loads(text)
    if any(_sha256(folder / name) != wanted for name, wanted in facts["sha256"].items()):
        return None
    for name in FILES:
        _copy(folder / name, directory / name)
    with np.load(folder / _ARRAYS) as arrays:
        prompts = _prompts(facts, dict(arrays))
    return Workload(
        Bodies(directory / BODIES, **facts["bodies"]),
        np.load(directory / PROMPT_TOKENS),
        np.load(directory / MAX_TOKENS),
        prompts,
        inputs=facts["inputs"],
        notes=prompts.notes,
        fingerprint=facts["fingerprint"],
        warm_up=[body.encode("latin-1") for body in facts["warm_up"]],
        names=facts["names"],
        fill=[body.encode("latin-1") for body in facts["fill"]],
    )


def requests_in(folder: Path) -> tuple[str, int]:
    """The data set and the number of requests of an entry. Raises OSError or ValueError for one that is damaged."""
    facts = json.loads((folder / FACTS).read_bytes().partition(b"\n")[2])
    try:
        return str(facts["fingerprint"]["dataset"]["name"]), int(facts["bodies"]["count"])
    except (KeyError, TypeError) as problem:
        raise ValueError(f"{folder} is damaged") from problem


def _facts(workload: Workload) -> dict[str, Any]:
    prompts, bodies = workload.prompts, workload.bodies
    return {
        "bodies": {"count": bodies.count, "unique": bodies.unique, "fingerprint": bodies.fingerprint},
        "inputs": workload.inputs,
        "notes": workload.notes,
        "fingerprint": workload.fingerprint,
        "warm_up": [body.decode("latin-1") for body in workload.warm_up],
        "names": workload.names,
        "fill": [body.decode("latin-1") for body in workload.fill],
        "ignores_eos": prompts.ignores_eos,
        "rows": prompts.rows,
        "stdlib_random": prompts.stdlib_random and prompts.stdlib_random.getstate(),
        "legacy_random": _legacy_state(prompts.legacy_random),
    }


def _legacy_state(generator: np.random.RandomState | None) -> dict[str, Any] | None:
    if generator is None:
        return None
    state: Any = generator.get_state(legacy=False)
    return {**state, "state": {**state["state"], "key": state["state"]["key"].tolist()}}


def _arrays(prompts: Prompts) -> dict[str, NDArray[np.int64]]:
    found = {"arrivals_ns": prompts.arrivals_ns}
    if prompts.conversations is not None:
        found |= {name: getattr(prompts.conversations, name) for name in _TALKS}
    return {name: array for name, array in found.items() if array is not None}


def _prompts(facts: dict[str, Any], arrays: dict[str, NDArray[np.int64]]) -> Prompts:
    """The prompts as they are when all of them have been made; their blocks were of use only before."""
    arrivals_ns = arrays.pop("arrivals_ns", None)
    stdlib = legacy = None
    if facts["stdlib_random"] is not None:
        edition, numbers, gauss = facts["stdlib_random"]
        stdlib = random.Random()
        stdlib.setstate((edition, tuple(numbers), gauss))
    if facts["legacy_random"] is not None:
        state = facts["legacy_random"]
        legacy = np.random.RandomState()
        key = np.array(state["state"]["key"], dtype=np.uint32)
        legacy.set_state({**state, "state": {**state["state"], "key": key}})
    return Prompts(
        iter(()),
        facts["bodies"]["count"],
        facts["notes"],
        arrivals_ns,
        Conversations(**arrays) if arrays else None,
        stdlib,
        legacy,
        facts["ignores_eos"],
        facts["rows"],
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> None:
    """Copies a file, without its permissions; at once where the disk lets two files share their blocks."""
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, new, 1 << 20)
