"""Writes the reports of a run from its records."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from aisbench.analysis.blocks.vllm.arrays import REQUEST_ARRAYS
from aisbench.analysis.blocks.vllm.keys import as_vllm_writes, vllm_result
from aisbench.analysis.contract.summary_type import Summary, plain
from aisbench.analysis.measured import Measured
from aisbench.analysis.summary import summarise
from aisbench.atomic import write_bytes, written_whole
from aisbench.disk import is_full
from aisbench.errors import BadInput, CannotRun
from aisbench.records.run import Run
from aisbench.report.files.requests_table import write_requests
from aisbench.report.files.sessions_table import write_sessions_csv, write_turns_csv
from aisbench.report.files.slices_table import write_slices_csv
from aisbench.report.files.summary_table import write_summary_csv
from aisbench.report.page.page import write_html

# Values turned into JSON at a time.
_BLOCK = 1 << 16


def write_all(
    run_dir: str | Path, output: Path | None = None, *, trust_remote_code: bool = False
) -> dict[str, Any]:
    """Writes summary.json, summary.csv, slices.csv (of a long run), sessions.csv and turns.csv (of a run with sessions),
    requests.jsonl, vllm.json and report.html.

    They go to `output`, or by default into the run's folder. Returns the summary. All of them are computed from records/,
    so this also works after a crash. Raises BadInput if `run_dir` is not a run folder or the files cannot be written,
    and CannotRun if the disk is full.
    """
    return plain(write_reports(Measured(Run.load(run_dir, trust_remote_code=trust_remote_code)), output))


def write_reports(measured: Measured, output: Path | None = None) -> Summary:
    """Does what `write_all` does, for a run that is already read."""
    run = measured.run
    vllm = vllm_result(measured)
    folder = run.folder if output is None else output
    with writing_report(run.folder, folder):
        write_large_json(as_vllm_writes(vllm), folder / "vllm.json")
        # Arrays with an entry per request are large, so only vllm.json has them.
        for name in REQUEST_ARRAYS & vllm.keys():
            del vllm[name]
        made = summarise(measured, vllm)
        summary = plain(made)
        write_json(summary, folder / "summary.json", indent=True)
        write_summary_csv(summary, folder / "summary.csv")
        write_slices_csv(summary["slices"], folder / "slices.csv")
        write_sessions_csv(measured.sessions, folder / "sessions.csv")
        write_turns_csv(summary["sessions"], folder / "turns.csv")
        write_requests(measured, folder / "requests.jsonl")
        write_html(measured, summary, folder / "report.html")
    return made


@contextlib.contextmanager
def writing_report(run: Path, folder: Path) -> Iterator[None]:
    """Makes `folder` and reports what goes wrong in the block: BadInput if a file cannot be written, CannotRun if the disk is full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as problem:
        if is_full(problem):
            raise CannotRun(
                f"no room on the disk for the report in {folder} ({problem.strerror}); the records are kept: free some space and run "
                f"`aisbench report {run}`, or give --output on another disk"
            ) from None
        raise BadInput(
            f"{problem.filename or folder} cannot be written ({problem.strerror}); give another folder with --output"
        ) from None


def write_large_json(content: dict[str, Any], path: Path) -> None:
    """Writes the members one after another, and their numpy arrays in blocks: as one text, they would take much memory."""
    with written_whole(path) as file:
        before = b"{"
        for name, value in content.items():
            file.write(before + orjson.dumps(name) + b":")
            before = b","
            if not isinstance(value, np.ndarray):
                file.write(orjson.dumps(value))
                continue
            between = b"["
            for begin in range(0, len(value), _BLOCK):
                block = np.ascontiguousarray(value[begin : begin + _BLOCK])
                file.write(between + orjson.dumps(block, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1])
                between = b","
            file.write(b"[]" if len(value) == 0 else b"]")
        file.write(b"}")


def write_json(content: dict[str, Any], path: Path, *, indent: bool = False) -> None:
    write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 if indent else 0), path)
