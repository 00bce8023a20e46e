"""--scenario sets options, refuses what contradicts it, and says what it lacks."""

from __future__ import annotations

from typing import Any

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput


def agentx(**given: Any) -> RunConfig:
    return RunConfig(
        **({"url": ("http://x",), "scenario": "agentx", "dataset_path": "t.jsonl"} | given)
    ).expanded()


def test_a_scenario_sets_what_is_not_given() -> None:
    config = agentx()
    assert (config.dataset, config.trace_format, config.turn_times) == ("trace", "weka", "pauses")
    assert (config.concurrency, config.duration_s, config.seed, config.idle_gap_cap_s) == (8, 3600, 42, 300)
    assert config.ignore_eos
    config = agentx(concurrency=32, duration_s=900.0, seed=1)
    assert (config.concurrency, config.duration_s, config.seed) == (32, 900, 1)
    assert config.expanded() == config


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"speedup": 2.0}, "--scenario agentx needs --speedup 1, got --speedup 2; leave it out, or give"),
        ({"think_time_s": 0.0}, "needs no --think-time, got --think-time 0"),
        ({"stream": False}, "needs --stream, got --no-stream"),
        ({"dataset": "sharegpt"}, "needs --dataset trace, got --dataset sharegpt"),
        ({"max_context": 4096}, "needs no --max-context, got --max-context 4096"),
        ({"rate": 2.0}, "needs no --rate, got --rate 2"),
        ({"duration_s": 60.0}, "needs --duration of at least 900, got 60; give --unsafe-override for less"),
    ],
)
def test_what_contradicts_it_is_refused_unless_overridden(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        agentx(**given)
    config = agentx(unsafe_override=True, **given)
    assert all(getattr(config, name) == value for name, value in given.items())
    (note,) = (one for one in config.scenario_notes if one.startswith("this is not a run of scenario agentx"))
    assert said.rpartition(", got ")[2].partition(";")[0] in note


def test_a_run_says_what_a_scenario_set_and_lacks() -> None:
    named, lacks = agentx().scenario_notes
    assert named.startswith(
        "scenario agentx: --dataset trace --trace-format weka --turn-times pauses --ignore-eos"
    )
    assert named.endswith("--concurrency 8 --duration 3600 --seed 42 --idle-gap-cap 300 --max-error-rate 0.1")
    assert lacks.startswith("not as in scenario agentx: sessions begin at their first turn")
    assert RunConfig(url=("http://x",)).scenario_notes == []
