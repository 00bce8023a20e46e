"""Workloads from the cache, against those that are made: they are equal, or they are made again."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aisbench
from aisbench.backends.registry import backend_named
from aisbench.masking import masking
from aisbench.workload.bodies import blank_secrets
from aisbench.workload.build import Workload, build_workload
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prepared import cache as caches
from aisbench.workload.prepared import cached, key
from aisbench.workload.prepared.cache import WorkloadCache
from aisbench.workload.prepared.cached import CachedWorkloads
from aisbench.workload.prepared.entry import FACTS
from aisbench.workload.recipe import Recipe
from tests.workload.repeatable import WORKLOADS, options_of

OPTIONS = WorkloadOptions(count=5, model="m", input_len=4, output_len=2)
OPENAI = backend_named("openai")
FILES = ("bodies.bin", "prompt_tokens.npy", "max_tokens.npy")


class Bench:
    """Makes workloads with the cache in `tmp_path`, and knows which ones came from it."""

    def __init__(self, tmp_path: Path) -> None:
        self.cache = WorkloadCache(tmp_path / "cache")
        self.said: list[str] = []
        self.build = CachedWorkloads(self.cache, self.said.append)
        self.folder = tmp_path
        self.count = 0

    def made(self, options: WorkloadOptions = OPTIONS, backend: Any = OPENAI, **how: Any) -> Workload:
        self.count += 1
        place = self.folder / f"run{self.count}"
        place.mkdir()
        progress = how.pop("progress", None)
        return self.build(Recipe(options, backend, **how), place, progress)

    def hits(self, options: WorkloadOptions = OPTIONS, backend: Any = OPENAI, **how: Any) -> bool:
        before = len(self.said)
        self.made(options, backend, **how)
        return len(self.said) > before

    @property
    def entry(self) -> Path:
        (one,) = self.cache.entries()
        return self.cache.folder / one.key


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(cached, "LEAST_S", 0.0)
    return Bench(tmp_path)


def parts(workload: Workload) -> dict[str, Any]:
    """All that a workload holds, but for where its files are and what is used up when it is made."""
    prompts = workload.prompts
    talks = prompts.conversations
    legacy: Any = None if prompts.legacy_random is None else prompts.legacy_random.get_state(legacy=False)
    return {
        "files": [(workload.bodies.path.parent / name).read_bytes() for name in FILES],
        "bodies": (workload.bodies.count, workload.bodies.unique, workload.bodies.fingerprint),
        "lengths": [
            workload.prompt_tokens.tolist(),
            workload.max_tokens.tolist(),
            str(workload.max_tokens.dtype),
        ],
        **{
            name: getattr(workload, name)
            for name in ("inputs", "notes", "fingerprint", "warm_up", "names", "fill")
        },
        **{name: getattr(prompts, name) for name in ("count", "notes", "ignores_eos", "rows", "questions")},
        "arrivals_ns": None if prompts.arrivals_ns is None else prompts.arrivals_ns.tolist(),
        "talks": None
        if talks is None
        else {
            one.name: None
            if (array := getattr(talks, one.name)) is None
            else (str(array.dtype), array.tolist())
            for one in fields(talks)
        },
        "stdlib": prompts.stdlib_random and prompts.stdlib_random.getstate(),
        "legacy": legacy and (legacy["state"]["key"].tolist(), legacy["state"]["pos"], legacy["gauss"]),
    }


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_kept_workload_is_the_one_that_is_made(name: str, bench: Bench, tmp_path: Path) -> None:
    options, backend = options_of(name, tmp_path)
    plain = tmp_path / "plain"
    plain.mkdir()
    wanted = parts(build_workload(Recipe(options, backend, warm_up=3), plain))
    assert parts(bench.made(options, backend, warm_up=3)) == wanted
    seen: list[tuple[int, int]] = []
    again = bench.made(options, backend, warm_up=3, progress=lambda *done: seen.append(done))
    assert parts(again) == wanted
    assert bool(bench.said) == (options.dataset in key._KNOWN)
    assert seen[-1:] == ([] if bench.said else [(again.bodies.count, again.bodies.count)])


def test_generators_go_on_where_the_prompts_left_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_generator(*args: Any) -> Workload:
        workload = build_workload(*args)
        return replace(workload, prompts=replace(workload.prompts, legacy_random=np.random.RandomState(7)))

    monkeypatch.setattr(cached, "build_workload", with_generator)
    drawn = []
    for _ in range(3):
        generator = bench.made().prompts.legacy_random
        assert generator is not None
        drawn.append(generator.exponential(size=4).tolist())
    assert drawn == [np.random.RandomState(7).exponential(size=4).tolist()] * 3
    assert len(bench.said) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"model": "other"},
        {"count": 6},
        {"extra_body": {"b": 1, "a": 2}},
        {"ignore_eos": False},
        {"system_prompt": "s"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_options_make_another_workload(bench: Bench, change: dict[str, Any]) -> None:
    bench.made()
    assert not bench.hits(replace(OPTIONS, **change))
    assert bench.hits()


def test_the_order_of_extra_fields_counts(bench: Bench) -> None:
    bench.made(replace(OPTIONS, extra_body={"a": 1, "b": 2}))
    assert not bench.hits(replace(OPTIONS, extra_body={"b": 2, "a": 1}))


def test_everything_else_that_bodies_depend_on_counts(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.made()
    assert not bench.hits(backend=backend_named("openai-chat"))
    assert not bench.hits(stream=False)
    assert not bench.hits(warm_up=1)
    monkeypatch.setattr(key, "_version", lambda name: "another")
    assert not bench.hits()
    monkeypatch.undo()
    monkeypatch.setattr(cached, "LEAST_S", 0.0)
    monkeypatch.setattr(aisbench, "__version__", "another")
    assert not bench.hits()


def test_a_changed_file_makes_another_workload(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    options = replace(OPTIONS, dataset="jsonl", dataset_path=str(path), input_len=None, output_len=None)
    path.write_text('{"prompt": "one"}\n')
    bench.made(options)
    assert bench.hits(options)
    path.write_text('{"prompt": "two"}\n')
    assert not bench.hits(options)


def test_a_changed_tokenizer_makes_another_workload(bench: Bench, byte_folder: Path) -> None:
    options = replace(OPTIONS, tokenizer=str(byte_folder))
    bench.made(options)
    assert bench.hits(options)
    (byte_folder / "config.json").write_text("{}")
    assert not bench.hits(options)
    assert not bench.hits(replace(options, trust_remote_code=True))
    assert not bench.hits(replace(options, trust_remote_code=True))


@pytest.fixture
def byte_folder(tmp_path: Path) -> Path:
    from tests.workload.conftest import byte_tokenizer

    byte_tokenizer().save_pretrained(tmp_path / "tokenizer")
    return tmp_path / "tokenizer"


def test_quick_workloads_are_not_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.made()
    assert bench.cache.entries() == []
    assert not bench.cache.folder.exists()


def test_prompts_that_a_server_changes_are_not_kept(bench: Bench) -> None:
    for _ in range(2):
        assert not bench.hits(through=lambda items: items)
    assert bench.cache.entries() == []


def test_secrets_are_never_kept(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a", "body": {"api_key": "sk-123"}}\n')
    of_file = replace(OPTIONS, dataset="jsonl", dataset_path=str(path), input_len=None, output_len=None)
    in_field = replace(OPTIONS, extra_body={"tool": {"password": "hunter22"}})
    monkeypatch.setattr(masking, "known", {'sk-"quoted"'})
    monkeypatch.setattr(cached, "known", {'sk-"quoted"'})
    in_text = replace(OPTIONS, system_prompt='say sk-"quoted"')
    for options in (of_file, in_field, in_text):
        for _ in range(2):
            assert not bench.hits(options)
    monkeypatch.setattr(cached, "in_bodies", {"abc"})
    bench.made()
    assert bench.cache.entries() == []


def test_what_a_run_does_with_its_bodies_leaves_the_kept_ones_alone(bench: Bench) -> None:
    bench.made()
    mine = bench.made()
    blank_secrets(mine.bodies.path, ['"model": "m"'.strip('"'), "m"])
    mine.bodies.path.write_bytes(b"")
    assert bench.hits()
    assert bench.made().bodies.path.stat().st_size > 100


@pytest.mark.parametrize("name", [*FILES, "arrays.npz", FACTS])
@pytest.mark.parametrize("damage", ["a byte", "cut short", "gone"])
def test_a_damaged_entry_is_made_again(bench: Bench, name: str, damage: str) -> None:
    wanted = bench.made().fingerprint
    path = bench.entry / name
    if damage == "gone":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content[: len(content) // 2] if damage == "cut short" else content)
    assert bench.cache.entries()
    again = bench.made()
    assert bench.said == []
    assert again.fingerprint == wanted
    assert bench.hits()


def test_only_the_owner_can_read_what_is_kept(bench: Bench) -> None:
    bench.made()
    assert bench.cache.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in bench.entry.iterdir()} == {0o600}
    # Copies have the permissions of any file of a run.
    plain = bench.folder / "plain"
    plain.touch()
    assert bench.made().bodies.path.stat().st_mode == plain.stat().st_mode


def test_those_used_least_recently_go_first(bench: Bench) -> None:
    seeds = [replace(OPTIONS, seed=seed) for seed in range(4)]
    for at, options in enumerate(seeds[:3]):
        bench.made(options)
        os.utime(bench.cache.folder / bench.cache.entries()[0].key / FACTS, (at + 1, at + 1))
    size = max(entry.bytes for entry in bench.cache.entries())
    assert bench.hits(seeds[0])
    bench.cache.most_bytes = int(2.5 * size)
    bench.made(seeds[3])
    assert len(bench.cache.entries()) == 2
    bench.said.clear()
    assert [
        bench.cache.read(key.key_of(Recipe(one, OPENAI)) or "", bench.folder) is not None for one in seeds
    ] == [True, False, False, True]
    bench.cache.most_bytes = 10
    bench.made(replace(OPTIONS, seed=9))
    assert len(bench.cache.entries()) == 2, "one that is larger than the cache is not kept"


def test_a_cache_that_cannot_be_written_does_not_stop_a_run(bench: Bench) -> None:
    bench.cache.folder.write_text("a file is in its place")
    for _ in range(2):
        assert not bench.hits()


def test_what_a_killed_process_left_is_deleted(bench: Bench) -> None:
    part = bench.cache.folder / "abc.part"
    part.mkdir(parents=True)
    assert bench.cache.entries() == []
    bench.made()
    assert not part.exists()


def test_another_process_at_work_is_waited_for_but_not_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.made()
    monkeypatch.setattr(caches, "_PATIENCE_S", 0.0)
    with (bench.cache.folder / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not bench.hits()
        with pytest.raises(TimeoutError, match=r"keeps .* to itself"):
            bench.cache.clear()
    assert bench.hits()


def test_several_runs_share_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The kernel keeps two openings of the lock apart, be they of one process or of two.
    monkeypatch.setattr(cached, "LEAST_S", 0.0)
    most = 3000

    def make_some(number: int) -> list[tuple[int, str]]:
        place = tmp_path / f"runs{number}"
        place.mkdir()
        bench = Bench(place)
        bench.cache = WorkloadCache(tmp_path / "cache", most_bytes=most)
        bench.build = CachedWorkloads(bench.cache, bench.said.append)
        seeds = (0, 1, 2, 0, 1, 2)
        return [(seed, json.dumps(bench.made(replace(OPTIONS, seed=seed)).fingerprint)) for seed in seeds]

    with ThreadPoolExecutor(3) as pool:
        made = [one for some in pool.map(make_some, range(3)) for one in some]
    assert len(made) == 18
    assert len(set(made)) == 3
    assert sum(entry.bytes for entry in WorkloadCache(tmp_path / "cache").entries()) <= most


def test_a_file_that_changes_while_the_workload_is_made_is_not_kept(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "one"}\n')
    options = replace(OPTIONS, dataset="jsonl", dataset_path=str(path), input_len=None, output_len=None)
    build: Callable[..., Workload] = build_workload

    def change(*args: Any) -> Workload:
        workload = build(*args)
        path.write_text('{"prompt": "two"}\n')
        return workload

    monkeypatch.setattr(cached, "build_workload", change)
    bench.made(options)
    assert bench.cache.entries() == []
