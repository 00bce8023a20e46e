"""The examples of docs/backends.md and docs/workloads.md as an installed package, in a process of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

from tests.plugin_packages import installed
from tests.system.running import LOAD, environment
from tests.system.scripted import Asked, Reply, scripted

DOCS = Path(__file__).parents[2] / "docs"


def code(page: str, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    return [text for of, text in found if of == language]


def test_the_examples_send_a_run(tmp_path: Path) -> None:
    entries = "".join(
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in named.items())
        for page in ("backends.md", "workloads.md")
        for text in code(page, "toml")
        if "entry-points" in text
        for group, named in tomllib.loads(text)["project"]["entry-points"].items()
    )
    modules = {
        "llama_cpp_backend": code("backends.md", "python")[0],
        "day_prompts": next(text for text in code("workloads.md", "python") if "DAYS" in text),
    }
    folder = installed(tmp_path / "packages", "examples", modules, entries)
    stream = next(text for text in code("backends.md", "") if "tokens_predicted" in text)

    def reply(_: Asked) -> Reply:
        return Reply(stream.encode() + b"\n")

    path = os.pathsep.join([str(folder), str(DOCS.parent)])
    with scripted(reply) as (url, asked):
        given = [
            "--url",
            url,
            "--backend",
            "llama-cpp",
            "--dataset",
            "days",
            "--output-len",
            "2",
            "--model",
            "m",
        ]
        few = [
            "--num-requests",
            "3",
            "--concurrency",
            "1",
            "--no-server-metrics",
            "--no-device-metrics",
            "--json",
        ]
        done = subprocess.run(
            [*LOAD, *given, *few, "--work-dir", str(tmp_path / "runs")],
            capture_output=True,
            text=True,
            env={**environment(), "PYTHONPATH": path},
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["completed"] == 3
    assert [one.path for one in asked] == ["/completion"] * 3
    assert asked[2].body == {"prompt": "Which weekday is day 3 of 2027?", "stream": True, "n_predict": 2}
