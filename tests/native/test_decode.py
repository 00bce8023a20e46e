"""The event scanner against orjson."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench._native.protocol.decode import Decoder
from aisbench._native.protocol.finish import Finish
from aisbench.backends.openai_chat import CHAT
from aisbench.backends.openai_completions import COMPLETIONS
from tests.backends.reading import rules_of


def event(**given: Any) -> dict[str, Any]:
    nothing = {"chunk": False, "content": "", "reasoning": "", "tool": False, "finish": 0}
    nothing |= {"prompt_tokens": -1, "output_tokens": -1, "cached_tokens": -1, "written_tokens": -1}
    return nothing | {"error": False, "cumulative": False, "calls": []} | given


def chat(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"id": "x", "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("given_event", "wanted"),
    [
        (chat({"role": "assistant", "content": ""}), event(chunk=True)),
        (chat({"role": "assistant", "content": None}), event(chunk=True)),
        (chat({"content": "Hi"}), event(chunk=True, content="Hi")),
        (chat({"content": 'a "quote" \\ \n é 😀'}), event(chunk=True, content='a "quote" \\ \n é 😀')),
        (chat({"reasoning_content": "hm"}), event(chunk=True, reasoning="hm")),
        (chat({"reasoning": "hm", "content": None}), event(chunk=True, reasoning="hm")),
        (chat({"tool_calls": [{"index": 0}]}), event(chunk=True, tool=True, calls=[[{"index": 0}]])),
        (chat({"tool_calls": []}), event(chunk=True)),
        (chat({}, "stop"), event(chunk=True, finish=1)),
        (chat({"content": "."}, "length"), event(chunk=True, content=".", finish=2)),
        (chat({}, "tool_calls"), event(chunk=True, finish=3)),
        (
            {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 128, "total_tokens": 135}},
            event(prompt_tokens=7, output_tokens=128),
        ),
        ({"choices": [], "usage": None}, event()),
        ({"error": {"message": "boom"}}, event(error=True)),
        ({"error": "boom"}, event(error=True)),
        ({"error": None, "choices": []}, event()),
    ],
)
def test_chat_events(given_event: dict[str, Any], wanted: dict[str, Any]) -> None:
    decoder = Decoder(rules_of(CHAT))
    assert decoder.explain(orjson.dumps(given_event)) == wanted
    assert decoder.explain(json.dumps(given_event, indent=1).encode()) == wanted
    assert decoder.unsure == 0, "the scanner itself must know all of these"


def test_completions_event() -> None:
    decoder = Decoder(rules_of(COMPLETIONS))
    given_event = {"choices": [{"index": 0, "text": " tok", "finish_reason": None, "stop_reason": None}]}
    assert decoder.explain(orjson.dumps(given_event)) == event(chunk=True, content=" tok")


@pytest.mark.parametrize("slowly", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        b'{"timings":{"cache_n":0},"usage":{"prompt_cache_hit_tokens":7}}',
        b'{"usage":{"prompt_cache_hit_tokens":7},"timings":{"cache_n":0}}',
        b'{"usage":{"prompt_tokens_details":{"cached_tokens":5},"prompt_cache_hit_tokens":7},"timings":{"cache_n":6}}',
    ],
)
def test_of_several_fields_with_the_same_count_the_largest_counts(text: bytes, slowly: bool) -> None:
    assert Decoder(rules_of(CHAT)).explain(text, slowly) == event(cached_tokens=7)


@pytest.mark.parametrize("after", [b"\v", b"\f", b"\x00", b"\xa0"])
def test_null_and_what_is_not_white_space_in_json(after: bytes) -> None:
    assert Decoder(rules_of(CHAT)).explain(b" null\r\n") == event()
    assert Decoder(rules_of(CHAT)).explain(b"null" + after) is None


def test_several_choices_are_joined() -> None:
    given_event = {"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]}
    assert Decoder(rules_of(CHAT)).explain(orjson.dumps(given_event)) == event(chunk=True, content="ab")


def test_a_key_spelt_with_escapes_is_still_found() -> None:
    text = b'{"choices": [{"delta": {"c\\u006fntent": "x"}}]}'
    assert Decoder(rules_of(CHAT)).explain(text) == event(chunk=True, content="x")


def test_a_surrogate_pair_split_over_two_events_keeps_its_halves() -> None:
    decoder = Decoder(rules_of(CHAT))
    halves = [
        b'{"choices":[{"delta":{"content":"\\ud83d"}}]}',
        b'{"choices":[{"delta":{"content":"\\ude00"}}]}',
    ]
    assert (
        "".join((decoder.explain(half) or {})["content"] for half in halves)
        .encode("utf-16", "surrogatepass")
        .decode("utf-16")
        == "😀"
    )


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[DONE", b"{'a': 1}", b'{"a": 1}x', b'{"a": 01}', b'{"a": nul}', b'{"a"}']
)
def test_what_is_not_json_is_said_to_be_none(text: bytes) -> None:
    assert Decoder(rules_of(CHAT)).explain(text) is None


def test_an_unknown_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown meaning 'colour'"):
        Decoder([("a", "colour")])


leaf = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
keys = st.sampled_from(
    [
        "choices",
        "delta",
        "content",
        "reasoning",
        "reasoning_content",
        "tool_calls",
        "finish_reason",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "error",
        "text",
        "index",
    ]
)
anything = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(keys, keys, st.text(max_size=4)), inner, max_size=4),
    ),
    max_leaves=20,
)


@given(anything, st.booleans())
def test_the_scanner_agrees_with_orjson_on_any_json(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    for rules in (rules_of(CHAT), rules_of(COMPLETIONS)):
        assert Decoder(rules).explain(text) == Decoder(rules).explain(text, slowly=True)


@given(anything, st.integers(0, 300), st.binary(min_size=1, max_size=2))
def test_damaged_json_is_refused_wherever_orjson_refuses_it(value: Any, at: int, dirt: bytes) -> None:
    text = json.dumps(value).encode()
    at %= len(text)
    damaged = text[:at] + dirt + text[at + len(dirt) :]
    # The scanner lets pass what orjson does not: strings that are not UTF-8, and halves of surrogate
    # pairs, which some servers send when a character is split over two tokens.
    if damaged.isascii() and b"\\ud" not in damaged.lower():
        assert Decoder(rules_of(CHAT)).explain(damaged) == Decoder(rules_of(CHAT)).explain(
            damaged, slowly=True
        )


def test_cumulative_text_is_marked() -> None:
    decoder = Decoder([("text", "cumulative"), ("meta_info.finish_reason.type", "finish")])
    event = b'{"text": "so far", "meta_info": {"finish_reason": {"type": "length"}}}'
    for slowly in (False, True):
        said = decoder.explain(event, slowly)
        assert said is not None
        assert (said["content"], said["cumulative"], said["finish"]) == ("so far", True, 2)


@pytest.mark.parametrize("slowly", [False, True])
@pytest.mark.parametrize(
    ("event", "content", "reasoning"),
    [
        (b'{"type": "response.output_text.delta", "delta": "a"}', "a", ""),
        (b'{"type": "response.reasoning_text.delta", "delta": "a"}', "", "a"),
        (b'{"delta": "a", "type": "response.reasoning_summary_text.delta"}', "", "a"),
        (b'{"delta": "a", "type": "response.refusal.delta"}', "a", ""),
        (b'{"delta": "a", "type": "response.function_call_arguments.delta"}', "", ""),
    ],
)
def test_the_kind_of_an_event_says_whether_it_is_reasoning(
    event: bytes, content: str, reasoning: str, slowly: bool
) -> None:
    said = Decoder([("type", "kind"), ("delta", "content")]).explain(event, slowly)
    assert said is not None
    assert (said["content"], said["reasoning"]) == (content, reasoning)


@pytest.mark.parametrize("slowly", [False, True])
@pytest.mark.parametrize(
    ("event", "pieces", "tool"),
    [
        (b'{"type": "response.function_call_arguments.delta", "delta": "{\\"a\\""}', ['{"a"'], True),
        (b'{"delta": "x", "type": "response.mcp_call_arguments.delta"}', ["x"], True),
        (
            b'{"type": "response.output_item.added", "item": {"id": "f", "n": [1, {}]}}',
            [{"id": "f", "n": [1, {}]}],
            False,
        ),
        (b'{"type": "response.output_item.added", "item": {}}', [], False),
        (b'{"tools": [{"name": "g"}], "item": {"id": 1}}', [[{"name": "g"}], {"id": 1}], True),
        (b'{"tools": "words"}', ["words"], True),
        (b'{"tools": ""}', [], False),
        (b'{"tools": null}', [], False),
        (b'{"tools": []}', [], False),
    ],
)
def test_pieces_of_tool_calls_are_no_text(event: bytes, pieces: list[Any], tool: bool, slowly: bool) -> None:
    rules = [("type", "kind"), ("delta", "content"), ("tools", "call"), ("item", "part")]
    said = Decoder(rules).explain(event, slowly)
    assert said is not None
    assert (said["content"], said["calls"], said["tool"]) == ("", pieces, tool)


def test_a_piece_is_searched_for_other_rules() -> None:
    rules = [("block", "part"), ("block.id", "tool"), ("block.text", "content")]
    decoder = Decoder(rules)
    said = decoder.explain(b'{"block": {"id": "c", "text": "hm"}}')
    assert said is not None
    assert (said["content"], said["calls"], said["tool"]) == ("hm", [{"id": "c", "text": "hm"}], True)
    assert decoder.unsure == 0


@pytest.mark.parametrize("slowly", [False, True])
@pytest.mark.parametrize(
    ("word", "finish"),
    [
        ("", Finish.FINISH_NONE),
        ("in_progress", Finish.FINISH_NONE),
        ("stop", Finish.FINISH_STOP),
        ("eos_token", Finish.FINISH_STOP),
        ("completed", Finish.FINISH_STOP),
        ("length", Finish.FINISH_LENGTH),
        ("LENGTH", Finish.FINISH_LENGTH),
        ("incomplete", Finish.FINISH_LENGTH),
        ("x", Finish.FINISH_OTHER),
        ("aborted", Finish.FINISH_GAVE_UP),
    ],
)
def test_finish_words_of_all_apis(word: str, finish: Finish, slowly: bool) -> None:
    said = Decoder([("status", "finish")]).explain(b'{"status": "%b"}' % word.encode(), slowly)
    assert said is not None
    assert said["finish"] == finish


@pytest.mark.parametrize("number", ["2e+308", "-1e999", "1e5", "1E-300", "1.5e+99"])
def test_numbers_beyond_a_double_are_what_orjson_says(number: str) -> None:
    text = b'{"x": %b}' % number.encode()
    assert Decoder(rules_of(CHAT)).explain(text) == Decoder(rules_of(CHAT)).explain(text, slowly=True)


@pytest.mark.parametrize("slowly", [False, True])
def test_escaped_words_mean_what_they_spell(slowly: bool) -> None:
    finish = Decoder([("status", "finish")]).explain(b'{"status": "st\\u006fp"}', slowly)
    assert finish is not None
    assert finish["finish"] == Finish.FINISH_STOP
    rules = [("type", "kind"), ("delta", "content")]
    call = Decoder(rules).explain(b'{"type": "response.mcp\\u005fcall.delta", "delta": "x"}', slowly)
    assert call is not None
    assert (call["content"], call["calls"]) == ("", ["x"])


@pytest.mark.parametrize("slowly", [False, True])
def test_only_a_text_is_the_whole_text_so_far(slowly: bool) -> None:
    said = Decoder([("text", "cumulative")]).explain(b'{"text": null}', slowly)
    assert said is not None
    assert not said["cumulative"]


def test_half_a_surrogate_pair_is_some_finish_reason() -> None:
    two = b'{"choices": [{"text": "a", "finish_reason": "\\ud83d"}, {"text": "b"}]}'
    said = Decoder(rules_of(COMPLETIONS)).explain(two)
    assert said is not None
    assert (said["content"], said["finish"]) == ("ab", Finish.FINISH_OTHER)


def test_a_piece_nested_too_deep_is_not_json() -> None:
    deep = b'{"item": ' + b"[" * 1010 + b"]" * 1010 + b"}"
    assert Decoder([("item", "part")]).explain(deep) is None
