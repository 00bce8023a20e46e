"""Workloads that are made once for several runs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.backends.registry import backend_named
from aisbench.workload.build import Workload, build_workload
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prepared import kept
from aisbench.workload.prepared.kept import KeptWorkloads
from aisbench.workload.recipe import Recipe

OPTIONS = WorkloadOptions(count=5, model="m", input_len=4, output_len=2)
FILES = ("bodies.bin", "prompt_tokens.npy", "max_tokens.npy")


def made(build: KeptWorkloads, folder: Path, options: WorkloadOptions, warm_up: int = 0) -> Workload:
    folder.mkdir()
    return build(Recipe(options, backend_named("openai"), warm_up=warm_up), folder)


def test_equal_options_share_their_files(tmp_path: Path) -> None:
    build = KeptWorkloads()
    first = made(build, tmp_path / "a", OPTIONS)
    assert made(build, tmp_path / "b", replace(OPTIONS)) is first
    for name in FILES:
        assert (tmp_path / "a" / name).samefile(tmp_path / "b" / name)
    other = made(build, tmp_path / "c", replace(OPTIONS, seed=3))
    assert other.fingerprint["bodies"] != first.fingerprint["bodies"]
    assert made(build, tmp_path / "d", OPTIONS, warm_up=2) is not first


def test_a_workload_whose_files_are_gone_is_made_again(tmp_path: Path) -> None:
    build = KeptWorkloads()
    first = made(build, tmp_path / "a", OPTIONS)
    (tmp_path / "a" / "bodies.bin").unlink()
    second = made(build, tmp_path / "b", OPTIONS)
    assert second is not first
    assert second.fingerprint == first.fingerprint


def test_files_are_copied_where_the_disk_has_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links")

    monkeypatch.setattr(os, "link", refuse)
    build = KeptWorkloads()
    first = made(build, tmp_path / "a", OPTIONS)
    assert made(build, tmp_path / "b", OPTIONS) is first
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_prompts_that_leave_a_generator_to_the_arrivals_are_made_for_each_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_generator(*args: Any) -> Workload:
        workload = build_workload(*args)
        prompts = replace(workload.prompts, legacy_random=np.random.RandomState(0))
        return replace(workload, prompts=prompts)

    monkeypatch.setattr(kept, "build_workload", with_generator)
    build = KeptWorkloads()
    first = made(build, tmp_path / "a", OPTIONS)
    # Its state has moved on by the arrivals of the first run.
    assert made(build, tmp_path / "b", OPTIONS) is not first
