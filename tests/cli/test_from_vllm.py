"""docs/from-vllm.md: it lists every flag of vLLM's client, all of them are options, and its commands run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisbench.backends.registry import BACKENDS, NOT_HERE, backend_named
from aisbench.cli.load import load
from aisbench.errors import BadInput
from aisbench.simulator.process import SimulatorProcess
from tests.simulators import start_simulator
from tests.system.running import run_command

HERE = Path(__file__).parent
TEXT = (HERE.parents[1] / "docs" / "from-vllm.md").read_text()
# The flags of `vllm bench serve --help` 0.32, and those of sonnet, which its Rust client still has.
FLAGS = (HERE / "vllm_flags.txt").read_text().split()
THEIRS = [
    "vllm",
    "openai",
    "openai-chat",
    "openai-responses",
    "openai-audio",
    "openai-embeddings",
    "openai-embeddings-chat",
    "openai-embeddings-clip",
    "openai-embeddings-vlm2vec",
    "infinity-embeddings",
    "infinity-embeddings-clip",
    "vllm-pooling",
    "vllm-rerank",
]
ROWS = re.findall(r"^\| `(--[a-z0-9-]+)` \| (.+) \|$", TEXT, re.MULTILINE)
(BLOCK,) = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [shlex.split(text) for text in BLOCK.replace("\\\n", " ").strip().split("\n\n")]


def test_vllm_has_105_flags() -> None:
    assert len(FLAGS) == len(set(FLAGS)) == 105


def test_every_flag_of_vllm_is_an_option() -> None:
    ours = {flag for one in load.params for flag in (*one.opts, *one.secondary_opts)}
    assert set(FLAGS) - ours == set()


def test_the_tables_have_every_flag_once() -> None:
    assert sorted(flag for flag, _ in ROWS) == sorted(FLAGS)


def test_what_a_row_names_is_an_option() -> None:
    ours = {flag for one in load.params for flag in (*one.opts, *one.secondary_opts)}
    named = {flag for _, what in ROWS for flag in re.findall(r"`(--[a-z-]+)", what)}
    assert named - ours == set()


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with start_simulator(["--model", "mine"]) as started:
        yield started


def json_lines(path: Path, *rows: object) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the commands name."""
    made = tmp_path_factory.mktemp("vllm")
    talk = [{"from": "human", "value": "a b c d e"}, {"from": "gpt", "value": "f g h i"}]
    (made / "sharegpt.json").write_text(json.dumps([{"conversations": talk}] * 25))
    json_lines(made / "prompts.jsonl", *({"prompt": f"number {i}"} for i in range(12)))
    json_lines(made / "gsm8k.jsonl", *({"question": f"what is {i}", "answer": "4"} for i in range(20)))
    json_lines(made / "question.jsonl", *({"category": "qa", "turns": [f"why {i}"]} for i in range(6)))
    (made / "sonnet.txt").write_text("".join(f"line {i} {'and ' * (i % 5)}\n" for i in range(40)))
    trace = ({"timestamp": i, "input_length": 20, "output_length": 4, "hash_ids": [i]} for i in range(10))
    json_lines(made / "trace.jsonl", *trace)
    return made


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_a_command_of_the_page_runs(number: int, simulator: SimulatorProcess, folder: Path) -> None:
    port = simulator.url.rpartition(":")[2]
    name, *args = [re.sub(r"^8000$|(?<=127\.0\.0\.1:)8000", port, word) for word in COMMANDS[number]]
    assert name == "aisbench-load"
    done = run_command("load", *args, "--work-dir", folder / f"o{number}", cwd=folder)
    assert done.returncode == 0, done.stderr
    (run,) = (folder / f"o{number}").iterdir()
    summary = json.loads((run / "summary.json").read_text())
    assert summary["completed"] > 0
    assert summary["failed"] == 0
    asked = int(args[args.index("--num-prompts") + 1])
    if asked > 0 and "--no-oversample" not in args and "--random-batch-size" not in args:
        assert summary["completed"] == asked
    assert "no effect" not in done.stderr
    if "--result-filename" in args:
        result = json.loads((folder / "results" / "random.json").read_text())
        assert result["completed"] == 40
        assert {f"p50_{name}_ms" for name in ("ttft", "tpot", "itl", "e2el")} <= set(result)


def test_every_backend_of_vllm_is_there_or_says_why_not() -> None:
    ours = {*BACKENDS, *NOT_HERE}
    assert set(THEIRS) <= ours
    missing = TEXT.split("## What cannot be done")[1].split("## ")[0]
    for name in NOT_HERE:
        assert f"`{name}`" in missing or f"--backend {name}`" in missing
        with pytest.raises(BadInput, match=f"--backend {name} .* not supported"):
            backend_named(name)
