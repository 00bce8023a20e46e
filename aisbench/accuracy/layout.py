"""Finding a data set's files below the path that a user gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aisbench.errors import BadInput

# A part of a larger table: `test-00000-of-00002.parquet`.
_SHARD = re.compile(r"(.*)-(\d{5})-of-(\d{5})(\..+)")

# Where a data set's folder is looked for; the last is the cache of Hugging Face.
_ABOVE = ("*", "*/*", "datasets--*/snapshots/*/*")


@dataclass(frozen=True)
class Layout:
    """Where a data set's files lie.

    `names`: what its own folder is called. `questions` and `examples`: patterns of files, the preferred ones first;
    examples are the solved ones that `--shots` puts in front, and no pattern means that there are none. `files`: the same
    as lines for people, which messages show. In a folder with another name, files lie just as the patterns say, not
    deeper: it may hold other data sets.
    """

    names: tuple[str, ...]
    questions: tuple[str, ...]
    examples: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def questions_of(self, path: Path) -> list[Path]:
        """Raises BadInput that says what to put where."""
        home = home_of(path, *self.names)
        if home.is_file():
            return [home]
        if not home.is_dir():
            raise BadInput(
                f"--dataset-path {path}: there is no such file or folder; {self._wanted(self.questions)}"
            )
        found = _matching(home, self.questions, self._is_named(home))
        if not found:
            raise BadInput(
                f"--dataset-path {home} holds no questions of {self.names[0]}; {self._wanted(self.questions)}"
            )
        return found

    def examples_of(self, path: Path) -> list[Path]:
        """Raises BadInput where the data set has no solved examples, or they are not there."""
        if not self.examples:
            raise BadInput(f"--shots: {self.names[0]} has no solved examples; use --shots 0")
        home = home_of(path, *self.names)
        # A file of questions lies beside those of examples, or in a folder beside theirs.
        homes = [home] if home.is_dir() else [home.parent, home.parent.parent]
        for one in homes:
            if found := _matching(one, self.examples, self._is_named(one)):
                return found
        raise BadInput(
            f"--shots: {homes[-1]} holds no solved examples of {self.names[0]}; {self._wanted(self.examples)}, "
            "or use --shots 0"
        )

    def _wanted(self, patterns: tuple[str, ...]) -> str:
        """What to put where, for messages."""
        return (
            f"it is read from {'; or from '.join(self.files)}" if self.files else f"put {_or(patterns)} there"
        )

    def _is_named(self, folder: Path) -> bool:
        own = {_plain(folder.name), _plain(folder.resolve().name)}
        return not own.isdisjoint(map(_plain, self.names))


def hub(split: str, *configs: str) -> tuple[str, ...]:
    """Patterns of the files in which Hugging Face keeps a split, such as `test`, of one of the `configs` (folders)."""
    folders = [f"{config}/" for config in configs] or ["", "data/"]
    return tuple(
        f"{folder}{name}"
        for folder in folders
        for name in (f"{split}-*.parquet", f"{split}/*.parquet", f"{split}.parquet", f"{split}.jsonl")
    )


def home_of(path: Path, *names: str) -> Path:
    """The folder at most two levels below `path` that has one of the names, the first of them that is there; else `path`.

    So one folder can hold many data sets. Case, hyphens and underscores do not count, and neither does what stands
    before `--` in the names that Hugging Face gives to cached repositories.
    """
    if path.is_dir():
        folders = [one for pattern in _ABOVE for one in sorted(path.glob(pattern)) if one.is_dir()]
        for name in names:
            for folder in folders:
                if _plain(folder.name) == _plain(name):
                    return folder
    return path


def files_of(path: Path, *patterns: str) -> list[Path]:
    """`path` itself where it is a file; else the files below it that match the first pattern that any matches, sorted.

    Raises BadInput that says what to put where.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BadInput(
            f"--dataset-path {path}: there is no such file or folder; make it, with {_or(patterns)} in it"
        )
    if found := _matching(path, patterns, deep=True):
        return found
    raise BadInput(f"--dataset-path {path} holds no {_or(patterns)}; put one there")


def _matching(folder: Path, patterns: tuple[str, ...], deep: bool) -> list[Path]:
    """The files that match the first pattern that any does. `deep`: also below folders that it does not name."""
    for pattern in patterns:
        matches = sorted(folder.rglob(pattern) if deep else folder.glob(pattern))
        found = [one for one in matches if one.is_file() and not _aside(one, folder)]
        if found:
            _check_parts(found)
            return found
    return []


def _aside(path: Path, folder: Path) -> bool:
    """Whether a file is one of a download tool's or an archive's own."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(folder).parts)


def _check_parts(files: list[Path]) -> None:
    there = {path: match for path in files if (match := _SHARD.fullmatch(path.name))}
    for path, match in there.items():
        stem, _, parts, ending = match.groups()
        for number in range(int(parts)):
            if path.with_name(f"{stem}-{number:05}-of-{parts}{ending}") not in there:
                raise BadInput(
                    f"{path.parent} lacks part {number + 1} of {int(parts)} of {stem}{ending}; download it again"
                )


def _plain(name: str) -> str:
    return re.sub(r"[-_]", "", name.rpartition("--")[2]).lower()


def _or(patterns: tuple[str, ...]) -> str:
    *first, last = patterns
    return f"{', '.join(first)} or {last}" if first else last
