from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisbench.cli.load import load
from aisbench.cli.plan import plan
from aisbench.cli.studies.saturate import saturate
from aisbench.cli.workload.workload import export
from aisbench.config.foreign.scoped_flags import SCOPED
from aisbench.config.foreign.vllm_flags import VllmFlags
from aisbench.config.foreign.vllm_meaning import run_config
from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.options.option import declared


def config(*args: str) -> tuple[RunConfig, list[str]]:
    """The configuration that `aisbench-load` makes from these arguments, and its notes."""
    with load.make_context("aisbench-load", list(args)) as context:
        options: dict[str, Any] = dict(context.params)
    for name in ("as_json", "no_progress", "live_port", "search", "upload", "otlp_endpoint"):
        options.pop(name)
    notes: list[str] = []
    made = run_config(options, notes.append).expanded()
    made.check()
    return made, notes


@pytest.mark.parametrize(
    ("args", "field", "value"),
    [
        (["--host", "10.1.2.3"], "url", ("http://10.1.2.3:8000",)),
        (["--port", "9000"], "url", ("http://127.0.0.1:9000",)),
        (["--host", "::1", "--port", "9000"], "url", ("http://[::1]:9000",)),
        (["--host", "a", "--base-url", "http://b:1"], "url", ("http://b:1",)),
        (["--model", "org/Big", "--served-model-name", "big", "--skip-tokenizer-init"], "model", "big"),
        (["--tokenizer", "dir", "--skip-tokenizer-init"], "tokenizer", None),
        (["--header", "a=1", "b=2=3"], "header", ("a=1", "b=2=3")),
        (["--extra-headers", '{"X-A": "b: c", "n": 1}'], "header", ("X-A: b: c", "n: 1")),
        (["--max_concurrency", "7"], "concurrency", 7),
        (["--num_prompts=12"], "num_requests", 12),
        (["--request-id-prefix", "job-"], "request_id_prefix", "job-"),
        (["--ready-check-timeout-sec", "30"], "ready_timeout_s", 30.0),
        (["--dataset-name", "timed_trace", "--timed-trace-sec-multiplier", "0.5"], "speedup", 2.0),
        (["--dataset-name", "timed_trace", "--timed-trace-chunk-hash-size", "32"], "block_size", 32),
        (["--dataset-name", "timed_trace", "--no-self-timed"], "self_timed", False),
        (["--dataset-name", "custom", "--num-prompts", "-1"], "num_requests", None),
        (["--percentile-metrics", "ttft,client_queue_time"], "percentile_metrics", ("ttft", "client_queue_time")),
    ],
)  # fmt: skip
def test_a_flag_of_vllm_has_its_meaning(args: list[str], field: str, value: object) -> None:
    made, notes = config(*args)
    assert getattr(made, field) == value
    assert notes == []


def test_lengths_count_for_their_own_data_set_only() -> None:
    args = ["--random-output-len", "128", "--sharegpt-output-len", "64", "--random-prefix-len", "0"]
    made, notes = config("--dataset-name", "sharegpt", *args)
    assert (made.output_len, made.prefix_len) == (64, None)
    assert notes == ["no effect with --dataset sharegpt: --random-output-len"]
    made, _ = config(*args)
    assert made.output_len == 128


def test_the_general_length_counts_before_the_data_set_s() -> None:
    made, _ = config("--input-len", "5", "--random-input-len", "9")
    assert made.input_len == 5


def test_sampling_parameters_go_into_the_body_in_vllm_s_order() -> None:
    made, notes = config(
        *("--repetition-penalty", "1.2", "--temperature", "0.5", "--top-p", "0.9", "--top-k", "5"),
        *("--extra-body", '{"top_k": 7, "seed": 1}', "--logprobs", "3"),
    )
    assert made.temperature is None
    assert list((made.extra_body or {}).items()) == [
        ("logprobs", 3),
        ("top_p", 0.9),
        ("top_k", 7),
        ("temperature", 0.5),
        ("repetition_penalty", 1.2),
        ("seed", 1),
    ]
    assert notes == []


def test_sampling_parameters_stand_where_the_backend_wants_them() -> None:
    made, _ = config("--backend", "tgi", "--top-p", "0.9", "--extra-body", '{"parameters": {"seed": 3}}')
    assert made.extra_body == {"parameters": {"top_p": 0.9, "seed": 3}}
    with pytest.raises(BadInput, match="--top-p: --backend tensorrt-llm has its own names"):
        config("--backend", "tensorrt-llm", "--top-p", "0.9")


@pytest.mark.parametrize(
    ("args", "note"),
    [
        (["--backend", "openai-chat", "--logprobs", "2"], "--logprobs has no effect with --backend openai-chat"),
        (["--backend", "openai-embeddings", "--top-p", "1"], "which generates nothing: --top-p"),
        (["--dataset-name", "hf", "--no-stream"], "answers are streamed"),
        (["--use-beam-search"], "--use-beam-search has no effect"),
        (["--disable-shuffle", "--no-oversample"], "random: --disable-shuffle, --no-oversample"),
        (["--chat-template-kwargs", '{"thinking": true}'], "--chat-template-kwargs has no effect"),
        (["--model", "no/such", "--compat", "vllm"], "no tokenizer of no/such, so prompts are made without one"),
        (["--model", "no/such", "--served-model-name", "x"], "no tokenizer of no/such, so prompts are made without one"),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_said(args: list[str], note: str) -> None:
    _, notes = config(*args)
    assert len(notes) == 1
    assert note in notes[0]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--port", "0"], "--port must be a number from 1 to 65535, got 0"),
        (["--host", "http://a"], "give a whole URL with --url"),
        (["--tokenizer-mode", "mistral"], "--tokenizer-mode mistral needs a tokenizer that only vLLM"),
        (["--request-id-prefix", "a b"], "--request-id-prefix must be ASCII letters"),
        (["--timeline-itl-thresholds", "50,25"], "--timeline-itl-thresholds must be two increasing numbers"),
        (["--probe-request-rate", "-1"], "--probe-request-rate must be a number of at least 0, got -1"),
        (
            ["--self-timed"],
            "--self-timed and --no-self-timed need --dataset timed_trace, trace, file, got random",
        ),
        (["--backend", "openai-audio", "--top-p", "1"], "--backend openai-audio uploads a file in a form"),
    ],
)
def test_what_cannot_be_followed_is_named(args: list[str], problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        config(*args)


def test_a_config_file_takes_vllm_s_names(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("host: 10.0.0.1\ntop_p: 0.5\nrandom-input-len: 33\n")
    made, _ = config("--config", str(tmp_path / "run.yaml"))
    assert (made.url, made.input_len, made.extra_body) == (("http://10.0.0.1:8000",), 33, {"top_p": 0.5})


def test_other_commands_take_what_makes_a_workload() -> None:
    wanted = (
        {one.flag for one in SCOPED}
        | {one.option.flag for one in declared(VllmFlags)}
        | {"--host", "--served-model-name"}
    )
    for command in (plan, saturate, export):
        assert wanted <= {flag for one in command.params for flag in one.opts}
