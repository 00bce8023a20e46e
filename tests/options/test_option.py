"""What is declared holds: every option once, with a check that its default passes."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest

from aisbench.config.foreign.vllm_flags import VllmFlags
from aisbench.config.run_config import SECRET_FIELDS, RunConfig
from aisbench.errors import BadInput
from aisbench.masking.fields import MASK
from aisbench.options.option import check_values, declared

ALL = [*declared(RunConfig), *declared(VllmFlags)]


def test_every_field_of_a_run_is_declared() -> None:
    assert [one.name for one in declared(RunConfig)] == [field.name for field in fields(RunConfig)]


def test_no_flag_means_two_options() -> None:
    flags = [
        form for one in ALL for flag in (*one.option.flags, *one.option.scoped) for form in flag.split("/")
    ]
    assert len(flags) == len(set(flags))
    assert all(one.option.help.endswith((".", "]")) for one in ALL)


def test_defaults_pass() -> None:
    RunConfig().check()
    check_values(VllmFlags())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rate": -1.0}, "--rate must be a number above 0 or inf, got -1"),
        ({"burstiness": math.nan}, "--burstiness must be a number above 0 or inf, got nan"),
        ({"timeout_s": 0.0}, "--timeout must be more than 0 seconds, got 0"),
        ({"concurrency": 0}, "--concurrency must be a whole number of at least 1, got 0"),
        ({"grace_s": -1.0}, "--grace must be at least 0 seconds, got -1"),
        ({"warmup": -1}, "--warmup must be a whole number of at least 0, got -1"),
        ({"percentiles": (50.0, 101.0)}, "--percentiles must be numbers from 0 to 100, got 50,101"),
        ({"late": "drop"}, "--late must be catch-up, or drop:MS with the bound in milliseconds, got 'drop'"),
        ({"endpoint": "v1"}, "--endpoint must begin with a slash, as in /v1/completions, got v1"),
        ({"endpoint": "/a b"}, "--endpoint '/a b' has a character that a request line cannot carry"),
        ({"table": "vlm"}, "--table: unknown 'vlm'; did you mean vllm? known: vllm, aisbench"),
        ({"speedup": 0.0}, "--speedup must be a number above 0, got 0"),
        ({"think_time_s": -1.0}, "--think-time must be at least 0 seconds, got -1"),
        (
            {"output_len": 0, "dataset": "custom"},
            "--output-len must be a whole number from 1 to 10000000, got 0",
        ),
        ({"range_ratio": "1"}, "--range-ratio must be a number from 0 up to (not including) 1"),
        ({"omit_field": ("prompt",)}, "--omit-field prompt: every request needs this field"),
        ({"trace_format": "x"}, "--trace-format: unknown 'x'; known: mooncake, azure, burstgpt"),
    ],
)
def test_a_run_is_refused_by_flag(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        RunConfig(**options).check()
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


def test_rows_of_custom_files_may_bring_their_lengths() -> None:
    RunConfig(dataset="custom", output_len=-1).check()
    with pytest.raises(BadInput, match="--output-len"):
        RunConfig(dataset="random", output_len=-1).check()


@pytest.mark.parametrize("name", SECRET_FIELDS)
def test_what_is_masked_is_asked_for_again(name: str) -> None:
    text = f"/{MASK}" if name == "endpoint" else f"http://me:{MASK}@a"
    kind = {one.name: one.base for one in declared(RunConfig)}[name]
    given: dict[str, Any] = {name: (text,) if kind.startswith("tuple") else text}
    with pytest.raises(BadInput, match=rf"--{name.replace('_', '-')} contains \*\*\*"):
        RunConfig(**given).check()


def test_lists_of_words_that_are_long_to_import_are_read_when_they_are_asked_for() -> None:
    options = {one.name: one.option for one in declared(RunConfig)}
    assert "openai-chat" in options["backend"].known_words()
    assert "random" in options["dataset"].known_words()
    RunConfig(backend="judged-elsewhere").check()
