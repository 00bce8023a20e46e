"""The bytes of answers in every API's words, against json and an HTTP parser that we did not write."""

from __future__ import annotations

import json
from typing import Any

import httptools
import pytest

from aisbench.backends.registry import backend_named
from aisbench.simulator.asked import Asked
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.dialects.anthropic_messages import MESSAGES
from aisbench.simulator.dialects.dialect import Dialect
from aisbench.simulator.dialects.mindie import MINDIE_INFER, MINDIE_TRITON
from aisbench.simulator.dialects.openai_chat import CHAT
from aisbench.simulator.dialects.openai_completions import COMPLETIONS
from aisbench.simulator.dialects.openai_responses import RESPONSES
from aisbench.simulator.dialects.sglang_native import SGLANG_NATIVE
from aisbench.simulator.dialects.tensorrt_llm import TENSORRT_LLM
from aisbench.simulator.dialects.tgi import TGI
from aisbench.simulator.framing import LONGEST_TOKEN, TOKENS
from aisbench.simulator.model.parameters import Parameters
from tests.backends.reading import read_stream, read_whole

ASKED = Asked(prompt_tokens=7, max_tokens=9, model='a "model"', stream=True)
DIALECTS = {
    "vllm": COMPLETIONS,
    "openai-chat": CHAT,
    "openai-responses": RESPONSES,
    "anthropic-messages": MESSAGES,
    "tgi": TGI,
    "tensorrt-llm": TENSORRT_LLM,
    "sglang-native": SGLANG_NATIVE,
    "mindie-triton": MINDIE_TRITON,
    "mindie-infer": MINDIE_INFER,
}
# More tokens than there are words, so every length of a chunk is seen.
COUNT = len(TOKENS) + 3


class Body:
    """The body of a response, taken out of its chunks by llhttp."""

    def __init__(self, response: bytes) -> None:
        self.body = bytearray()
        self.complete = False
        httptools.HttpResponseParser(self).feed_data(response)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


def answer_of(dialect: Dialect, **parameters: Any) -> Answer:
    return dialect.answer(ASKED, 3, 1000, Parameters(**parameters))


def stream_of(answer: Answer, count: int, reason: str = "length") -> str:
    stream = answer.opening() + b"".join(answer.token(i) for i in range(count - 1))
    parsed = Body(stream + answer.last_token(count - 1, reason) + answer.closing(count, reason))
    assert parsed.complete
    return bytes(parsed.body).decode()


def events_of(stream: str) -> list[Any]:
    events = [line.partition("data:")[2].strip() for line in stream.split("\n") if "data:" in line]
    return [json.loads(event) for event in events if event != "[DONE]"]


@pytest.mark.parametrize("name", list(DIALECTS))
@pytest.mark.parametrize("reason", ["length", "stop"])
def test_a_stream_is_framed_exactly_and_understood(name: str, reason: str) -> None:
    answer = answer_of(DIALECTS[name])
    # An answer of text that grows is quadratic in its length.
    count = 60 if name == "sglang-native" else COUNT
    stream = stream_of(answer, count, reason)
    assert stream.endswith("\n\n")
    got = read_stream(backend_named(name).rules, stream)
    assert got.tokens == count
    assert got.unsure == 0
    # MindIE's last event has no text of its own.
    words = [answer.word(i).decode() for i in range(count - (name == "mindie-infer"))]
    assert got.text == "".join(words)
    assert len(got.text.split()) == len(words), "one word per token"
    if name == "tensorrt-llm":
        assert (got.output_tokens, got.finish) == (-1, "")
    else:
        assert (got.output_tokens, got.finish) == (count, reason)
    assert got.prompt_tokens == (-1 if name in ("tensorrt-llm", "mindie-triton", "mindie-infer") else 7)


@pytest.mark.parametrize("name", list(DIALECTS))
def test_the_whole_answer_has_the_text_of_the_stream(name: str) -> None:
    answer = answer_of(DIALECTS[name])
    got = read_whole(backend_named(name).plain_rules, answer.whole(6, "stop"))
    assert got.text == "".join(answer.word(i).decode() for i in range(6))
    if name != "tensorrt-llm":
        assert (got.output_tokens, got.finish) == (6, "stop")


def test_completions_and_chats_are_as_vllm_shapes_them() -> None:
    for dialect, initials, kind in (
        (COMPLETIONS, "cmpl", "text_completion"),
        (CHAT, "chatcmpl", "chat.completion.chunk"),
    ):
        stream = stream_of(answer_of(dialect), 5)
        assert stream.endswith("data: [DONE]\n\n")
        chunks = events_of(stream)
        assert {c["id"] for c in chunks} == {f"{initials}-0000000000000003"}
        assert {c["object"] for c in chunks} == {kind}
        assert {c["model"] for c in chunks} == {'a "model"'}
        assert {c["created"] for c in chunks} == {1000}
        *generated, usage = chunks
        assert usage["choices"] == []
        assert usage["usage"] == {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
        choices = [c["choices"][0] for c in generated]
        assert [c["finish_reason"] for c in choices] == [None] * (len(choices) - 1) + ["length"]
        if dialect is CHAT:
            assert choices[0]["delta"] == {"role": "assistant", "content": ""}


@pytest.mark.parametrize("dialect", [COMPLETIONS, CHAT])
def test_mindie_counts_in_the_event_of_the_last_token(dialect: Dialect) -> None:
    *events, last = events_of(stream_of(answer_of(dialect, usage_in_last_chunk=True), 5))
    assert not any(event.get("usage") for event in events)
    assert last["usage"]["completion_tokens"] == 5
    assert last["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("name", list(DIALECTS))
def test_reasoning_comes_first_and_only_where_there_is_a_field_for_it(name: str) -> None:
    answer = answer_of(DIALECTS[name], reasoning_tokens=2)
    got = read_stream(backend_named(name).rules, stream_of(answer, 6))
    assert got.tokens == 6
    if name in ("openai-chat", "openai-responses", "anthropic-messages"):
        assert len(got.reasoning.split()) == 2
        assert len(got.text.split()) == 4
    else:
        assert got.reasoning == ""


def test_the_parts_of_a_whole_chat_with_reasoning() -> None:
    answer = answer_of(CHAT, reasoning_tokens=2)
    words = [answer.word(i).decode() for i in range(6)]
    whole = json.loads(answer.whole(6, "stop"))
    assert whole["object"] == "chat.completion"
    message = whole["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("".join(words[:2]), "".join(words[2:]))


def test_the_events_of_a_response_are_named_and_numbered() -> None:
    stream = stream_of(answer_of(RESPONSES, reasoning_tokens=1), 3)
    events = events_of(stream)
    names = [line.removeprefix("event: ") for line in stream.split("\n") if line.startswith("event: ")]
    assert names == [event["type"] for event in events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert names == [
        "response.created",
        "response.in_progress",
        "response.reasoning_text.delta",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.completed",
    ]
    done = events[-1]["response"]
    assert (done["status"], done["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert done["usage"]["output_tokens_details"] == {"reasoning_tokens": 1}


def test_tgi_repeats_the_text_and_counts_in_its_last_event() -> None:
    stream = stream_of(answer_of(TGI), 3, "stop")
    assert stream.startswith('data:{"index":1,"token":{"id":')
    *events, last = events_of(stream)
    assert [event["generated_text"] for event in events] == [None] * 2
    assert len(last["generated_text"].split()) == 3
    assert last["details"] == {
        "finish_reason": "eos_token",
        "generated_tokens": 3,
        "seed": None,
        "input_length": 7,
    }


def test_mindie_counts_at_every_token() -> None:
    events = events_of(stream_of(answer_of(MINDIE_TRITON), 4))
    assert [event["details"]["generated_tokens"] for event in events] == [1, 2, 3, 4]
    assert [event["details"].get("finish_reason") for event in events] == [None] * 3 + ["length"]


@pytest.mark.parametrize("dialect", [TGI, MINDIE_TRITON, MINDIE_INFER])
def test_details_come_only_where_they_are_asked_for(dialect: Dialect) -> None:
    answer = dialect.answer(Asked(7, 9, "m", stream=True, wants_usage=False), 3, 1000, Parameters())
    assert "generated_tokens" not in stream_of(answer, 4)
    assert b"details" not in answer.whole(4, "stop")


@pytest.mark.parametrize("name", list(DIALECTS))
def test_a_huge_event_has_the_size_asked_for(name: str) -> None:
    answer = answer_of(DIALECTS[name])
    size, _, rest = answer.huge_token(2, 70_000).partition(b"\r\n")
    event = rest.partition(b"data:")[2].removesuffix(b"\n\n\r\n").strip()
    assert len(event) == 70_000
    assert int(size, 16) == len(rest) - 2
    json.loads(event)


def test_a_text_that_grows_keeps_what_a_fault_swallowed() -> None:
    answer = answer_of(SGLANG_NATIVE)
    stream = stream_of(answer, 5)
    again = answer_of(SGLANG_NATIVE)
    again.token(0)
    assert events_of(Body(again.opening() + again.token(3)).body.decode())[0]["text"] == "".join(
        answer.word(i).decode() for i in range(4)
    )
    assert stream.endswith("data: [DONE]\n\n")


def test_the_longest_word_has_a_head() -> None:
    assert max(len(token) for token in TOKENS) == LONGEST_TOKEN
