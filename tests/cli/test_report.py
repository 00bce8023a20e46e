"""`aisbench report DIR --format`: the same figures in every format, from the records alone."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from aisbench.cli.report import report
from aisbench.errors import BadInput
from tests.analysis.made_runs import base_config, fail, made_rows, write_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = made_rows(np.arange(200) * 10, ttft_ms=20, itl_ms=5)
    fail(rows, 3, "http_status", http_status=500)
    config = base_config(rate=100.0, arrival="constant", model="a|b")
    return write_run(tmp_path / "run", rows, config=config)


def printed(folder: Path, *args: str) -> str:
    done: Result = CliRunner().invoke(report, [str(folder), *args], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


def test_each_form_tells_the_same(folder: Path) -> None:
    summary = json.loads(printed(folder, "--format", "json"))
    assert summary["completed"] == 199
    vllm = json.loads(printed(folder, "--format", "vllm"))
    assert vllm["mean_ttft_ms"] == summary["mean_ttft_ms"]
    rows = {row["metric"]: row for row in csv.DictReader(io.StringIO(printed(folder, "--format", "csv")))}
    assert float(rows["ttft"]["p99"]) == summary["metrics"]["ttft_ms"]["p99"]
    assert f"{summary['mean_ttft_ms']:.2f}" in printed(folder)
    assert "Common Metric" in printed(folder, "--table", "aisbench")


def test_markdown_has_the_totals_the_latencies_and_the_verdict(folder: Path) -> None:
    text = printed(folder, "--format", "markdown")
    summary = json.loads((folder / "summary.json").read_text())
    assert "| Requests | 199 completed, 1 failed |" in text
    figures = summary["metrics"]["ttft_ms"]
    cells = " | ".join(f"{figures[name]:.2f}" for name in ("mean", "median", "p75", "p90", "p95", "p99"))
    assert f"| TTFT | {cells} |" in text
    assert "no limit" in text
    assert f"**Verdict: {summary['verdict']['status']}**" in text
    assert "**a\\|b** at " in text, "a bar would end a cell"
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.replace("\\|", "").count("|") in (3, 8) for line in tables)


def test_an_unknown_form_is_named_before_anything_is_written(folder: Path) -> None:
    done = CliRunner().invoke(report, [str(folder), "--format", "xml"], standalone_mode=False)
    assert isinstance(done.exception, click.BadParameter)
    assert "known: table, markdown, json, csv, vllm" in str(done.exception)
    assert not (folder / "summary.json").exists()


@pytest.mark.parametrize("name", ["rows-0.bin", "hist-0.bin", "rows-1.bin", "hist-1.bin"])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", made_rows(np.arange(20) * 10, ttft_ms=20, itl_ms=5), workers=2)
    (folder / "records" / name).unlink()
    message = refused(folder)
    assert f"records/{name} is missing" in message
    assert "2 worker(s)" in message


def test_a_killed_run_needs_its_workers_files(tmp_path: Path) -> None:
    rows = made_rows(np.arange(20) * 10, ttft_ms=20, itl_ms=5)
    folder = write_run(tmp_path / "run", rows, config=base_config(workers=2), workers=1, outcome="running")
    path = folder / "records" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "workers": []}))
    assert "records/rows-1.bin is missing" in refused(folder)


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_a_broken_array_is_named(content: bytes, folder: Path) -> None:
    (folder / "records" / "prompt_tokens.npy").write_bytes(content)
    assert "records/prompt_tokens.npy cannot be read" in refused(folder)


@pytest.mark.parametrize("name", ["rows-0.bin", "run.json"])
def test_a_file_that_cannot_be_read_is_named(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def open_(path: Path, *args: Any, **how: Any) -> Any:
        if path.name == name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, *args, **how)

    monkeypatch.setattr(Path, "open", open_)
    monkeypatch.setattr(Path, "read_bytes", lambda path: path.open("rb").read())
    assert f"records/{name} cannot be read (Permission denied)" in refused(folder)


def test_a_folder_that_cannot_be_written_names_the_file_and_the_way_out(folder: Path, tmp_path: Path) -> None:
    # A folder in the file's place stops root, too.
    (folder / "summary.json").mkdir()
    message = refused(folder)
    assert "summary.json" in message
    assert "cannot be written" in message
    assert "--output" in message
    assert not list(folder.glob("*.part"))
    summary = json.loads(printed(folder, "--format", "json", "--output", str(tmp_path / "a" / "b")))
    assert summary["completed"] == 199
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} >= {
        "report.html",
        "vllm.json",
        "summary.csv",
    }
    assert not (folder / "report.html").exists()


def refused(folder: Path) -> str:
    done = CliRunner().invoke(report, [str(folder)], standalone_mode=False)
    assert isinstance(done.exception, BadInput), done.exception
    return str(done.exception)


def uncounted_run(tmp_path: Path) -> tuple[Path, Path]:
    """A run whose tokens are counted by a tokenizer with its own code, and the file that this code writes."""
    tokenizer, ran = tmp_path / "tokenizer", tmp_path / "ran"
    tokenizer.mkdir()
    (tokenizer / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}})
    )
    (tokenizer / "own.py").write_text(
        f"open({str(ran)!r}, 'w').close()\n"
        "class Own:\n"
        "    @classmethod\n"
        "    def register_for_auto_class(cls, *_): pass\n"
        "    @classmethod\n"
        "    def from_pretrained(cls, *_, **__): return cls()\n"
        "    def __call__(self, texts, **_): return {'input_ids': [text.split() for text in texts]}\n"
    )
    rows = made_rows(np.arange(2) * 10.0)
    rows["output_tokens"] = -1
    config = base_config(tokenizer=str(tokenizer), trust_remote_code=True, save_outputs=True)
    texts = [("one two", ""), ("one two three", " four")]
    return write_run(tmp_path / "run", rows, config=config, texts=texts), ran


def test_the_code_of_a_run_s_tokenizer_runs_only_where_that_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # transformers copies the code there before running it.
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder, ran = uncounted_run(tmp_path)
    assert refused(folder).endswith(f"if you trust that code: aisbench report {folder} --trust-remote-code")
    assert not ran.exists()
    trusted = json.loads(printed(folder, "--trust-remote-code", "--format", "json"))
    assert (trusted["total_output_tokens"], ran.exists()) == (6, True)
    # The counts are kept, so that the next report runs no code.
    assert json.loads(printed(folder, "--format", "json")) == trusted
