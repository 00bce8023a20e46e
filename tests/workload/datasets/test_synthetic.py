"""AISBench's two kinds of synthetic prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.datasets.generated.synthetic import synthetic_prompts
from aisbench.workload.options import WorkloadOptions

COMPLETIONS, CHAT = backend_named("openai"), backend_named("openai-chat")


def made(backend: Any = COMPLETIONS, **given: Any) -> tuple[list[Any], list[str]]:
    prompts = synthetic_prompts(WorkloadOptions(**{"count": 40, "model": "m", **given}), backend)
    items = list(prompts.items)
    assert len(items) == prompts.count
    return items, prompts.notes


def test_strings_have_exactly_the_asked_tokens(deepseek_folder: Path) -> None:
    items, notes = made(input_dist="uniform:1-300", output_dist="fixed:7", tokenizer=str(deepseek_folder))
    assert items[0].text == "A " * (items[0].prompt_tokens - 1) + "A"
    assert {item.output_tokens for item in items} == {7}
    longest = max(item.prompt_tokens for item in items)
    assert f"finds {longest} tokens in the longest prompt, of {longest}" in notes[0]


def test_ids_are_sent_where_they_are_taken(deepseek_folder: Path) -> None:
    items, notes = made(synthetic_kind="tokenid", input_len=50, tokenizer=str(deepseek_folder))
    assert {len(item.token_ids) for item in items} == {50} == {item.prompt_tokens for item in items}
    assert "exact" in notes[0]


def test_where_text_must_be_sent_the_drift_is_measured(deepseek_folder: Path) -> None:
    options: dict[str, Any] = {
        "synthetic_kind": "tokenid",
        "tokenizer": str(deepseek_folder),
        "input_len": 50,
    }
    sent, _ = made(**options)
    items, notes = made(CHAT, **options)
    off = [item.prompt_tokens - 50 for item in items]
    assert any(off)
    assert all(item.token_ids is None and item.text for item in items)
    worst = max(off, key=abs)
    assert f"{sum(off) / 40:+.1f} tokens on average and {worst:+d} at most" in notes[0]
    assert f"{off.count(0)} of 40 are exact" in notes[0]
    assert len(sent) == len(items)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"synthetic_kind": "tokenid"}, "--synthetic-kind tokenid needs a vocabulary"),
        ({"input_len": 5, "input_dist": "fixed:5"}, "--input-len and --input-dist contradict"),
        ({"output_dist": "fixed:0"}, "--output-dist 'fixed:0': '0' is not a whole number from 1"),
        ({"token_ids": True}, "--token-ids needs --synthetic-kind tokenid"),
        ({"output_dist": "zipf"}, "--output-dist 'zipf'"),
    ],
)
def test_what_cannot_be_made(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        made(**given)
