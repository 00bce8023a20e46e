"""Prompts held against the server's own tokenizer, as vLLM's client does."""

from __future__ import annotations

import socket

from aisbench.backends.prompt import Prompt
from aisbench.config.run_config import RunConfig
from aisbench.engine.target.alignment import Alignment
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import resolve
from aisbench.simulator.process import SimulatorProcess

TRANSPORT = Transport.of(RunConfig())


def aligned(url: str, *prompts: tuple[str, int]) -> tuple[list[str], list[str]]:
    """The texts afterwards, and what was said."""
    said: list[str] = []
    target = resolve(url, TRANSPORT)
    alignment = Alignment(target, TRANSPORT, "simulated-8b", said.append)
    made = alignment.align(iter([Prompt(text, tokens, 1) for text, tokens in prompts]))
    return [prompt.text for prompt in made], said


def test_nothing_happens_where_the_first_prompt_agrees(quick_simulator: SimulatorProcess) -> None:
    assert aligned(quick_simulator.url, ("a b", 2), ("a b c", 2)) == (["a b", "a b c"], [])


def test_longer_prompts_are_cut_where_it_does_not(quick_simulator: SimulatorProcess) -> None:
    made, said = aligned(quick_simulator.url, ("a b c", 2), ("d e f g", 4), ("h", 3), ("i j k", 1))
    assert [text.split() for text in made] == [["a", "b"], ["d", "e", "f", "g"], ["h"], ["i"]]
    assert said == []


def test_a_server_without_tokenize_gets_the_prompts_as_they_are() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        target = resolve(url, TRANSPORT)
        listener.close()
        said: list[str] = []
        made = Alignment(target, TRANSPORT, "m", said.append).align(iter([Prompt("a b", 1, 1)]))
        assert [prompt.text for prompt in made] == ["a b"]
        assert len(said) == 1
