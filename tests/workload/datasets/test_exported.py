"""Bodies from a file, byte for byte."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.datasets.recorded.exported import file_prompts
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts

COMPLETIONS = backend_named("openai")


def line(body: Any, **more: Any) -> str:
    sha = hashlib.sha256(json.dumps(body).encode()).hexdigest()
    return json.dumps(
        {"slot": 0, "planned_s": None, "body": body, "prompt_tokens": 3, "max_tokens": 2, "sha256": sha}
        | more
    )


def replayed(path: Path, *lines: str, **given: Any) -> Prompts:
    path.write_text("\n".join(lines))
    options = {"count": None, "model": "m", "dataset": "file", "dataset_path": str(path)}
    return file_prompts(WorkloadOptions(**(options | given)), COMPLETIONS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_any_body_comes_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, body: dict[str, Any]
) -> None:
    body = {"prompt": "", **body}
    (prompt,) = replayed(tmp_path_factory.mktemp("replay") / "f", line(body)).items
    assert prompt.body == json.dumps(body).encode()


def test_what_a_cache_would_see_is_taken_from_the_body(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
    prompts = replayed(
        tmp_path / "f",
        *map(line, ({"prompt": "a"}, {"prompt": [1, 2]}, {"messages": messages}, {"input": ["x", "y"]}, {})),
    )
    seen = [(p.text, p.token_ids) for p in prompts.items]
    assert seen == [("a", None), ("", (1, 2)), ("hi", None), ("\nx\ny", None), ("", None)]


def test_times_are_taken_when_all_have_one(tmp_path: Path) -> None:
    with_times = [line({}, planned_s=t) for t in (0.5, 0.75, 0.75)]
    prompts = replayed(tmp_path / "f", *with_times)
    assert prompts.arrivals_ns is not None
    assert prompts.arrivals_ns.tolist() == [500_000_000, 750_000_000, 750_000_000]
    mixed = replayed(tmp_path / "f", *with_times, line({}))
    assert mixed.arrivals_ns is None
    assert (
        "planned times are not used: some lines have none, or they are not in ascending order" in mixed.notes
    )
    assert not any("planned times" in note for note in replayed(tmp_path / "f", line({})).notes)
    assert replayed(tmp_path / "f", "\ufeff" + with_times[0]).count == 1
    assert replayed(tmp_path / "f", *with_times, line({}, planned_s=0.1)).arrivals_ns is None
    assert replayed(tmp_path / "f", *with_times, count=2).count == 2


def test_all_bad_lines_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        replayed(
            tmp_path / "f",
            line({"a": 1}),
            line({"a": 1}, sha256="0" * 64),
            line([1]),
            '{"body": {}',
            line({}, planned_s=-1),
            line({}, max_tokens=0),
            line({}, planned_s=True),
        )
    said = str(refused.value)
    for part in (
        "6 of 7 lines cannot be used: the body does not match its sha256",
        "written by json.dumps (line 2); body is [1], not an object (line 3)",
        "(line 4)",
        "planned_s is -1, not a number of seconds from 0 to 1000000000 (line 5)",
        "max_tokens is 0; it must be at least 1 (line 6)",
        "planned_s is True",
    ):
        assert part in said


def test_the_command_line_stands_above_the_bodies(tmp_path: Path) -> None:
    body = {"model": "old", "prompt": "a", "max_tokens": 9, "temperature": 1.0}
    prompts = replayed(
        tmp_path / "f",
        line(body, max_tokens=9),
        model="new",
        model_is_named=True,
        temperature=0.0,
        extra_body={"max_tokens": 4, "top_k": 2},
    )
    (prompt,) = prompts.items
    changed = {"model": "new", "prompt": "a", "max_tokens": 4, "temperature": 0.0, "top_k": 2}
    assert prompt.body == json.dumps(changed).encode()
    assert prompt.output_tokens == 4
    assert prompts.notes == [f"bodies are those of {tmp_path / 'f'}, with model, temperature, max_tokens, top_k as set by this run's options"]  # fmt: skip


def test_fields_can_be_left_out(tmp_path: Path) -> None:
    body = {"prompt": "a", "stream_options": {}, "ignore_eos": True}
    given_ = {"omit_field": ("stream_options",), "extra_body": {"ignore_eos": None}}
    (prompt,) = replayed(tmp_path / "f", line(body), **given_).items
    assert prompt.body == b'{"prompt": "a"}'


@pytest.mark.parametrize("asks", [True, False])
def test_answers_are_read_as_the_bodies_ask_for_them(tmp_path: Path, asks: bool) -> None:
    rows = [line({"prompt": "a", "stream": asks})]
    assert replayed(tmp_path / "f", *rows, stream=asks).count == 1
    with pytest.raises(BadInput, match=r"leave it out|give --no-stream") as refused:
        replayed(tmp_path / "f", *rows, stream=not asks)
    assert ("streamed answers" if asks else "whole answers") in str(refused.value)


def test_a_model_that_was_found_out_changes_nothing_and_is_told(tmp_path: Path) -> None:
    prompts = replayed(tmp_path / "f", line({"model": "old"}), line({"model": "older"}), model="served")
    assert [prompt.body for prompt in prompts.items] == [b'{"model": "old"}', b'{"model": "older"}']
    assert "the bodies ask for model old, older; give --model served to ask for that instead" in prompts.notes
    (prompt,) = replayed(tmp_path / "f", line({"prompt": "a"}), model="new", model_is_named=True).items
    assert prompt.body == b'{"prompt": "a"}', "an API whose bodies have no model is sent none"


def test_bodies_of_another_api_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"its bodies have their prompts in 'messages', .* such as --backend openai-chat"
    ):
        replayed(tmp_path / "f", line({"messages": []}))
    with pytest.raises(
        BadInput, match=r"its bodies have their prompts in 'inputs', .* such as --backend tgi"
    ):
        replayed(tmp_path / "f", line({"inputs": "a"}))


def test_turns_of_a_conversation_stand_together(tmp_path: Path) -> None:
    turns = [line({}, conversation=c, think_s=0.5) for c in (0, 0, 3, 4, 4)]
    talks = replayed(tmp_path / "f", *turns).conversations
    assert talks is not None
    assert talks.first.tolist() == [0, 2, 3, 5]
    assert set(talks.think_ns.tolist()) == {500_000_000}
    with pytest.raises(BadInput, match="must follow one another"):
        replayed(tmp_path / "f", *turns, line({}, conversation=0))


def test_forks_and_joins_are_kept(tmp_path: Path) -> None:
    edges = [([], []), ([0], [0]), ([0], []), ([1, 2], [0, 1])]
    turns = [line({}, conversation=0, after=after, fills=fills) for after, fills in edges]
    talks = replayed(tmp_path / "f", *turns).conversations
    assert talks is not None
    assert talks.after_first is not None
    assert talks.after_first.tolist() == [0, 0, 1, 2, 4]
    assert talks.after is not None
    assert talks.after.tolist() == [0, 0, 1, 2]
    assert talks.fills is not None
    assert talks.fills.tolist() == [0, 0, 1]
    with pytest.raises(
        BadInput, match=r"after is \[1\], not a list of earlier turns of its conversation \(line 5\)"
    ):
        replayed(tmp_path / "f", *turns, line({}, conversation=1, after=[1], fills=[]))
    with pytest.raises(BadInput, match="some lines have 'after' and others do not"):
        replayed(tmp_path / "f", *turns, line({}, conversation=1))
