"""From options to bodies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench._native.memory.bodies import BodyFile
from aisbench.backends.prompt import ANSWER
from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.build import Workload, build_workload, with_holes, without_holes
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.recipe import Recipe


def build(directory: Path, backend: str = "openai", **given: Any) -> tuple[Workload, list[dict[str, Any]]]:
    options = WorkloadOptions(**{"count": 10, "model": "m", "input_len": 8, "output_len": 4, **given})
    assert options.count is not None
    workload = build_workload(Recipe(options, backend_named(backend)), directory)
    bodies = BodyFile(str(workload.bodies.path))
    return workload, [json.loads(bodies[i]) for i in range(options.count)]


def test_bodies_and_lengths_belong_together(tmp_path: Path) -> None:
    workload, bodies = build(tmp_path, range_ratio=(0.5, 0.5), count=30)
    assert [len(body["prompt"].split()) for body in bodies] == workload.prompt_tokens.tolist()
    assert [body["max_tokens"] for body in bodies] == workload.max_tokens.tolist()
    assert len(set(workload.prompt_tokens.tolist())) > 2
    assert workload.bodies.unique == workload.bodies.count == 30
    for name, wanted in (("prompt_tokens", workload.prompt_tokens), ("max_tokens", workload.max_tokens)):
        saved = np.load(tmp_path / f"{name}.npy")
        assert saved.dtype == np.int32
        assert saved.tolist() == wanted.tolist()


def test_the_same_options_give_the_same_fingerprint(tmp_path: Path) -> None:
    def fingerprint(**given: Any) -> str:
        return build(tmp_path, **given)[0].bodies.fingerprint

    assert fingerprint(seed=1) == fingerprint(seed=1)
    assert len({fingerprint(seed=1), fingerprint(seed=2), fingerprint(seed=1, model="n")}) == 3
    assert fingerprint(seed=1, backend="vllm") == fingerprint(seed=1, backend="sglang")
    assert fingerprint(seed=1, backend="openai-chat") != fingerprint(seed=1)


@pytest.mark.parametrize(("given", "sent"), [(None, True), (True, True), (False, None)])
def test_random_prompts_ignore_the_end_unless_told_otherwise(
    tmp_path: Path, given: bool | None, sent: bool | None
) -> None:
    _, bodies = build(tmp_path, ignore_eos=given)
    assert {body.get("ignore_eos") for body in bodies} == {sent}


def test_text_of_a_tokenizer(tmp_path: Path, tiny_folder: Path, tiny: Any) -> None:
    workload, bodies = build(tmp_path, tokenizer=str(tiny_folder), input_len=9)
    assert {len(tiny.encode(body["prompt"])) for body in bodies} == {9}, "with what the server adds"
    assert set(workload.prompt_tokens.tolist()) == {8}
    assert workload.notes == [f"prompts are sent as text; lengths are those of tokenizer {tiny_folder}"]


def test_token_ids_of_a_tokenizer(tmp_path: Path, tiny_folder: Path) -> None:
    workload, bodies = build(tmp_path, tokenizer=str(tiny_folder), token_ids=True, input_len=9)
    assert {len(body["prompt"]) for body in bodies} == {9}
    assert all(isinstance(i, int) for body in bodies for i in body["prompt"])
    assert set(workload.prompt_tokens.tolist()) == {9}


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    options = WorkloadOptions(count=150, model="m", input_len=2)
    recipe = Recipe(options, backend_named("vllm"))
    build_workload(recipe, tmp_path, lambda done, total: seen.append((done, total)))
    assert seen == [(64, 150), (128, 150), (150, 150)]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("randon", "did you mean random? "), ("Random", "did you mean random? "), ("poems", "")],
)
def test_an_unknown_data_set_lists_the_known(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(BadInput) as refused:
        build(tmp_path, dataset=name)
    assert str(refused.value).startswith(f"--dataset '{name}' is unknown; {hint}known: random")


def test_options_are_checked_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--output-len must be a whole number from 1"):
        build(tmp_path, output_len=0)
    assert list(tmp_path.iterdir()) == []


def test_the_place_of_an_answer_is_a_message_that_can_be_left_out() -> None:
    said = [{"role": "user", "content": "{a}"}, {"role": "assistant", "content": ANSWER}]
    body = json.dumps({"messages": [*said, {"role": "user", "content": ANSWER}]}).encode()
    held = with_holes(body)
    assert held.count(b"\0") == 2
    begins, ends = held.index(b"\1"), held.index(b"\2")
    assert held[begins + 1 : ends] == b'{"role": "assistant", "content": "\0"}, '
    assert json.loads(held[:begins] + held[ends + 1 :].replace(b"\0", b"said")) == {
        "messages": [said[0], {"role": "user", "content": "said"}]
    }
    assert without_holes(held) == body


def test_reasoning_that_an_api_does_not_take_back_is_refused(tmp_path: Path) -> None:
    given = {"dataset": "conversations", "history_reasoning": True, "turns": 1}
    build(tmp_path, "openai-chat", **given)
    with pytest.raises(
        BadInput, match="--history-reasoning: anthropic-messages does not take reasoning back"
    ):
        build(tmp_path, "anthropic-messages", **given)
