"""What the core declares in C and what Python knows of it are the same, and its modules depend one way."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import pytest

from aisbench._native.memory.histogram import HISTOGRAMS
from aisbench._native.memory.recorder import ERRORS, MARKS, ROW_FIELDS, STATUSES
from aisbench._native.memory.shared import LIVE_FIELDS
from aisbench._native.protocol.finish import FINISHES, Finish
from aisbench._native.targets import POLICIES
from aisbench.config.target import TargetOptions
from aisbench.options.option import declared

NATIVE = Path(__file__).parents[2] / "aisbench" / "_native"


def body(declaration: str, file: str) -> list[str]:
    """The lines of an enum or a struct in a .pxd file, without comments."""
    text = (NATIVE / file).read_text()
    lines = text.partition(f"{declaration}:\n")[2].partition("\n\n")[0].splitlines()
    return [line for line in (line.partition("#")[0].strip() for line in lines) if line]


def values(enum: str, file: str) -> dict[str, int]:
    pairs = (line.split(" = ") for line in body(f"cpdef enum {enum}", file))
    return {name.lower(): int(number) for name, number in pairs}


def numbered(names: tuple[str, ...]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


def test_python_names_every_value_of_the_enums() -> None:
    assert numbered(STATUSES) == values("Status", "memory/recorder.pxd")
    assert numbered(("no_error", *ERRORS[1:])) == values("Error", "memory/recorder.pxd")
    assert values("Mark", "memory/recorder.pxd") == MARKS
    assert numbered(HISTOGRAMS) == values("Which", "memory/histogram.pxd")
    policies = values("Policy", "targets.pxd")
    assert numbered(POLICIES) == {name.replace("_", "-"): number for name, number in policies.items()}


def test_rows_hold_every_finish_but_the_one_that_is_a_failure() -> None:
    finishes = values("Finish", "protocol/finish.pxd")
    assert {finish.name.lower(): int(finish) for finish in Finish} == finishes
    assert FINISHES == ("none", "stop", "length", "other")
    gave_up = finishes.pop("finish_gave_up")
    assert numbered(FINISHES) == {name.removeprefix("finish_"): number for name, number in finishes.items()}
    assert gave_up >= len(FINISHES)


def test_the_policies_that_can_be_asked_for_are_those_of_the_core() -> None:
    (policy,) = (one for one in declared(TargetOptions) if one.name == "url_policy")
    assert policy.option.words == POLICIES == ("round-robin", "least", "sticky")


@pytest.mark.parametrize(
    ("struct", "file", "fields"),
    [("Row", "memory/recorder.pxd", ROW_FIELDS), ("Live", "memory/shared.pxd", LIVE_FIELDS)],
)
def test_numpy_reads_a_struct_field_by_field(
    struct: str, file: str, fields: list[tuple[str, str] | tuple[str, str, tuple[int]]]
) -> None:
    in_c = []
    for line in body(f"ctypedef struct {struct}", file):
        kind, name = line.split(" ", 1)
        in_c.append((name.partition("[")[0], np.dtype(kind.removesuffix("_t"))))
    # On disk a ticket is a slot, as readers of run folders know it.
    in_c = [("slot" if name == "ticket" else name, kind) for name, kind in in_c]
    assert in_c == [(name, np.dtype(kind)) for name, kind, *_ in fields]


def test_no_module_of_the_core_needs_one_that_needs_it() -> None:
    needs: dict[str, set[str]] = {}
    for path in sorted([*NATIVE.rglob("*.pyx"), *NATIVE.rglob("*.pxd")]):
        module = ".".join(path.relative_to(NATIVE).with_suffix("").parts)
        found = re.findall(r"^from aisbench\._native\.([\w.]+) cimport", path.read_text(), re.MULTILINE)
        needs.setdefault(module, set()).update(set(found) - {module})
    order = list(TopologicalSorter(needs).static_order())
    # Readers are made by those who make the driver.
    assert [module for module in order if not module.startswith("receiving.")][-1] == "driver"
    # What is in a folder serves those outside, and does not know them; framing and records do not know each other. What
    # decides on sending knows connections, which are outside.
    for module, others in needs.items():
        folder = module.rpartition(".")[0]
        allowed = {
            "": ("",),
            "sending": ("",),
            "os": ("os.",),
            "memory": ("memory.", "os."),
            "protocol": ("protocol.", "os."),
            "receiving": ("receiving.", "os."),
        }[folder]
        assert all(other.startswith(allowed) for other in others), module
