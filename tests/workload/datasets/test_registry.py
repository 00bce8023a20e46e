"""Options that a data set does not take are refused, and everything listed can be found."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

from aisbench.errors import BadInput
from aisbench.workload.datasets.registry import DATASETS, PARTIAL, check_taken, dataset_named, taken_by
from aisbench.workload.options import WorkloadOptions


def check(dataset: str, **given: Any) -> None:
    check_taken(WorkloadOptions(**{"count": 1, "model": "m", "dataset": dataset, **given}))


@pytest.mark.parametrize("name", list(DATASETS))
def test_defaults_pass_everywhere(name: str) -> None:
    check(name)


@pytest.mark.parametrize(
    ("dataset", "given", "said"),
    [
        (
            "random",
            {"turns": 3},
            "--turns is not an option of --dataset random; it goes with trace, timed_trace, conversations",
        ),
        (
            "sharegpt",
            {"input_len": 3},
            "--input-len is not an option of --dataset sharegpt; it goes with random,",
        ),
        ("random", {"strict_dataset": True}, "--strict-dataset is not an option of --dataset random"),
        ("random", {"shuffle": False}, "--disable-shuffle is not an option of --dataset random"),
        ("jsonl", {"chat_template": False}, "--skip-chat-template is not an option of --dataset jsonl"),
        ("trace", {"range_ratio": (0.1, 0.1)}, "--range-ratio is not an option of --dataset trace"),
    ],
)
def test_what_means_nothing_is_refused(dataset: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        check(dataset, **given)
    assert str(refused.value).startswith(said)


def test_every_partial_option_is_taken_by_some_and_is_an_option() -> None:
    datasets = [*DATASETS.values(), dataset_named("gsm8k")]
    taken = {flag for dataset in datasets for flag in taken_by(dataset)}
    assert taken == set(PARTIAL.values())
    assert set(PARTIAL) <= set(WorkloadOptions.__dataclass_fields__)


@pytest.mark.parametrize("name", list(DATASETS))
def test_what_makes_a_data_set_is_there(name: str) -> None:
    """Its module is only imported when the data set is used."""
    place = inspect.getclosurevars(DATASETS[name].make).nonlocals
    module = importlib.import_module(f"aisbench.workload.datasets.{place['module']}")
    assert callable(getattr(module, place["function"]))
