"""The bytes of an answer, against json and an HTTP parser that we did not write."""

from __future__ import annotations

import json
from dataclasses import replace

import httptools
import pytest

from aisbench.simulator.answer import LONGEST_TOKEN, TOKENS, Answer
from aisbench.simulator.asked import Asked

ASKED = Asked(chat=True, prompt_tokens=7, max_tokens=9, stream=True, include_usage=True, ignore_eos=True)


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


@pytest.mark.parametrize("chat", [True, False])
def test_a_stream_is_framed_exactly(chat: bool) -> None:
    answer = Answer(replace(ASKED, chat=chat), 3, 1000, 'a "model"', reasoning_tokens=0)
    # More tokens than there are words, so every length of a chunk is seen.
    count = len(TOKENS) + 3
    stream = answer.opening() + b"".join(answer.token(i) for i in range(count - 1))
    stream += answer.last_token(count - 1, "length") + answer.closing(count)
    parsed = Body(stream)
    assert parsed.complete
    *events, done, rest = bytes(parsed.body).split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events]
    assert {c["id"] for c in chunks} == {f"{'chatcmpl' if chat else 'cmpl'}-0000000000000003"}
    assert {c["model"] for c in chunks} == {'a "model"'}
    assert {c["created"] for c in chunks} == {1000}
    *generated, usage = chunks
    assert usage["choices"] == []
    assert usage["usage"] == {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": 7 + count}
    choices = [c["choices"][0] for c in generated]
    assert [c["finish_reason"] for c in choices] == [None] * (len(choices) - 1) + ["length"]
    if chat:
        assert choices.pop(0)["delta"] == {"role": "assistant", "content": ""}
        words = [c["delta"]["content"] for c in choices]
    else:
        words = [c["text"] for c in choices]
    assert len(words) == count
    assert set(words) == {token.decode() for token in TOKENS}
    assert "".join(words).split() == [word.strip() for word in words], "one word per token"


def test_reasoning_comes_first_and_only_in_chat() -> None:
    answer = Answer(ASKED, 1, 0, "m", reasoning_tokens=2)
    deltas = [
        json.loads(Body(answer.opening() + answer.token(i)).body.split(b"data: ")[2])["choices"][0]["delta"]
        for i in range(3)
    ]
    assert [list(delta) for delta in deltas] == [["reasoning_content"]] * 2 + [["content"]]
    plain = Answer(replace(ASKED, chat=False), 1, 0, "m", reasoning_tokens=2)
    assert b"reasoning" not in plain.token(0)


@pytest.mark.parametrize("chat", [True, False])
def test_the_whole_answer_has_the_text_of_the_stream(chat: bool) -> None:
    answer = Answer(replace(ASKED, chat=chat), 5, 0, "m", reasoning_tokens=2)
    whole = json.loads(answer.whole(6, "stop"))
    words = [answer.word(i).decode() for i in range(6)]
    (choice,) = whole["choices"]
    assert choice["finish_reason"] == "stop"
    assert whole["usage"]["completion_tokens"] == 6
    if chat:
        assert whole["object"] == "chat.completion"
        assert choice["message"]["reasoning_content"] == "".join(words[:2])
        assert choice["message"]["content"] == "".join(words[2:])
    else:
        assert choice["text"] == "".join(words)


def test_a_huge_event_has_the_size_asked_for() -> None:
    answer = Answer(ASKED, 5, 0, "m", reasoning_tokens=0)
    size, _, rest = answer.huge_token(70_000).partition(b"\r\n")
    assert int(size, 16) == 70_000 + len("data: \n\n")
    json.loads(rest[len("data: ") : -len("\n\n\r\n")])


def test_the_longest_word_has_a_head() -> None:
    assert max(len(token) for token in TOKENS) == LONGEST_TOKEN
