"""Reads a file of sessions in any of the known formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import BadLine, BadLines
from aisbench.workload.files.dataset_files import dataset_file, dataset_path, is_json_list
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.sessions.formats.registry import CONVERSATIONS, FORMATS, NATIVE, format_of
from aisbench.workload.sessions.found import Found
from aisbench.workload.sessions.options import RECORDED
from aisbench.workload.sessions.session import Session

_WANTED = "conversations or sessions (JSON, or JSON lines)"


def file_and_format(options: WorkloadOptions) -> tuple[Path, str]:
    """The file or folder of --dataset-path, and the name of its format: that of the data set, or the one it looks like.

    Raises BadInput where there is no such file, or where the format has no folders.
    """
    path = dataset_path(options, _WANTED)
    if not path.is_dir():
        path = dataset_file(options, _WANTED)
    kind = options.dataset
    if kind in (NATIVE, CONVERSATIONS):
        kind = format_of(path)
        # Such rows are conversations, too, and were always read as such under this name.
        if options.dataset == CONVERSATIONS and kind == "raw_payload" and not path.is_dir():
            kind = CONVERSATIONS
    if path.is_dir() and not FORMATS[kind].takes_folder:
        raise BadInput(f"--dataset-path {path} is a folder; --dataset {options.dataset} needs {_WANTED}")
    return path, kind


def read_sessions(path: Path, kind: str, options: WorkloadOptions, history: str) -> Found:
    """The sessions of a file. `history`: which answers later turns will hold.

    Raises BadInput where none can be used, for lines that refuse the file, and with --strict-dataset for any bad line.
    """
    unit = "file" if path.is_dir() else "entry" if is_json_list(path) else "line"
    strict = None if FORMATS[kind].refuses else options.strict_dataset
    found = Found(BadLines(path, strict=strict, unit=unit), _check(options, history))
    try:
        FORMATS[kind].read(path, found)
    except BadLine as problem:
        raise BadInput(f"{path}: {problem}") from None
    found.bad.check("; use --history live" if history == RECORDED else "")
    if not found.sessions:
        raise BadInput(
            f"--dataset-path {path} contains no {'conversation' if kind == CONVERSATIONS else 'session'}"
        )
    return found


def _check(options: WorkloadOptions, history: str) -> Callable[[Session], None]:
    """A check that with --history recorded the answers that later turns contain were recorded."""

    def check(session: Session) -> None:
        turns = session.turns[: options.turns]
        held = {one for turn in turns for one in (*turn.quotes, *(() if turn.base is None else (turn.base,)))}
        if history == RECORDED and any(not turns[one].answer for one in held):
            raise BadLine("a turn without a recorded answer, which later turns would contain")

    return check
