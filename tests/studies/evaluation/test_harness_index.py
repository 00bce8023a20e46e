"""What the harness reads of its own task files comes out of the cache, unless one of them has changed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aisbench.config.cache import cached_file
from aisbench.studies.evaluation.harness.included import Included
from aisbench.studies.evaluation.harness.index import KEYS, Heads

FILES = {
    "sums.yaml": "task: sums\ntag: [arithmetic, quick]\noutput_type: generate_until\n",
    "deep/larger.yaml": "task: larger\ntag: arithmetic\ndoc_to_text: x\n",
    "deep/all.yaml": "group: all\ntask: [sums, {task: larger, num_fewshot: 3}]\n",
    "own.yaml": "task: own\nclass: '!function own.Task'\n",
    "broken.yaml": "task: [\n",
}


class Reader:
    """A stand-in for the harness's own reader, which counts what it reads."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def head(self, path: Path) -> dict[str, Any]:
        """Fails for one file, which must then be read as a whole."""
        found: dict[str, Any] = yaml.safe_load(path.read_text())
        if path.name == "own.yaml":
            raise ValueError
        self.read.append(path.name)
        return found

    def __call__(self, path: Path, **_: Any) -> dict[str, Any]:
        self.read.append(path.name)
        found: dict[str, Any] = yaml.safe_load(path.read_text())
        return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, text in FILES.items():
        path = tmp_path / "tasks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "tasks"


def indexed(folder: Path, *more: Path) -> tuple[dict[str, Any], list[str]]:
    """What each file is filed by, as the harness asks for it, and the files that were read as a whole."""
    reader = Reader()
    heads = Heads(folder, reader, reader.head)

    def found() -> Iterator[tuple[str, Any]]:
        for path in (*sorted(folder.rglob("*.yaml")), *more):
            try:
                whole = heads.read(path, resolve_func=False)
            except (ValueError, yaml.YAMLError):
                continue
            kind = "class" if "class" in whole else "group" if "group" in whole else "task"
            yield path.name, (kind, whole["task" if kind == "class" else kind], whole.get("tag"))

    entries = dict(found())
    heads.keep()
    return entries, reader.read


def test_the_second_time_nothing_is_read_and_the_same_comes_out(folder: Path) -> None:
    first, read = indexed(folder)
    assert len(read) == len(FILES)
    assert first == {
        "sums.yaml": ("task", "sums", ["arithmetic", "quick"]),
        "larger.yaml": ("task", "larger", "arithmetic"),
        "all.yaml": ("group", "all", None),
        "own.yaml": ("class", "own", None),
    }
    assert indexed(folder) == (first, [])


@pytest.mark.parametrize("name", ["sums.yaml", "deep/new.yaml", "_template"])
def test_a_file_that_was_changed_or_added_renews_all(folder: Path, name: str) -> None:
    indexed(folder)
    (folder / name).write_text("task: renamed\n")
    entries, read = indexed(folder)
    assert "sums.yaml" in read
    assert (entries.get(Path(name).name) == ("task", "renamed", None)) is name.endswith(".yaml")


def test_a_file_that_was_removed_renews_all(folder: Path) -> None:
    indexed(folder)
    (folder / "own.yaml").unlink()
    assert len(indexed(folder)[1]) == len(FILES) - 1


def test_files_elsewhere_are_always_read(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "mine.yaml"
    other.write_text("task: mine\n")
    indexed(folder, other)
    entries, read = indexed(folder, other)
    assert read == ["mine.yaml"]
    assert entries["mine.yaml"] == ("task", "mine", None)


@pytest.mark.parametrize("content", ["", "[]", '{"stamp": 1}', '{"heads": {}}'])
def test_a_broken_cache_is_made_again(folder: Path, content: str) -> None:
    first, _ = indexed(folder)
    cached_file("lm-eval-tasks.json").write_text(content)
    assert indexed(folder)[0] == first
    assert indexed(folder) == (first, [])


def test_a_cache_that_cannot_be_written_loses_only_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "sums.yaml"))
    assert indexed(folder)[0] == indexed(folder)[0]
    assert len(indexed(folder)[1]) == len(FILES)


@pytest.mark.parametrize(
    "includes",
    [
        {"a": "shared", "b": "shared", "shared": "base", "base": ""},
        # The harness refuses these.
        {"a": "a", "b": "c", "c": "b"},
        {"a": "[left, right]", "b": "right", "left": "base", "right": "base", "base": ""},
    ],
)
def test_what_files_include_is_read_once_and_the_same_comes_out(
    includes: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = pytest.importorskip("lm_eval.tasks._yaml_loader")
    for name, others in includes.items():
        included = f"include: {others}\n" if others else ""
        (tmp_path / name).write_text(f"{included}task_list: [x]\nof_{name}: {name}\nlast: {name}\n")
    whole, opened = loader.load_yaml, []

    def parse(path: Path, **options: Any) -> dict[str, Any]:
        opened.append(Path(path).name)
        found: dict[str, Any] = whole(path, **options)
        return found

    def read(name: str) -> object:
        try:
            return loader.load_yaml(tmp_path / name, resolve_func=False) if name in "ab" else None
        except ValueError as refusal:
            return str(refusal)

    wanted = [read(name) for name in (*includes, *includes)]
    monkeypatch.setattr(loader, "load_yaml", Included(parse))
    assert [read(name) for name in (*includes, *includes)] == wanted
    if "shared" in includes:
        assert opened == ["a", "shared", "base", "b", "a", "b"]


def heads_of(paths: list[Path], read: Callable[..., dict[str, Any]], **options: Any) -> list[object]:
    found: list[object] = []
    for path in paths:
        try:
            whole = read(path, **options)
        except (ValueError, yaml.YAMLError, OSError):
            found.append("refused")
        else:
            # Of a class only that there is one.
            found.append({key: key == "class" or whole[key] for key in KEYS if key in whole})
    return found


def test_heads_are_what_the_harness_reads(tmp_path: Path) -> None:
    loader = pytest.importorskip("lm_eval.tasks._yaml_loader")
    head_reader = importlib.import_module("aisbench.studies.evaluation.harness.head_reader")
    texts = {
        **FILES,
        "deep/base": "tag: [basic]\ntask: base\ngroup: shared\n",
        "inherits.yaml": "include: deep/base\ntask: inherits\n",
        "of_two.yaml": "include: [deep/base, own.yaml]\ntask: two\nclass: !function own.Task\n",
        "twice.yaml": "include: [deep/base, deep/base]\ntask: twice\n",
        "round.yaml": "include: round.yaml\ntask: round\n",
        "nothing.yaml": "include: none.yaml\ntask: nothing\n",
        "merged.yaml": "x: &x {tag: far}\n<<: *x\ntask: merged\n",
        "list.yaml": "- task: list\n",
        "empty.yaml": "",
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    own = sorted(tmp_path.rglob("*.yaml"))
    # One in a hundred of the harness's own.
    paths = own + sorted(Path(loader.__file__).parent.rglob("*.yaml"))[::100]
    wanted = heads_of(paths, loader.load_yaml, resolve_func=False)
    assert heads_of(paths, head_reader.HeadReader(KEYS)) == wanted
    assert wanted[: len(own)].count("refused") == 6
