"""No key, header value or password in anything that a command writes or shows, nor in the process list."""

from __future__ import annotations

import http.server
import importlib.util
import json
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisbench.config.run_config import SECRET_FIELDS, RunConfig
from aisbench.errors import BadInput
from aisbench.masking.fields import masked_fields
from aisbench.simulator.process import SimulatorProcess
from aisbench.studies.many_runs.resuming import with_secrets
from tests.live.test_page import next_event
from tests.system.forwarding import Door, open_door
from tests.system.running import descendants, environment, kill, wait_for
from tests.system.secret_values import (
    BODY,
    COOKIE,
    FIELD,
    KEY,
    NOTED,
    PASSWORD,
    TOKEN,
    finished,
    found_in,
    found_in_text,
)

SHORT = ["--input-len", "8", "--output-len", "4", "--no-server-metrics", "--no-device-metrics"]


@pytest.fixture
def flags(quick_simulator: SimulatorProcess) -> Iterator[list[str]]:
    """Secrets of every kind but the key, which comes by the environment."""
    door = Door(("127.0.0.1", quick_simulator.port), proxy=True, password="me:Pass/word012")
    with open_door(door):
        yield [
            *("--url", quick_simulator.url, "--proxy", f"http://me:{PASSWORD}@127.0.0.1:{door.port}"),
            *("--header", f"X-Token: {TOKEN}", f"--header=Cookie: {COOKIE}"),
            *("--extra-body", json.dumps(BODY)),
        ]


def start(*args: str) -> subprocess.Popen[str]:
    """In a process whose command line is its own, which the process list shows."""
    return subprocess.Popen(
        [sys.executable, "-m", "aisbench", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment(), "AISBENCH_API_KEY": KEY},
    )


def test_runs_and_what_is_made_of_them(tmp_path: Path, flags: list[str]) -> None:
    common = [
        *flags,
        *SHORT,
        "--concurrency",
        "2",
        "--num-requests",
        "4",
        "--work-dir",
        str(tmp_path / "runs"),
    ]
    noted = ["--metadata", f"password={NOTED}", "owner=me"]
    shown = finished("load", *common, *noted, "--json")
    # The secrets were used: the proxy let the requests pass.
    assert '"completed": 4' in shown
    theirs = [
        "--extra-headers",
        json.dumps({"X-Token": TOKEN}),
        "--save-result",
        "--result-dir",
        str(tmp_path),
    ]
    shown += finished("load", *common, *theirs, "--live-port", "0", "--table", "aisbench")
    runs = [str(path) for path in (tmp_path / "runs").iterdir()]
    shown += finished("report", runs[0], "--format", "markdown")
    shown += finished("compare", *runs, "--output", str(tmp_path / "compared"))
    if importlib.util.find_spec("plotly") is not None:
        shown += finished("plot", runs[0], "--chart", "timeline", "--output", str(tmp_path / "plot.html"))
    assert found_in_text(shown) == []
    assert found_in(tmp_path) == {}
    # What is needed to read the files is left.
    first = next(Path(run) for run in runs if "owner: me" in (Path(run) / "config.yaml").read_text())
    kept = (first / "config.yaml").read_text()
    assert "X-Token: ***" in kept
    assert "api_key: '***'" in kept
    assert "server_url: http://h" in kept
    refused = finished("load", "--config", str(first / "config.yaml"), *flags[:-2], code=2)
    assert "--extra-body contains *** in api_key, tools.headers.Authorization" in refused


def test_what_sends_nothing(tmp_path: Path, flags: list[str]) -> None:
    shown = finished("plan", *flags, *SHORT, "--rate", "5", "--output", str(tmp_path / "plan.html"))
    count = ["--num-requests", "2", "--output", str(tmp_path / "w.jsonl")]
    shown += finished("workload", "export", *flags, *SHORT, *count)
    shown += finished("load", *flags, "--search")
    refused = ["--dataset", "file", "--dataset-path", str(tmp_path / "w.jsonl"), "--rate", "5"]
    shown += finished("plan", *flags[:-2], *refused, "--output", str(tmp_path / "b.html"), code=2)
    assert "*** in place of api_key, tools.headers.Authorization" in shown
    shown += finished("plan", *flags, *refused, "--output", str(tmp_path / "c.html"))
    assert found_in_text(shown) == []
    assert found_in(tmp_path) == {}


def test_a_log_of_requests_that_becomes_sessions(tmp_path: Path) -> None:
    """What somebody's gateway wrote down: the headers, and keys in bodies of chats and of other requests."""
    rows: list[dict[str, Any]] = [
        {"messages": [{"role": "user", "content": "How are you?"}], "hf_token": KEY, "tools": BODY["tools"]},
        {"prompt": "Once upon", "auth": {"password": PASSWORD}, "api_key": FIELD, "eos_token": "</s>"},
    ]
    log = tmp_path / "log.jsonl"
    headers = {"Authorization": f"Bearer {TOKEN}", "Cookie": COOKIE}
    log.write_text(
        "".join(
            json.dumps({"timestamp": i, "headers": headers, "body": {"model": "m", **row}}) + "\n"
            for i, row in enumerate(rows)
        )
    )
    made, page = tmp_path / "made" / "s.jsonl", tmp_path / "made" / "page.html"
    made.parent.mkdir()
    shown = finished("workload", "import", str(log), "--format", "workload_trace", "-o", str(made))
    assert (
        "as they may be secrets: api_key, auth.password, hf_token, tools.headers.Authorization; give" in shown
    )
    shown += finished("workload", "describe", str(log), "--format", "workload_trace", "--page", str(page))
    assert found_in_text(shown) == []
    assert found_in(made.parent) == {}
    assert '"eos_token": "</s>"' in made.read_text()


def test_a_sweep(tmp_path: Path, flags: list[str]) -> None:
    grid = ["--grid", "concurrency=1,2", "--num-requests", "2", "--work-dir", str(tmp_path)]
    shown = finished("sweep", *flags, *SHORT, *grid)
    (folder,) = tmp_path.iterdir()
    shown += finished("report", str(folder))
    assert found_in_text(shown) == []
    assert found_in(tmp_path) == {}


def test_a_body_may_change_only_its_secrets_when_a_search_goes_on() -> None:
    held = RunConfig(extra_body=masked_fields({**BODY, "top_p": 0.5}))
    typed = {"extra_body": "--extra-body"}
    again = with_secrets(held, dict.fromkeys(SECRET_FIELDS) | {"extra_body": BODY}, typed)
    assert again.extra_body == {**BODY, "top_p": 0.5}
    with pytest.raises(BadInput, match="only in what is masked there"):
        with_secrets(held, dict.fromkeys(SECRET_FIELDS) | {"extra_body": {**BODY, "top_p": 1}}, typed)


def test_a_search(tmp_path: Path, flags: list[str]) -> None:
    search = ["--over", "concurrency", "--sweep", "2", "--step", "1", "--repeats", "1"]
    shown = finished("saturate", *flags, *SHORT, *search, "--work-dir", str(tmp_path))
    (folder,) = tmp_path.iterdir()
    shown += finished("report", str(folder))
    assert found_in_text(shown) == []
    assert found_in(tmp_path) == {}


def test_a_search_goes_on_with_its_secrets_given_again(tmp_path: Path, flags: list[str]) -> None:
    search = ["--over", "concurrency", "--sweep", "1,2", "--step", "1", "--repeats", "1", "--budget", "1.5"]
    finished("saturate", *flags, *SHORT, *search, "--work-dir", str(tmp_path), code=0)
    (folder,) = tmp_path.iterdir()
    refused = finished("saturate", "--resume", str(folder), code=2)
    assert "--header contains ***" in refused
    shown = finished("saturate", "--resume", str(folder), *flags)
    assert found_in_text(shown) == []
    assert found_in(tmp_path) == {}


def test_the_environment_gives_a_search_its_secrets_again(
    tmp_path: Path, flags: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    search = ["--over", "concurrency", "--sweep", "1,2", "--step", "1", "--repeats", "1"]
    finished("saturate", *flags, *SHORT, *search, "--budget", "1.5", "--work-dir", str(tmp_path))
    (folder,) = tmp_path.iterdir()
    monkeypatch.setenv("AISBENCH_HEADER", f"X-Token: {TOKEN}\nCookie: {COOKIE}")
    monkeypatch.setenv("AISBENCH_EXTRA_BODY", json.dumps(BODY))
    monkeypatch.setenv("AISBENCH_PROXY", flags[flags.index("--proxy") + 1])
    # What stands whole in the folder is not changed by it.
    monkeypatch.setenv("AISBENCH_URL", "http://127.0.0.1:1")
    shown = finished("saturate", "--resume", str(folder))
    assert found_in_text(shown) == []
    assert found_in(tmp_path) == {}


def watched(url: str) -> str:
    """What the live page of a run shows to anyone who may open it."""
    texts = []
    for path in ("/", "/metrics"):
        with urllib.request.urlopen(url + path, timeout=30) as answer:
            texts.append(answer.read().decode())
    with urllib.request.urlopen(f"{url}/events", timeout=30) as events:
        texts.append(json.dumps(next_event(events)))
    return "".join(texts)


def test_a_run_that_is_killed(tmp_path: Path, flags: list[str]) -> None:
    args = [*SHORT, "--rate", "50", "--num-requests", "10000", "--work-dir", str(tmp_path), "--no-progress"]
    process = start("load", *flags, *args, "--api-key", KEY, "--live-port", "0")
    assert process.stderr is not None
    said = ""
    try:
        while not (live := re.search(r"^live: (http://\S+)", said, re.MULTILINE)):
            line = process.stderr.readline()
            assert line, said
            said += line
        wait_for(process, lambda: any(tmp_path.glob("*/records/rows-*.bin")))
        assert found_in_text(said + watched(live[1])) == []
        children = descendants(process.pid)
        assert children
        for pid in (process.pid, *children):
            assert found_in_text(Path(f"/proc/{pid}/cmdline").read_text()) == [], pid
        for pid in children:
            assert found_in_text(Path(f"/proc/{pid}/environ").read_text()) == [], pid
        # The bodies that are still to be sent hold what is to be sent; only their owner can read them.
        for path in found_in(tmp_path):
            assert (Path(path).name, Path(path).stat().st_mode & 0o777) == ("bodies.bin", 0o600)
    finally:
        # What the workers write at their end is looked through as well.
        shown = kill(process)
    (folder,) = tmp_path.iterdir()
    shown += finished("report", str(folder))
    assert found_in_text(shown) == []
    assert {Path(path).name for path in found_in(tmp_path)} <= {"bodies.bin"}
    assert found_in(Path("/dev/shm")) == {}


class Echo(http.server.BaseHTTPRequestHandler):
    """Refuses every request, and says which headers it came with."""

    def do_POST(self) -> None:
        body = "".join(
            f"{name}: {value}\n" for name, value in [*self.headers.items(), ("for", self.path)]
        ).encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_that_says_what_it_was_sent(tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        args = [
            "--url",
            f"http://127.0.0.1:{server.server_port}",
            "--model",
            "m",
            *SHORT,
            "--num-requests",
            "3",
        ]
        args += ["--header", f"X-Token: {TOKEN}", "--header", f"Cookie: {COOKIE}"]
        args += ["--endpoint", f"/v1/completions?api-version=2024-10-21&code={KEY}"]
        shown = finished("load", *args, "--work-dir", str(tmp_path), code=1)
        server.shutdown()
    assert "http_401" in shown
    facts = next(tmp_path.glob("*/records/run.json")).read_text()
    assert "X-Token: ***" in facts
    assert "?api-version=2024-10-21&code=***" in facts
    assert found_in_text(shown) == []
    assert found_in(tmp_path) == {}
