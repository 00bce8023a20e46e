"""What is refused before the start: one clear line, and nothing is written or sent."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from aisbench.simulator.process import SimulatorProcess
from tests.conftest import QUICK
from tests.simulators import start_simulator
from tests.system.running import Finished, run_command, run_load

SHORT = ("--input-len", 20, "--output-len", 12)


def refused(done: Finished, *words: str, code: int = 2) -> None:
    """Exit code 2, one line that holds `words`, nothing written."""
    assert done.code == code, done.out + done.err
    line = done.err.strip()
    assert line.startswith("error: "), line
    assert "\n" not in line
    for word in words:
        assert word in line, line
    assert not done.work_dir.exists() or not any(done.work_dir.iterdir())


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--rate", "-1"], ["--rate", "above 0"]),
        (["--rate", "nan"], ["--rate", "nan"]),
        (["--rate", "fast"], ["--rate", "fast"]),
        (["--burstiness", "0"], ["--burstiness"]),
        (["--concurrency", "0"], ["--concurrency", "at least 1"]),
        (["--concurrency", "-5"], ["--concurrency"]),
        (["--num-requests", "0"], ["--num-requests"]),
        (["--duration", "nan"], ["--duration"]),
        (["--duration", "inf"], ["--duration"]),
        (["--timeout", "0"], ["--timeout"]),
        (["--workers", "0"], ["--workers"]),
        (["--output-len", "0"], ["--output-len"]),
        (["--input-len", "-3"], ["--input-len"]),
        (["--max-chunk-size", "0"], ["--max-chunk-size"]),
        (["--seed", "-1"], ["--seed"]),
        (["--grace", "nan"], ["--grace"]),
        (["--temperature", "nan"], ["--temperature"]),
        (["--range-ratio", "1"], ["--range-ratio"]),
        (["--range-ratio", "nan"], ["--range-ratio"]),
        (["--late", "drop:soon"], ["--late", "drop:MS"]),
        (["--arrival", "poisson"], ["--arrival", "--rate"]),
        (["--rate", "5", "--arrival", "posson"], ["--arrival", "poisson"]),
        (["--ramp-up", "linear"], ["--ramp-from"]),
        (["--percentiles", "101"], ["--percentiles", "101"]),
        (["--goodput", "ttft:-5"], ["--goodput", "ttft:500"]),
        (["--goodput", "speed:5"], ["--goodput", "speed", "ttft"]),
        (["--extra-body", "{"], ["--extra-body", "JSON"]),
        (["--backend", "opnai"], ["--backend", "openai"]),
        (["--dataset", "randon"], ["--dataset", "random"]),
        (["--header", "nonsense"], ["--header", "NAME:VALUE"]),
        (["--tokenizer", "/nowhere/at/all"], ["--tokenizer", "/nowhere/at/all", "no such folder"]),
        (["--endpoint", "v1/chat"], ["--endpoint", "slash"]),
        (["--endpoint", "/v1/ché"], ["--endpoint", "/v1/ch%C3%A9"]),
        (["--endpoint", "/v1\r\nX: y"], ["--endpoint", "percent-encoded"]),
        (["--url", "http://127.0.0.1:1/é"], ["--url", "/%C3%A9"]),
        (["--url", "http://127.0.0.1:1/v1\r\nX: y"], ["--url", "percent-encoded"]),
        (["--api-key", "sk-\r\nsecret"], ["AISBENCH_API_KEY", "line break"]),
        (["--api-key", "sk-ключ"], ["AISBENCH_API_KEY", "Latin-1"]),
        (["--fail-on", "ttft_p99=500"], ["--fail-on", "'ttft_p99=500'", "ttft_p99>500"]),
        (["--fail-on", "speed>5"], ["--fail-on", "'speed'", "error_rate"]),
        (["--omit-field", "stream"], ["--omit-field stream"]),
        (["--duration", "soon"], ["--duration", "30s"]),
        (["--no-such-option"], ["no-such-option"]),
        (["--config", "/nowhere.yaml"], ["--config", "/nowhere.yaml"]),
    ],
)
def test_bad_options_are_one_clear_line(
    flags: list[str], words: list[str], tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    refused(run_load(tmp_path / "out", "--url", quick_simulator.url, *flags), *words)


def test_an_unknown_option_in_a_config_file_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("rat: 5\n")
    refused(run_load(tmp_path / "out", "--config", tmp_path / "c.yaml"), "rat (did you mean rate?)")


def test_an_unknown_host(tmp_path: Path) -> None:
    refused(
        run_load(tmp_path / "out", "--url", "http://no-such-host.invalid:8000"),
        "--url",
        "no-such-host.invalid",
    )


def test_a_port_that_refuses(tmp_path: Path) -> None:
    with socket.socket() as taken:
        # Bound but not listening: nobody else gets the port, and it refuses.
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        refused(
            run_load(tmp_path / "out", "--url", f"http://127.0.0.1:{port}"),
            "--url",
            str(port),
            "refused",
            code=1,
        )


def test_urls_that_are_none(tmp_path: Path) -> None:
    refused(run_load(tmp_path / "out", "--url", "ftp://127.0.0.1"), "--url", "http://host:port")
    refused(run_load(tmp_path / "out", "--url", "http://127.0.0.1:99999"), "--url")


def test_a_missing_key_is_said_before_the_start(tmp_path: Path) -> None:
    with start_simulator([*QUICK, "--api-key", "secret"]) as simulator:
        refused(run_load(tmp_path / "out", "--url", simulator.url), "401", "--api-key")
        done = run_load(
            tmp_path / "with", "--url", simulator.url, "--api-key", "secret", "--num-requests", 4, *SHORT
        )
        assert done.code == 0, done.err
        assert "secret" not in (done.folder / "config.yaml").read_text() + json.dumps(done.summary)
        wrong = run_load(
            tmp_path / "wrong",
            "--url",
            simulator.url,
            "--api-key",
            "x",
            "--model",
            "m",
            "--num-requests",
            4,
            *SHORT,
        )
        assert wrong.code == 1
        assert wrong.summary["errors"] == {"http_401": 4}


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    report = run_command("report", tmp_path)
    assert report.returncode == 2
    assert report.stderr.startswith("error: ")
    assert "Traceback" not in report.stderr
