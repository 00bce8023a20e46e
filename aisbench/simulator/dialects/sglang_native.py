"""SGLang's native `/generate`: each event has the whole text so far."""

from __future__ import annotations

from typing import Any

import orjson

from aisbench.simulator.asked import (
    Asked,
    Fields,
    Refusal,
    check_length,
    object_in,
    served_model,
    text_tokens,
    wanted_tokens,
)
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.dialects.dialect import Dialect, Way
from aisbench.simulator.framing import MARK, NUMBER, NumberedEnvelope, chunk
from aisbench.simulator.model.parameters import Parameters


def parse(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    sampling = object_in(fields, "sampling_params")
    model = served_model(fields.get("lora_path"), parameters)
    ids, prompt = fields.get("input_ids"), None
    if isinstance(ids, list) and all(type(token) is int for token in ids):
        prompt, prompt_tokens = ids, len(ids)
    elif isinstance(fields.get("text"), str):
        prompt, prompt_tokens = fields["text"], text_tokens(fields, "text")
    else:
        raise Refusal(400, "Either text, input_ids or input_embeds should be provided.")
    max_tokens = wanted_tokens(sampling, "max_new_tokens")
    check_length(prompt_tokens, max_tokens, parameters, ("text", "max_new_tokens"))
    return Asked(
        prompt_tokens,
        max_tokens,
        model,
        stream=bool(fields.get("stream")),
        ignore_eos=bool(sampling.get("ignore_eos")),
        prompt=prompt,
    )


def refuse(refusal: Refusal) -> tuple[int, bytes]:
    return refusal.status, orjson.dumps({"error": {"message": refusal.message}})


class Generated(Answer):
    __slots__ = ("numbered", "so_far", "words")

    def prepare(self) -> None:
        self.so_far = bytearray()
        self.words = 0
        self.numbered = NumberedEnvelope(orjson.dumps(self.body(MARK, NUMBER, None)))

    def event(self, text: str, reason: str | None = None) -> bytes:
        return orjson.dumps(self.body(text, self.words, reason))

    def grown(self, index: int) -> bytearray:
        """The text up to token `index` as it stands in JSON, even if a fault replaced an earlier event."""
        while self.words <= index:
            self.so_far += self.escaped_word(self.words)
            self.words += 1
        return self.so_far

    def token(self, index: int) -> bytes:
        return self.numbered.filled(self.grown(index), index + 1)

    def last_token(self, index: int, reason: str) -> bytes:
        return chunk(self.event(orjson.loads(b'"' + self.grown(index) + b'"'), reason))

    def body(self, text: str, generated: int, reason: str | None) -> dict[str, Any]:
        finish: dict[str, Any] | None = None
        if reason == "length":
            finish = {"type": "length", "length": generated}
        elif reason:
            finish = {"type": "stop", "matched": 0}
        meta = {
            "id": f"{self.number:032x}",
            "finish_reason": finish,
            "prompt_tokens": self.asked.prompt_tokens,
            "weight_version": "default",
            "completion_tokens": generated,
            "cached_tokens": self.asked.cached_tokens or 0,
        }
        return {"text": text, "meta_info": meta}


SGLANG_NATIVE = Dialect(parse, Generated, refuse)
