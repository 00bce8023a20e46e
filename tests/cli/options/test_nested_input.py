"""Options and files that nest or repeat without end are bad input, each in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.running import run_command

DEEP = 100_000
# Nine lists of nine of the one before: a billion texts in nine lines.
LAUGHS = "a0: &a0 [" + ", ".join(["lol"] * 9) + "]\n"
LAUGHS += "".join(f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]\n" for i in range(1, 9))


@pytest.mark.parametrize(
    ("name", "text", "flag", "said"),
    [
        ("c.yaml", LAUGHS + "header: *a8\n", "--config", "holds more than 100,000 values"),
        ("c.yaml", "header: &a [*a]\n", "--config", "holds more than 100,000 values"),
        ("c.yaml", "header: " + "[" * 3000, "--config", "is nested too deeply"),
        ("c.yaml", "header: !!python/object/apply:os.system ['true']\n", "--config", "could not determine"),
        ("c.toml", "header = " + "[" * DEEP, "--config", "is nested too deeply"),
        ("t.toml", "body = " + "[" * DEEP, "--template", "is nested too deeply"),
        ("p.toml", "stream = " + "[" * DEEP, "--models", "p.toml is nested too deeply"),
        ("", '{"a":' * 10_000, "--extra-body", "JSON nested too deeply"),
        ("m.json", '{"a":' * DEEP, "--scenario-file", ""),
        ("s.jsonl", '{"session": ' + "[" * DEEP + "\n", "--dataset-path", ""),
        ("run.json", '{"config":' * DEEP, "report", "nested too deeply"),
        ("x.json", '{"config":' * DEEP, "compare", ""),
    ],
    ids=lambda value: value[:12],
)
def test_one_line_says_so(tmp_path: Path, name: str, text: str, flag: str, said: str) -> None:
    path = tmp_path / name
    if name == "run.json":
        path = tmp_path / "records" / name
        path.parent.mkdir()
    if name:
        path.write_text(text)
    given: dict[str, list[object]] = {
        "--extra-body": ["load", "--extra-body", text],
        "--template": ["load", "--backend", "template", "--template", path],
        "--models": ["load", "--models", "p", "--config-dir", tmp_path],
        "--scenario-file": ["load", "--scenario", path],
        "--dataset-path": ["workload", "describe", path, "--format", "sessions"],
        "report": ["report", tmp_path],
        "compare": ["compare", path, path],
    }
    more = ["--url", "http://127.0.0.1:1"] if flag.startswith("--") and flag != "--dataset-path" else []
    done = run_command(*given.get(flag, ["load", flag, path]), *more)
    assert done.returncode == 2, done.stderr[-500:]
    assert len(done.stderr.splitlines()) == 1, done.stderr[-500:]
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert len(done.stderr) < 2000
