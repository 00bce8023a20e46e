"""Copies a run's folder to a URL: an object store, a server or another folder (`--upload`)."""

from __future__ import annotations

import contextlib
import json
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput, CannotRun
from aisbench.extras import install_command
from aisbench.masking.masking import masked_url, remember_options

_FLAG = "--upload"
_EXAMPLE = "s3://BUCKET/FOLDER"
# Written before the run, so that a long run is not lost to a typo, and removed again.
_MARKER = ".aisbench-writable"
_FACTS = "records/run.json"
# What tells runs apart whose folders have the same name: they may have begun in the same second on different hosts.
_IDENTITY = ("date", "start_ns", "command")
# More runs of one second than any cluster starts.
_MOST_NAMES = 1000


@dataclass(frozen=True)
class Upload:
    """A place for run folders: `url`, as given, is `base` of the fsspec file system `files`."""

    url: str
    files: Any
    base: str

    @staticmethod
    def to(url: str) -> Upload:
        """The place at `url`, where a file was written and removed as a trial.

        Raises BadInput for a URL that is not one, for a missing package (with the command that installs it), and for a
        place that cannot be written to.
        """
        remember_options({"upload": url})
        shown = f"{_FLAG} {masked_url(url)}"
        if "://" not in url:
            raise BadInput(f"{shown} is not a URL; give one such as {_EXAMPLE} or file:///FOLDER")
        found = Upload(url, *_opened(url, shown))
        try:
            found._write_marker()
        except Exception as problem:  # each driver raises errors of its own
            raise BadInput(
                f"{shown} cannot be written to ({_reason(problem)}); give a folder that you may write to, or leave it out"
            ) from None
        return found

    def _write_marker(self) -> None:
        marker = self._at(_MARKER)
        with tempfile.NamedTemporaryFile() as empty:
            self.files.put_file(empty.name, marker)
        # Whoever may write need not be allowed to remove. The file is empty.
        with contextlib.suppress(Exception):
            self.files.rm_file(marker)

    def send(self, folder: Path) -> str:
        """Copies `folder`, a run's, to a folder of the same name, and returns its URL without secrets.

        A copy of the same run is replaced. A different run's is left alone: the name then gets _2, _3 and so on.
        Raises CannotRun, with the command that uploads the run later, if the copy fails.
        """
        try:
            name = self._name_for(folder)
            # run.json goes first: it keeps the name for this run.
            paths = sorted(
                (path for path in folder.rglob("*") if path.is_file()),
                key=lambda path: (path != folder / _FACTS, path),
            )
            local = [str(path) for path in paths]
            remote = [self._at(f"{name}/{path.relative_to(folder).as_posix()}") for path in paths]
            self.files.put_file(local[0], remote[0])
            self.files.put(local[1:], remote[1:])
        except Exception as problem:
            later = shlex.join(["aisbench", "report", str(folder), _FLAG, masked_url(self.url)])
            raise CannotRun(
                f"{_FLAG} {masked_url(self.url)} failed ({_reason(problem)}); the run is in {folder}: "
                f"upload it later with `{later}`"
            ) from None
        before, mark, query = masked_url(self.url).partition("?")
        return f"{before.rstrip('/')}/{name}{mark}{query}"

    def _name_for(self, folder: Path) -> str:
        """The name of the folder at `url` that is free, or that holds an earlier copy of this run."""
        own = _identity((folder / _FACTS).read_bytes())
        for suffix in ("", *(f"_{i}" for i in range(2, _MOST_NAMES))):
            name = f"{folder.name}{suffix}"
            try:
                there = self.files.cat_file(self._at(f"{name}/{_FACTS}"))
            except (FileNotFoundError, PermissionError):
                # Whoever may write need not be allowed to read: then the name is taken to be free.
                return name
            if _identity(there) == own:
                return name
        raise FileExistsError(f"{folder.name} and {_MOST_NAMES - 1} more names are taken")

    def _at(self, name: str) -> str:
        return f"{self.base.rstrip('/')}/{name}"


def _opened(url: str, shown: str) -> tuple[Any, str]:
    """The file system of `url`, and the path in it. Raises BadInput if it cannot be opened."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise BadInput(
            f"{shown} needs fsspec: {install_command('upload', 'fsspec')}, or leave it out"
        ) from None
    # Only local folders need to be asked for; object stores have none, and the others make them.
    how = {"auto_mkdir": True} if url.startswith(("file://", "local://")) else {}
    try:
        files, base = url_to_fs(url, **how)
    except ImportError as problem:
        driver = getattr(problem.__cause__, "name", None)
        way = install_command("upload", driver) if driver else str(problem)
        raise BadInput(f"{shown} needs {driver or 'another package'}: {way}, or leave it out") from None
    except Exception as problem:
        raise BadInput(
            f"{shown} cannot be used ({_reason(problem)}); give a URL such as {_EXAMPLE}"
        ) from None
    return files, str(base)


def _identity(facts: bytes) -> list[Any]:
    try:
        found = json.loads(facts)
        return [found.get(name) for name in _IDENTITY]
    except (ValueError, AttributeError):
        return []


def _reason(problem: Exception) -> str:
    """The first line of a driver's message, with its kind where that says more."""
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    line = next(iter(str(problem).splitlines()), "")
    kind = type(problem).__name__
    return f"{kind}: {line}" if line else kind
