"""The pages other than generation: models, health, metrics, the truth, and token counts."""

from __future__ import annotations

from typing import Any

import orjson

from aisbench.simulator.asked import Fields, Refusal, parse_json, served_model
from aisbench.simulator.connection import HttpRequest
from aisbench.simulator.dialects.openai import refuse
from aisbench.simulator.metrics import CONTENT_TYPE, metrics_page
from aisbench.simulator.model.batcher import Batcher
from aisbench.simulator.model.ledger import Ledger
from aisbench.simulator.model.parameters import Parameters
from aisbench.simulator.model.replicas import Replicas
from aisbench.simulator.model.vocabulary import Vocabulary

JSON = b"application/json"
_PLAIN = b"text/plain"
# Status, content type, body.
Page = tuple[int, bytes, bytes]


class Pages:
    def __init__(
        self, parameters: Parameters, batcher: Batcher[Any], ledger: Ledger, replicas: Replicas
    ) -> None:
        self.parameters = parameters
        self.replicas = replicas
        self.batcher = batcher
        self.ledger = ledger
        self.vocabulary = Vocabulary()

    def answer(self, request: HttpRequest) -> Page:
        """The page at the request's path; 404 if there is none."""
        if request.path in ("/tokenize", "/detokenize"):
            return self.tokens(request)
        if request.path == "/v1/models":
            return 200, JSON, orjson.dumps({"object": "list", "data": self.models()})
        if request.path == "/health":
            return 200, _PLAIN, b""
        if request.path == "/truth":
            return 200, JSON, orjson.dumps(self.ledger.truth())
        if request.path == "/reset":
            self.ledger.reset()
            return 200, _PLAIN, b"ok\n"
        if request.path == "/reset_prefix_cache" and self.replicas.are_on:
            if request.method != "POST":
                return 405, JSON, b'{"detail":"Method Not Allowed"}'
            self.replicas.clear()
            return 200, _PLAIN, b""
        if request.path == "/metrics":
            return 200, CONTENT_TYPE, self.metrics().encode()
        return 404, JSON, b'{"detail":"Not Found"}'

    def models(self) -> list[dict[str, Any]]:
        """The model and its adapters, as vLLM lists them."""
        p = self.parameters
        common = {"object": "model", "created": 0, "owned_by": "aisbench", "root": p.model}
        return [
            {
                "id": name,
                **common,
                "parent": None if name == p.model else p.model,
                "max_model_len": p.context_tokens,
            }
            for name in p.models
        ]

    def metrics(self) -> str:
        p = self.parameters
        return metrics_page(
            self.ledger,
            p.model,
            running=self.batcher.running,
            waiting=len(self.batcher.waiting),
            kv_share=self.batcher.kv_used / p.kv_tokens,
            caches=self.replicas.caches if self.replicas.are_on else [],
        )

    def tokens(self, request: HttpRequest) -> Page:
        """/tokenize and /detokenize, as in vLLM: {"prompt"} to tokens, {"tokens"} to a prompt; no special tokens."""
        if request.method != "POST":
            return 405, JSON, b'{"detail":"Method Not Allowed"}'
        try:
            fields = parse_json(request.body)
            served_model(fields.get("model"), self.parameters)
            answer = self.tokenized(fields) if request.path == "/tokenize" else self.detokenized(fields)
        except Refusal as refusal:
            status, body = refuse(refusal)
            return status, JSON, body
        return 200, JSON, orjson.dumps(answer)

    def tokenized(self, fields: Fields) -> Fields:
        prompt = fields.get("prompt")
        if not isinstance(prompt, str):
            raise Refusal(400, "prompt must be a string", param="prompt")
        ids = self.vocabulary.encode(prompt)
        limit = self.parameters.context_tokens
        return {"count": len(ids), "max_model_len": limit, "tokens": ids, "token_strs": None}

    def detokenized(self, fields: Fields) -> Fields:
        ids = fields.get("tokens")
        if not isinstance(ids, list) or not all(type(i) is int for i in ids):
            raise Refusal(400, "tokens must be a list of token ids", param="tokens")
        return {"prompt": self.vocabulary.decode(ids)}
