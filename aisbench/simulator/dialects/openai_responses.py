"""OpenAI responses: `/v1/responses`, with the event types of OpenAI's API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from aisbench.simulator.asked import Asked, Fields, Refusal, check_length, served_model, wanted_tokens
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.dialects.dialect import Dialect, Way
from aisbench.simulator.dialects.openai import refuse
from aisbench.simulator.dialects.openai_chat import message_tokens
from aisbench.simulator.framing import (
    ESCAPED_MARK,
    LAST_CHUNK,
    MARK,
    NUMBER,
    NUMBER_MARK,
    STREAM_HEAD,
    NumberedEnvelope,
    chunk,
)
from aisbench.simulator.model.parameters import Parameters

# Items of tool calls and of their results, and where their texts are.
_CALL_ITEMS = {"function_call": "arguments", "function_call_output": "output"}
_THINKING = "response.reasoning_text.delta"
_SAYING = "response.output_text.delta"


def parse(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    model = served_model(fields.get("model"), parameters)
    given = fields.get("input")
    before = _kept(fields.get("previous_response_id"))
    if isinstance(given, str):
        prompt_tokens = len(given.split())
    elif isinstance(given, list):
        called = [item for item in given if isinstance(item, dict) and item.get("type") in _CALL_ITEMS]
        others = [item for item in given if item not in called]
        prompt_tokens = message_tokens(others, parameters, "input")
        prompt_tokens += sum(len(str(item.get(_CALL_ITEMS[item["type"]])).split()) for item in called)
    else:
        raise Refusal(400, "input must be a string or a list of messages", param="input")
    prompt_tokens += before.tokens
    max_tokens = wanted_tokens(fields, "max_output_tokens")
    check_length(prompt_tokens, max_tokens, parameters, ("input", "max_output_tokens"))
    return Asked(
        prompt_tokens,
        max_tokens,
        model,
        stream=bool(fields.get("stream")),
        ignore_eos=bool(fields.get("ignore_eos")),
        prompt=[before.prompt, given] if before.prompt else given,
        keeps=fields.get("store") is not False,
    )


@dataclass(frozen=True)
class _Kept:
    """A prompt with its answer, for requests that continue it. `prompt`: as in Asked."""

    tokens: int = 0
    prompt: Any = None


_MOST_KEPT = 100_000
# By the answer's id; the oldest are forgotten.
_answers: dict[str, _Kept] = {}


def _kept(answer_id: Any) -> _Kept:
    """What a request continues. Raises Refusal for an answer that is not kept."""
    if answer_id is None:
        return _Kept()
    if answer_id not in _answers:
        raise Refusal(
            404, f"Response with id '{answer_id}' not found.", "NotFoundError", "previous_response_id"
        )
    return _answers[answer_id]


class Response(Answer):
    """Events are numbered over the whole stream, and each has an `event:` line with its type."""

    __slots__ = ("events", "saying", "thinking")

    end = LAST_CHUNK

    def prepare(self) -> None:
        self.events = 0
        self.saying = NumberedEnvelope(self.delta(_SAYING, MARK), _lead_of(_SAYING))
        self.thinking = NumberedEnvelope(self.delta(_THINKING, MARK), _lead_of(_THINKING))

    def event(self, text: str, reason: str | None = None) -> bytes:
        return self.delta(_SAYING, text)

    def delta(self, kind: str, text: str) -> bytes:
        event = {
            "content_index": 0,
            "delta": text,
            "item_id": self.item_id(kind),
            "logprobs": [],
            "output_index": 0,
            "sequence_number": NUMBER,
            "type": kind,
        }
        return orjson.dumps(event)

    def item_id(self, kind: str) -> str:
        return f"{'rs' if kind == _THINKING else 'msg'}_{self.number:032x}"

    def number_next(self) -> int:
        self.events += 1
        return self.events - 1

    def named(self, kind: str, **fields: Any) -> bytes:
        event = {**fields, "sequence_number": self.number_next(), "type": kind}
        return chunk(orjson.dumps(event), _lead_of(kind))

    def opening(self) -> bytes:
        begun = self.response([], "in_progress", None)
        return (
            STREAM_HEAD
            + self.named("response.created", response=begun)
            + self.named("response.in_progress", response=begun)
            + (b"" if self.parameters.reasoning_tokens else self.message_begins())
        )

    def message_begins(self) -> bytes:
        item = {
            "id": self.item_id(_SAYING),
            "content": [],
            "role": "assistant",
            "status": "in_progress",
            "type": "message",
        }
        part = {"annotations": [], "text": "", "type": "output_text", "logprobs": []}
        where = {"content_index": 0, "item_id": item["id"], "output_index": 0}
        return self.named("response.output_item.added", item=item, output_index=0) + self.named(
            "response.content_part.added", part=part, **where
        )

    def token(self, index: int) -> bytes:
        thinking = self.parameters.reasoning_tokens
        if index < thinking:
            return self.thinking.filled(self.escaped_word(index), self.number_next())
        begins = self.message_begins() if thinking and index == thinking else b""
        return begins + self.saying.filled(self.escaped_word(index), self.number_next())

    def last_token(self, index: int, reason: str) -> bytes:
        """Like any other token: separate events in `closing` announce the end."""
        return self.token(index)

    def closing(self, generated: int, reason: str) -> bytes:
        text = self.said(generated)
        # Like vLLM, this event is the same when the length limit is reached; only the status in it differs.
        return (
            self.named("response.output_text.done", content_index=0, output_index=0, text=text, logprobs=[])
            + self.named("response.completed", response=self.body(text, generated, reason))
            + self.end
        )

    def said(self, generated: int) -> str:
        return self.text(min(generated, self.parameters.reasoning_tokens), generated)

    def whole(self, generated: int, reason: str, text: str | None = None) -> bytes:
        return orjson.dumps(self.body(self.said(generated) if text is None else text, generated, reason))

    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        """The finished response: the body without streaming, and part of the last event."""
        self.keep(text, generated)
        thought = min(generated, self.parameters.reasoning_tokens)
        output: list[dict[str, Any]] = []
        if thought:
            thinking = {"text": self.text(0, thought), "type": "reasoning_text"}
            output.append(
                {"id": self.item_id(_THINKING), "summary": [], "content": [thinking], "type": "reasoning"}
            )
        said = {"annotations": [], "text": text, "type": "output_text"}
        message = {"id": self.item_id(_SAYING), "content": [said], "role": "assistant", "status": "completed"}
        output.append({**message, "type": "message"})
        counts = {
            "input_tokens": self.asked.prompt_tokens,
            "input_tokens_details": {"cached_tokens": self.asked.cached_tokens or 0},
            "output_tokens": generated,
            "output_tokens_details": {"reasoning_tokens": thought},
            "total_tokens": self.asked.prompt_tokens + generated,
        }
        return self.response(output, "incomplete" if reason == "length" else "completed", counts)

    def keep(self, text: str, generated: int) -> None:
        """Keeps prompt and answer, unless the request forbade it."""
        if not self.asked.keeps:
            return
        while len(_answers) >= _MOST_KEPT:
            del _answers[next(iter(_answers))]
        tokens = self.asked.prompt_tokens + generated - min(generated, self.parameters.reasoning_tokens)
        _answers[self.id] = _Kept(tokens, [self.asked.prompt, text])

    @property
    def id(self) -> str:
        return f"resp_{self.number:032x}"

    def response(self, output: list[Any], status: str, counts: dict[str, Any] | None) -> dict[str, Any]:
        cut = {"reason": "max_output_tokens"} if status == "incomplete" else None
        return {
            "id": self.id,
            "created_at": self.created,
            "error": None,
            "incomplete_details": cut,
            "model": self.asked.model,
            "object": "response",
            "output": output,
            "status": status,
            "usage": counts,
        }

    def huge_token(self, index: int, size_bytes: int) -> bytes:
        number = b"%d" % self.number_next()
        before, _, after = self.event(MARK).replace(NUMBER_MARK, number).partition(ESCAPED_MARK)
        return chunk(before + b"x" * (size_bytes - len(before) - len(after)) + after, _lead_of(_SAYING))

    def error_event(self, error: bytes) -> bytes:
        said = orjson.loads(error)["error"]
        return self.named("error", code=str(said["code"]), message=said["message"], param=None) + self.end


def _lead_of(kind: str) -> bytes:
    return b"event: %b\ndata: " % kind.encode()


RESPONSES = Dialect(parse, Response, refuse)
