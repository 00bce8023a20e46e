"""A RunConfig restored from a run's folder."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.masking.fields import MASK


def through_json(plain: dict[str, Any]) -> Any:
    return json.loads(json.dumps(plain))


@pytest.mark.parametrize(
    "options",
    [
        {"rate": 5.0},
        {"rate": math.inf, "concurrency": 8},
        {"rate": 5.0, "burstiness": math.inf, "arrival": "constant"},
        {"rate": math.inf, "ramp_up": "linear", "ramp_from": 1.0, "ramp_to": 9.0},
        {"rate": math.inf, "rate_steps": "10x30s,20x30s", "duration_s": 60.0},
        {
            "rate": 2.5,
            "url": ("http://a:1", "http://b:2"),
            "goodput": {"ttft": 500.0},
            "metadata": {"gpu": "H100"},
            "percentiles": (50.0, 99.0),
            "extra_body": {"top_k": 1, "inner": [1, 2]},
            "chat_template_kwargs": {"thinking": True},
            "lora_modules": ("a", "b"),
            "asr_max_audio_len_sec": math.inf,
            "range_ratio": '{"input": 0.5, "output": 0}',
            "think_time_s": 2.0,
            "self_timed": False,
            "ignore_eos": True,
            "local_address": ("127.0.0.1",),
        },
    ],
)
def test_what_is_written_is_read(options: dict[str, Any]) -> None:
    config = RunConfig(**options)
    assert RunConfig.from_dict(through_json(config.as_dict())) == config


def run_json_block(config: RunConfig, **resolved: Any) -> Any:
    """The block as engine.preparation writes it."""
    law = config.arrival_law
    block = {
        **config.as_dict(),
        "model": "m",
        "workers": 2,
        "endpoint": "/v1/completions",
        "url": "http://a:1, http://b:2",
        "arrival": "inf" if law is None else law.name,
        "ramp_up": law and law.ramp_facts,
    }
    return through_json(block | resolved)


@pytest.mark.parametrize(
    "options",
    [
        {"rate": 5.0, "burstiness": 0.5},
        {"rate": 5.0, "arrival": "constant"},
        {"concurrency": 4},
        {"burst": "5x10s"},
        {"ramp_up": "exponential", "ramp_from": 1.0, "ramp_to": 9.0},
    ],
)
def test_the_config_of_a_run_json(options: dict[str, Any]) -> None:
    asked = RunConfig(**options, url=("http://a:1", "http://b:2"), seed=7)
    found = RunConfig.from_dict(run_json_block(asked))
    found.check()
    assert (found.url, found.model, found.workers) == (asked.url, "m", 2)
    assert found.endpoint == "/v1/completions"
    assert (found.rate_rps, found.shape, found.is_open_loop) == (
        asked.rate_rps,
        asked.shape,
        asked.is_open_loop,
    )
    assert found.arrival_law == asked.arrival_law
    resolved = {name: getattr(asked, name) for name in ("model", "workers", "endpoint", "arrival", "rate")}
    assert replace(found, **resolved) == asked


def test_a_trace_keeps_its_own_times() -> None:
    block = run_json_block(RunConfig(dataset="trace", dataset_path="t.jsonl"), arrival="trace")
    found = RunConfig.from_dict(block)
    assert found.rate is None
    assert not found.sets_times


def test_secrets_stay_masked_and_the_key_is_in_no_file() -> None:
    asked = RunConfig(
        api_key="c0ffee-for-all", header=("X-Pass: c0ffee-for-all",), proxy="http://me:c0ffee@p:1"
    )
    plain = through_json(asked.as_dict())
    found = RunConfig.from_dict(plain)
    assert found.api_key is None
    assert found.header == (f"X-Pass: {MASK}",)
    assert "c0ffee" not in repr(found)
    with pytest.raises(BadInput, match="--header contains"):
        replace(found, proxy=None).check()
    assert RunConfig.from_dict({**plain, "api_key": "k"}).api_key == "k"


def test_keys_of_other_versions_are_left_out_and_missing_ones_have_defaults() -> None:
    assert RunConfig.from_dict({"rate": 5.0, "warp": 9}) == RunConfig(rate=5.0)
    assert RunConfig.from_dict({}) == RunConfig()
