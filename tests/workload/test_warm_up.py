"""What --warmup sends: as long as the run's bodies, and with another beginning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench._native.memory.bodies import BodyFile
from aisbench.backends.backend import BodyOptions
from aisbench.backends.openai_chat import CHAT
from aisbench.backends.openai_completions import COMPLETIONS
from aisbench.backends.prompt import ANSWER, Prompt
from aisbench.backends.registry import backend_named
from aisbench.workload.build import build_workload
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.recipe import Recipe
from aisbench.workload.warm_up import WarmUp

OPTIONS = BodyOptions("m")
LONG = " ".join(f"word{i}" for i in range(40))


def changed(prompt: Prompt, backend: str = "openai") -> dict[str, Any]:
    """The body that a warm-up request has for `prompt`."""
    warming = WarmUp(1, 0, backend_named(backend), OPTIONS)
    warming.add(prompt)
    (body,) = warming.bodies
    found: dict[str, Any] = json.loads(body)
    return found


def beginning(body: bytes) -> str:
    """The first 64 characters of what is asked: a block of a prefix cache."""
    return max(body.decode().split('"'), key=len)[:64]


@pytest.mark.parametrize("backend", ["openai", "openai-chat", "tgi", "openai-embeddings"])
@pytest.mark.parametrize("dataset", ["random", "synthetic", "prefix-repetition"])
def test_no_beginning_is_one_of_the_run_s(tmp_path: Path, backend: str, dataset: str) -> None:
    lengths: dict[str, Any] = (
        {"prefix_len": 24, "suffix_len": 16} if dataset == "prefix-repetition" else {"input_len": 40}
    )
    options = WorkloadOptions(count=12, model="m", dataset=dataset, output_len=4, **lengths)
    made = build_workload(Recipe(options, backend_named(backend), warm_up=5), tmp_path)
    bodies = BodyFile(str(made.bodies.path))
    measured = [bodies[i] for i in range(12)]
    assert len(made.warm_up) == 5
    assert not set(map(beginning, measured)) & set(map(beginning, made.warm_up))
    assert [len(body.split()) for body in made.warm_up] == [len(bodies[i].split()) for i in range(5)]


def test_messages_are_changed_in_the_first_of_them() -> None:
    messages = ({"role": "system", "content": LONG}, {"role": "user", "content": "hello"})
    body = changed(Prompt(LONG, 41, 4, messages=messages), "openai-chat")
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"] == "hello"
    assert body["messages"][0]["content"].split()[16:] == LONG.split()[16:]
    assert not set(body["messages"][0]["content"].split()[:16]) & set(LONG.split())


def test_images_stay_behind_a_changed_text() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:x"}}
    (message,) = changed(Prompt(LONG, 40, 4, media=(image,)), "openai-chat")["messages"]
    assert message["content"][0]["text"] != LONG
    assert message["content"][1] == image


def test_token_ids_are_mixed() -> None:
    ids = tuple(range(100, 140))
    found = changed(Prompt("", 40, 4, token_ids=ids))["prompt"]
    assert sorted(found) == list(ids)
    assert found[:16] != list(ids[:16])
    assert changed(Prompt("", 2, 4, token_ids=(5, 6)))["prompt"] in ([5, 6], [6, 5])


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": LONG},
        {"prompt": list(range(40))},
        {"messages": [{"role": "user", "content": LONG}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": LONG}]}]},
        {"input": [LONG, LONG]},
        {"inputs": "短い文"},
    ],
)
def test_bodies_that_are_replayed(fields: dict[str, Any]) -> None:
    body = {"model": "m", **fields, "max_tokens": 3}
    found = changed(Prompt("", 0, 3, body=json.dumps(body).encode()))
    assert list(found) == list(body)
    assert found != body
    assert (found["model"], found["max_tokens"]) == ("m", 3)


def test_later_turns_are_left_out_and_few_is_few() -> None:
    warming = WarmUp(9, 0, CHAT, OPTIONS)
    warming.add(Prompt("", 1, 1, messages=({"role": "user", "content": "a"},)))
    warming.add(
        Prompt(
            "",
            1,
            1,
            messages=({"role": "user", "content": "a"}, {"role": "assistant", "content": ANSWER}),
        )
    )
    assert len(warming.bodies) == 1
    nothing = WarmUp(0, 0, COMPLETIONS, OPTIONS)
    nothing.add(Prompt("a", 1, 1))
    assert nothing.bodies == []
