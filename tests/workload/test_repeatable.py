"""The same options and seed make the same requests at the same times, whatever Python, NumPy, zlib and machine.

A difference is a fault: either of a change here, or of a generator that draws other numbers than it did. Python's hashes
get a new salt in each process, so an order that depends on them shows up here as well.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workload.repeatable import PLANS, WORKLOADS, fingerprint_of_plan, fingerprint_of_workload

# As `python -m tests.workload.repeatable` prints them.
FINGERPRINTS = {
    "random": "2bf5ecabb662fbf3",
    "random, all seeds differ": "d76d38c8da947030",
    "chat, modules drawn": "98e0df0490ea8158",
    "cached beginnings": "ac4a49857f8e7527",
    "a batch": "bc6e22fb39356d8b",
    "rerank": "5d529b9818e1cfc5",
    "uniform lengths": "3f81797a7f1c61eb",
    "gaussian lengths": "458d2e13fdf0bef5",
    "zipf lengths": "cd449f30ec398c92",
    "lengths by percentiles": "76d3d0698ec1a968",
    "prefixes": "ceccf9baddf07570",
    "popular prefixes": "0d656a5ef95d88e8",
    "conversations": "f243ee85a87aba17",
    "sharegpt": "8b6e9cc74e8bc9dd",
    "jsonl": "cdc509a9fdb4df01",
    "custom": "b3c5bd419a04ec83",
    "sonnet": "e21e9f4ddb943162",
    "a trace with sessions": "a3e8cb4ee3d6f0f0",
    "a trace of lengths": "693850675d7631e1",
    "images": "02e6d6b319501a94",
}
PLAN_FINGERPRINTS = {
    "constant": "ca2d2bf80dd40e3b",
    "poisson": "bd1a84abf8290915",
    "gamma, in bursts": "6635b5da1efd6429",
    "gamma, even": "91b6a2ab535b96e6",
    "a linear ramp": "e7e2269aec4b15fb",
    "an exponential ramp": "ef3e5886bc2db106",
    "steps": "2598672ce5895761",
    "a sine": "989a2b84767c1f12",
    "bursts": "e0cc54c1249c4b81",
    "a closed loop": "0873c16006618218",
}


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_is_the_same_everywhere(name: str, tmp_path: Path) -> None:
    assert fingerprint_of_workload(name, tmp_path) == FINGERPRINTS[name]


@pytest.mark.parametrize("name", PLANS)
def test_an_arrival_plan_is_the_same_everywhere(name: str) -> None:
    assert fingerprint_of_plan(name) == PLAN_FINGERPRINTS[name]
