"""Only what applies is said: each rule with a pair that it fits and one that it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aisbench.studies.comparison.inputs import DIFFERENT, SAME, UNKNOWN, compare_inputs
from aisbench.studies.comparison.reasons import reasons
from aisbench.studies.comparison.result import Group, ToolResult
from tests.studies.comparison.made_results import AISBENCH, made

VLLM, SGLANG, AIPERF, GUIDELLM = "vllm bench serve", "sglang bench_serving", "AIPerf", "GuideLLM"
BODIES = {"bodies": "abc", "arrivals": "def"}


def topics(first: ToolResult, second: ToolResult) -> dict[str, str]:
    inputs = compare_inputs(first, second)
    return {r.topic: r.text for r in reasons(Group("a", (first,)), Group("b", (second,)), inputs)}


def test_two_like_runs_have_no_reason_to_differ() -> None:
    one = made(fingerprint=BODIES, verdict="valid")
    assert topics(one, one) == {}


def test_inputs() -> None:
    one = made(fingerprint=BODIES)
    assert compare_inputs(one, one).status == SAME
    other = made(fingerprint={"bodies": "xyz", "arrivals": "def"})
    assert compare_inputs(one, other).status == DIFFERENT
    assert "inputs" in topics(one, other)
    theirs = made(VLLM)
    unknown = compare_inputs(one, theirs)
    assert unknown.status == UNKNOWN
    assert "model, API, requests, input tokens, output tokens" in unknown.words
    assert "cannot be shown" in topics(one, theirs)["inputs"]
    less = compare_inputs(one, made(VLLM, figures={"total_input_tokens": 7.0}))
    assert less.status == DIFFERENT
    assert "input tokens" in less.words


def test_lengths_are_compared_whatever_their_order() -> None:
    one = replace(made(VLLM), input_lens=np.array([1, 2, 3]))
    facts = compare_inputs(one, replace(made(VLLM), input_lens=np.array([3, 1, 2]))).facts
    assert {fact.name: fact.equal for fact in facts}["input lengths"] is True
    facts = compare_inputs(one, replace(made(VLLM), input_lens=np.array([3, 1, 3]))).facts
    assert {fact.name: fact.equal for fact in facts}["input lengths"] is False


def test_endpoint_and_prompt_length() -> None:
    other = made(setup={"api": "completions"}, figures={"total_input_tokens": 108_000.0})
    told = topics(made(), other)
    assert "chat template adds tokens" in told["endpoint"]
    assert "100.0 and 108.0" in told["prompt length"]
    assert "prompt length" not in topics(made(), made())


def test_load_and_warm_up() -> None:
    told = topics(made(setup={"warmup": 0}), made(setup={"rate": 5.0, "concurrency": None, "warmup": 4}))
    assert told["load"] == "The load differs: rate inf and 5; in-flight limit 8 and none."
    assert told["warm-up"].startswith("There were 0 and 4")
    assert "load" not in topics(made(setup={"burstiness": 1.0}), made(setup={"burstiness": 2.0})), (
        "closed loop"
    )


def test_sampling() -> None:
    hot, cold = made(setup={"sampling": {"temperature": 1.0}}), made(setup={"sampling": {}})
    assert "{'temperature': 1.0} and none" in topics(hot, cold)["sampling"]
    assert "sampling" not in topics(cold, cold)
    assert (
        "ignore_eos"
        in topics(made(setup={"ignore_eos": True}), made(setup={"ignore_eos": False}))["sampling"]
    )
    assert "answer length" in topics(made(), made(figures={"total_output_tokens": 15_000.0}))
    assert "temperature 0 and ignore_eos by default" in topics(made(), made(SGLANG))["sampling"]


def test_role_only_chunk_is_a_matter_of_chat() -> None:
    assert "role" in topics(made(), made(VLLM))["first chunk"]
    text = {"api": "completions"}
    assert "first chunk" not in topics(made(setup=text), made(VLLM, setup=text))
    as_vllm = replace(made(), habits=replace(AISBENCH, ttft_at="first-chunk", origin="slot"))
    told = topics(as_vllm, made(VLLM))
    assert "first chunk" not in told
    assert "latency origin" not in told


@pytest.mark.parametrize(
    ("tool", "said"), [(VLLM, "before a connection"), (SGLANG, "a new connection"), (AIPERF, "connection")]
)
def test_origin(tool: str, said: str) -> None:
    assert said in topics(made(), made(tool))["latency origin"]


def test_end_of_a_request() -> None:
    assert "[DONE]" in topics(made(), made(SGLANG))["latency end"]
    assert "latency end" in topics(made(), made(GUIDELLM))
    assert "latency end" not in topics(made(), made(VLLM))


def test_the_clients_queue() -> None:
    capped = {"rate": 50.0, "concurrency": 8}
    told = topics(made(setup=capped), made(AIPERF, setup=capped))
    assert "54101" in told["client queue"]
    assert "AIPerf does not report that wait" in told["client queue"]
    assert "does not report" not in topics(made(setup=capped), made(VLLM, setup=capped))["client queue"]
    assert "client queue" not in topics(made(), made(VLLM))
    free = {"rate": 50.0, "concurrency": None}
    assert "client queue" not in topics(made(setup=free), made(VLLM, setup=free))


def test_what_an_itl_is() -> None:
    assert "TPOT" in topics(made(), made(AIPERF))["ITL"]
    assert "mean gap of a request" in topics(made(), made(GUIDELLM))["ITL"]
    assert "ITL" not in topics(made(), made(VLLM))


def test_token_counts() -> None:
    assert "usage in aisbench and by tokenizer in AIPerf" in topics(made(), made(AIPERF))["token count"]
    assert "token count" not in topics(made(), made(VLLM))


def test_range_ratio() -> None:
    told = topics(made(), made(SGLANG, setup={"length_rule": "0.5 to 1 times the set length"}))
    assert "lengths here are 0.5 to 1 times the set length" in told["range ratio"]
    assert "range ratio" not in topics(made(), made(SGLANG))


def test_opening_burst_and_one_thread() -> None:
    told = topics(made(), made(VLLM, figures={"output_throughput": 20_000.0}))
    assert "first 8 requests at one instant" in told["opening burst"]
    assert "46% of a core" in told["client delay"] or "does not say" in told["client delay"]
    pair = made(), made(VLLM, figures={"output_throughput": 20_000.0})
    inputs = compare_inputs(*pair)
    texts = [r.text for r in reasons(Group("a", (pair[0],)), Group("b", (pair[1],)), inputs)]
    assert any("46% of a core" in text for text in texts)
    assert len(texts) == len(set(texts))


def test_what_a_side_says_of_itself() -> None:
    bad = made(verdict="doubtful", verdict_reasons=("too late.",), figures={"failed": 3.0}, path="run-7")
    told = topics(bad, made(VLLM, notes=("cut",)))
    assert told["verdict"] == "The verdict of run-7 is doubtful: too late."
    assert told["failures"].startswith("3 requests failed in run-7")
    assert "cut" in told["note"]
    assert "does not say whether its own client kept up" in told["client delay"]
