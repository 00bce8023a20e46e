"""The files of a run folder that are made from its records."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson

from aisbench.analysis.metrics import summarise
from aisbench.analysis.records import Run
from aisbench.analysis.vllm_keys import as_vllm_writes, vllm_result
from aisbench.report.html import write_html
from aisbench.report.requests_table import write_requests
from aisbench.report.slices_table import write_slices_csv
from aisbench.report.summary_table import write_summary_csv


def write_all(run_dir: str | Path) -> dict[str, Any]:
    """Writes summary.json, summary.csv, slices.csv (of a long run), requests.jsonl, vllm.json and report.html.

    Returns the summary. Everything comes from records/, also after a crash. Raises BadInput when `run_dir` is no run folder.
    """
    run = Run.load(run_dir)
    vllm = vllm_result(run)
    summary = summarise(run, vllm)
    write_json(summary, run.folder / "summary.json", indent=True)
    write_json(as_vllm_writes(vllm), run.folder / "vllm.json")
    write_summary_csv(summary, run.folder / "summary.csv")
    write_slices_csv(summary["slices"], run.folder / "slices.csv")
    write_requests(run, run.folder / "requests.jsonl")
    write_html(run, summary, run.folder / "report.html")
    return summary


def write_json(content: dict[str, Any], path: Path, *, indent: bool = False) -> None:
    write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 if indent else 0), path)


def write_text(text: str, path: Path) -> None:
    write_bytes(text.encode(), path)


def write_bytes(content: bytes, path: Path) -> None:
    """Whole or not at all: a reader never sees half of a file."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    os.replace(beside, path)
