"""System prompts and LoRA mixes, whatever the data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import BACKENDS, backend_named
from aisbench.errors import BadInput
from aisbench.workload.decorate import for_every_prompt
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Conversations, Prompts

COMPLETIONS, CHAT = backend_named("openai"), backend_named("openai-chat")
PLAIN = Prompt("ask me", 2, 5)


def through(*prompts: Prompt, backend: Any = CHAT, **given: Any) -> list[Prompt]:
    options = WorkloadOptions(**{"count": len(prompts), "model": "m", **given})
    return list(for_every_prompt(Prompts(iter(prompts), len(prompts)), options, backend).items)


def test_a_system_prompt_is_a_message_and_stands_before_the_text() -> None:
    (made,) = through(PLAIN, system_prompt="be very brief")
    assert made.messages == (
        {"role": "system", "content": "be very brief"},
        {"role": "user", "content": [{"type": "text", "text": "ask me"}]},
    )
    assert made.text == "be very brief\n\nask me"
    assert (made.prompt_tokens, made.output_tokens) == (5, 5)


def test_images_stay_in_the_message_of_the_user() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:x"}}
    (made,) = through(Prompt("look", 1, 5, media=(image,)), system_prompt="s")
    assert made.messages is not None
    assert made.messages[1]["content"] == [{"type": "text", "text": "look"}, image]
    assert made.media == ()


def test_a_system_message_of_its_own_is_kept() -> None:
    own = Prompt("x", 1, 5, messages=({"role": "system", "content": "o"}, {"role": "user", "content": "x"}))
    assert through(own, system_prompt="s") == [own]
    (made,) = through(Prompt("x", 1, 5, messages=({"role": "user", "content": "x"},)), system_prompt="s")
    assert [m["role"] for m in made.messages or ()] == ["system", "user"]


def test_before_token_ids_it_is_token_ids(tiny_folder: Path, tiny: Any) -> None:
    (made,) = through(
        Prompt("", 2, 5, (3, 4)), backend=COMPLETIONS, system_prompt="ab", tokenizer=str(tiny_folder)
    )
    assert made.token_ids == (*tiny.encode("ab", add_special_tokens=False), 3, 4)
    assert made.prompt_tokens == 3


def test_bodies_that_are_replayed_stay_as_they_are() -> None:
    body = Prompt("", 2, 5, body=b"{}")
    with pytest.raises(BadInput, match="--system-prompt cannot be added to replayed bodies"):
        through(body, system_prompt="s")
    with pytest.raises(BadInput, match="--lora-modules cannot be added to replayed bodies"):
        through(body, lora_modules=("a",))


def test_modules_in_turns_or_drawn() -> None:
    def models(**given: Any) -> list[str | None]:
        return [p.model for p in through(*[PLAIN] * 7, lora_modules=("a", "b", "c"), **given)]

    assert models(lora_assignment="round-robin") == ["a", "b", "c", "a", "b", "c", "a"]
    assert models(seed=1) == models(seed=1) != models(seed=2)
    assert {*models(seed=1)} <= {"a", "b", "c"}


def test_a_conversation_keeps_its_module() -> None:
    talks = Conversations(np.array([0, 3, 5]), np.zeros(5, dtype=np.int64))
    options = WorkloadOptions(count=5, model="m", lora_modules=("a", "b"), lora_assignment="round-robin")
    made = for_every_prompt(Prompts(iter([PLAIN] * 5), 5, conversations=talks), options, CHAT)
    assert [p.model for p in made.items] == ["a", "a", "a", "b", "b"]


def test_what_generates_nothing_takes_no_system_prompt() -> None:
    for backend in BACKENDS.values():
        if not backend.generates:
            with pytest.raises(BadInput, match="takes no system message; leave it out"):
                through(PLAIN, backend=backend, system_prompt="s")
