"""Every API over real sockets: asked by its backend's own body, read by its backend's own rules."""

from __future__ import annotations

from typing import Any

import pytest

from aisbench.backends.backend import BodyOptions
from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import BACKENDS, backend_named
from aisbench.simulator.process import SimulatorProcess
from tests.backends.reading import read_stream, read_whole
from tests.simulator.client import Answered, ask, request
from tests.simulators import start_simulator

MODEL = "simulated-8b"
PROMPT = Prompt("one two three", 3, 6)
# One name for each family.
STREAMING = sorted({backend.family: name for name, backend in BACKENDS.items() if backend.generates}.values())
# What a server says of a prompt of three tokens and an answer of six: some say nothing.
SILENT = ("mindie", "mindie-chat")


@pytest.fixture
def simulator(quick_simulator: SimulatorProcess) -> SimulatorProcess:
    quick_simulator.reset()
    return quick_simulator


def ask_by(simulator: SimulatorProcess, name: str, prompt: Prompt = PROMPT, *, stream: bool) -> Answered:
    backend = backend_named(name)
    options = BodyOptions(MODEL, ignore_eos=True, stream=stream)
    return ask(simulator, backend.path_for(MODEL, stream=stream), backend.body(prompt, options))


# Prompt and output tokens, where the API does not give both.
COUNTS_IN_STREAM = {"tensorrt-llm": (-1, -1), "mindie-triton": (-1, 6), "mindie-infer": (-1, 6)}
COUNTS_OF_WHOLE = {"tgi": (-1, 6), "mindie-triton": (-1, 6), "mindie-infer": (-1, 6)}


@pytest.mark.parametrize("name", STREAMING)
def test_a_stream(simulator: SimulatorProcess, name: str) -> None:
    answered = ask_by(simulator, name, stream=True)
    assert answered.status == 200
    got = read_stream(backend_named(name).rules, answered.stream)
    assert got.tokens == 6
    if name not in SILENT:
        assert (got.prompt_tokens, got.output_tokens) == COUNTS_IN_STREAM.get(name, (3, 6))
    truth = simulator.truth()
    assert (truth["requests"], truth["done"], truth["active"]) == (1, 1, 0)
    assert (truth["prompt_tokens"], truth["tokens"]) == (3, 6)


@pytest.mark.parametrize("name", STREAMING)
def test_a_whole_answer(simulator: SimulatorProcess, name: str) -> None:
    answered = ask_by(simulator, name, stream=False)
    assert (answered.status, answered.content_type) == (200, "application/json")
    got = read_whole(backend_named(name).plain_rules, answered.body)
    assert len(got.text.split()) == 6
    assert (got.prompt_tokens, got.output_tokens) == COUNTS_OF_WHOLE.get(name, (3, 6))


def test_mindie_counts_unasked() -> None:
    with start_simulator(["--decode-base-ms", "1", "--usage-in-last-chunk"]) as simulator:
        for name in SILENT:
            got = read_stream(backend_named(name).rules, ask_by(simulator, name, stream=True).stream)
            assert (got.tokens, got.prompt_tokens, got.output_tokens) == (6, 3, 6)


@pytest.mark.parametrize(
    ("name", "prompt", "prompt_tokens", "vectors"),
    [
        ("openai-embeddings", Prompt("a b c", 3, None), 3, 1),
        ("openai-embeddings", Prompt("", 4, None, texts=("a b c", "d")), 4, 2),
        ("openai-embeddings", Prompt("", 2, None, token_ids=(5, 6)), 2, 1),
        ("vllm-pooling", Prompt("a b c", 3, None), 3, 1),
        ("vllm-rerank", Prompt("a b", 8, None, documents=("c", "d e", "f")), 10, 3),
    ],
)
def test_vectors_and_scores(
    simulator: SimulatorProcess, name: str, prompt: Prompt, prompt_tokens: int, vectors: int
) -> None:
    answered = ask_by(simulator, name, prompt, stream=False)
    got = read_whole(backend_named(name).plain_rules, answered.body)
    assert (got.chunks, got.prompt_tokens, got.output_tokens) == (1, prompt_tokens, -1)
    found = answered.json["results" if name == "vllm-rerank" else "data"]
    assert [item["index"] for item in found] == list(range(vectors))
    truth = simulator.truth()
    assert (truth["done"], truth["prompt_tokens"], truth["tokens"]) == (1, prompt_tokens, 0)
    assert truth["ttft"]["n"] == truth["itl"]["n"] == 0


def test_vectors_have_the_size_asked_for_and_length_1() -> None:
    with start_simulator(["--decode-base-ms", "1", "--embedding-size", "16"]) as simulator:
        embedded = ask_by(simulator, "openai-embeddings", stream=False).json["data"][0]["embedding"]
        pooled = ask_by(simulator, "vllm-pooling", stream=False).json["data"][0]["data"]
    assert len(embedded) == len(pooled) == 16
    assert sum(x * x for x in embedded) == pytest.approx(1)


def test_a_reranker_gives_back_the_documents(simulator: SimulatorProcess) -> None:
    prompt = Prompt("q", 1, None, documents=("a b", "c"))
    results = ask_by(simulator, "vllm-rerank", prompt, stream=False).json["results"]
    assert [result["document"]["text"] for result in results] == ["a b", "c"]
    assert results[0]["relevance_score"] > results[1]["relevance_score"]


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/v1/responses", 400, {"error": {"message": "the body is not a JSON object"}}),
        ("/generate_stream", 422, {"error": "Input validation error: the body is not a JSON object"}),
        ("/v2/models/m/generate_stream", 400, {"error": "the body is not a JSON object"}),
        ("/generate", 400, {"error": {"message": "the body is not a JSON object"}}),
        ("/infer", 422, {"error": "the body is not a JSON object"}),
        ("/v1/embeddings", 400, {"error": {"message": "the body is not a JSON object"}}),
    ],
)
def test_bad_requests(simulator: SimulatorProcess, path: str, status: int, body: Any) -> None:
    answered = ask(simulator, path, [1])
    assert answered.status == status
    error = answered.json["error"]
    said = error["message"] if isinstance(error, dict) else error
    wanted = body["error"]
    assert said == (wanted["message"] if isinstance(wanted, dict) else wanted)
    assert request(simulator.port, "GET", path).status == 405


def test_adapters_are_listed_and_answer_under_their_names() -> None:
    flags = ["--decode-base-ms", "1", "--model", "base", "--model-alias", "lora-1", "--model-alias", "lora-2"]
    with start_simulator([*flags, "--max-model-len", "99"]) as simulator:
        listed = request(simulator.port, "GET", "/v1/models").json["data"]
        assert [(m["id"], m["parent"], m["max_model_len"]) for m in listed] == [
            ("base", None, 99),
            ("lora-1", "base", 99),
            ("lora-2", "base", 99),
        ]
        for name in ("base", "lora-1", "lora-2"):
            answered = ask(simulator, "/v1/completions", {"prompt": "a", "max_tokens": 1, "model": name})
            assert answered.json["model"] == name
        assert ask(simulator, "/v1/completions", {"prompt": "a", "model": "lora-3"}).status == 404
        by_path = ask(simulator, "/v2/models/lora-2/generate", {"text_input": "a", "max_tokens": 1})
        assert by_path.json["model_name"] == "lora-2"


def test_words_are_tokens_and_tokens_words(simulator: SimulatorProcess) -> None:
    text = "some words and Zyzzyva, zweimal: Zyzzyva, some"
    tokens = ask(simulator, "/tokenize", {"prompt": text, "add_special_tokens": False, "model": MODEL}).json
    assert (tokens["count"], tokens["max_model_len"]) == (7, 32768)
    ids = tokens["tokens"]
    assert (ids[0], ids[3]) == (ids[6], ids[5])
    assert ask(simulator, "/detokenize", {"tokens": ids}).json == {"prompt": text}
    # Numbers that no word has yet are words nevertheless, so that the count stays.
    unknown = ask(simulator, "/detokenize", {"tokens": [10**6, 2**40]}).json["prompt"]
    assert ask(simulator, "/tokenize", {"prompt": unknown}).json["count"] == 2


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/tokenize", {"prompt": 3}, 400),
        ("/tokenize", {"prompt": "a", "model": "x"}, 404),
        ("/tokenize", b"{", 400),
        ("/detokenize", {"tokens": "a"}, 400),
        ("/detokenize", {"tokens": [1.5]}, 400),
    ],
)
def test_tokens_that_make_no_sense(simulator: SimulatorProcess, path: str, body: object, status: int) -> None:
    answered = ask(simulator, path, body)
    assert answered.status == answered.json["error"]["code"] == status
    assert request(simulator.port, "GET", path).status == 405
