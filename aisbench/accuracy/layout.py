"""Finds a data set's files below the path that a user gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aisbench.errors import BadInput

# A file that holds part of a table, such as `test-00000-of-00002.parquet`.
_SHARD = re.compile(r"(.*)-(\d{5})-of-(\d{5})(\..+)")

# Where to look for a data set's folder; the last pattern is Hugging Face's cache.
_ABOVE = ("*", "*/*", "datasets--*/snapshots/*/*")


@dataclass(frozen=True)
class Layout:
    """The folder and files of a data set.

    `names`: the names of its folder. `questions` and `examples`: file patterns, preferred ones first. Examples are the
    solved questions of `--shots`; no pattern means that there are none. `files`: the same as text, for error messages.
    In a folder with another name, which may hold other data sets too, patterns do not match in deeper folders.
    """

    names: tuple[str, ...]
    questions: tuple[str, ...]
    examples: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def questions_of(self, path: Path) -> list[Path]:
        """The files with the questions. Raises BadInput, which lists the expected files, if there are none."""
        home = home_of(path, *self.names)
        if home.is_file():
            return [home]
        if not home.is_dir():
            raise BadInput(f"--dataset-path {path} does not exist; {self._wanted(self.questions)}")
        found = _matching(home, self.questions, self._is_named(home))
        if not found:
            _refuse_packed(home, self.questions, self._is_named(home))
            raise BadInput(
                f"--dataset-path {home} has no questions of {self.names[0]}; {self._wanted(self.questions)}"
            )
        return found

    def examples_of(self, path: Path) -> list[Path]:
        """The files with the solved examples. Raises BadInput if there are none."""
        if not self.examples:
            raise BadInput(f"--shots: {self.names[0]} has no solved examples; use --shots 0")
        home = home_of(path, *self.names)
        # The examples of a single file are beside it, or in a folder beside its folder.
        homes = [home] if home.is_dir() else [home.parent, home.parent.parent]
        for one in homes:
            if found := _matching(one, self.examples, self._is_named(one)):
                return found
        raise BadInput(
            f"--shots: {homes[-1]} has no solved examples of {self.names[0]}; use --shots 0, or add them: "
            f"{self._wanted(self.examples)}"
        )

    def _wanted(self, patterns: tuple[str, ...]) -> str:
        """The expected files, for error messages."""
        return f"expected {'; or '.join(self.files)}" if self.files else f"put {_or(patterns)} there"

    def _is_named(self, folder: Path) -> bool:
        own = {_plain(folder.name), _plain(folder.resolve().name)}
        return not own.isdisjoint(map(_plain, self.names))


def hub(split: str, *configs: str) -> tuple[str, ...]:
    """Patterns of the files of a split such as `test` on Hugging Face. `configs`: the folders of its configurations."""
    folders = [f"{config}/" for config in configs] or ["", "data/"]
    return tuple(
        f"{folder}{name}"
        for folder in folders
        for name in (f"{split}-*.parquet", f"{split}/*.parquet", f"{split}.parquet", f"{split}.jsonl")
    )


def home_of(path: Path, *names: str) -> Path:
    """The folder with one of the names, at most two levels below `path`; if there is none, `path`.

    Earlier names are preferred. Case, hyphens and underscores are ignored, and so is the part before `--` in the
    folders of Hugging Face's cache.
    """
    if path.is_dir():
        folders = [one for pattern in _ABOVE for one in sorted(path.glob(pattern)) if one.is_dir()]
        for name in names:
            for folder in folders:
                if _plain(folder.name) == _plain(name):
                    return folder
    return path


def files_of(path: Path, *patterns: str) -> list[Path]:
    """`path` if it is a file; otherwise the files below it that match the first pattern with a match, sorted.

    Raises BadInput, which lists the expected files, if there are none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BadInput(f"--dataset-path {path} does not exist; create it with {_or(patterns)} in it")
    if found := _matching(path, patterns, deep=True):
        return found
    raise BadInput(f"--dataset-path {path} has no {_or(patterns)}; put one there")


def _matching(folder: Path, patterns: tuple[str, ...], deep: bool) -> list[Path]:
    """The files that match the first pattern with a match. `deep`: also in deeper folders than the pattern names."""
    for pattern in patterns:
        matches = sorted(folder.rglob(pattern) if deep else folder.glob(pattern))
        found = [one for one in matches if one.is_file() and not _aside(one, folder)]
        if found:
            _check_parts(found)
            return found
    return []


def _refuse_packed(folder: Path, patterns: tuple[str, ...], deep: bool) -> None:
    """Raises BadInput if a file is only there compressed."""
    if packed := _matching(folder, tuple(f"{pattern}.gz" for pattern in patterns), deep):
        raise BadInput(f"{packed[0]} is compressed with gzip; unpack it with gunzip")


def _aside(path: Path, folder: Path) -> bool:
    """Whether a file belongs to a download tool or an archive program, not to the data set."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(folder).parts)


def _check_parts(files: list[Path]) -> None:
    """Raises BadInput if a part of a table is missing."""
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
