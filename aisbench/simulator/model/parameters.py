"""The parameters of the simulated server."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields

from aisbench.errors import BadInput

# How requests are spread over --replicas.
ROUTERS = ("sticky", "random", "round-robin")
FAULTS = ("http-500", "http-401", "cut", "stall", "html", "malformed", "error-event", "huge-event")

_COUNTS = (
    "max_model_len",
    "max_num_seqs",
    "kv_tokens",
    "max_batched_tokens",
    "embedding_size",
    "image_tokens",
    "huge_event_bytes",
    "prefix_cache_block",
    "replicas",
)
_COSTS = (
    "prefill_us_per_token",
    "prefill_fixed_ms",
    "decode_base_ms",
    "decode_per_seq_us",
    "jitter",
    "reasoning_tokens",
    "prefix_cache_tokens",
    "wrong_above",
)
# A larger jitter is most likely a percentage.
_LARGEST_JITTER = 2.0


@dataclass(frozen=True)
class Parameters:
    """Costs and limits of a server with continuous batching; `batcher` has the formula of a step.

    The defaults resemble an 8B model in 8 bits on one datacentre accelerator: it prefills 100,000 prompt tokens/s, and
    a decode step takes the time to read the weights (the base) plus a cost that grows with the batch.
    """

    model: str = "simulated-8b"
    model_alias: tuple[str, ...] = ()
    max_model_len: int = 32768
    max_num_seqs: int = 256
    kv_tokens: int = 500_000
    max_batched_tokens: int = 8192
    prefill_us_per_token: float = 10.0
    prefill_fixed_ms: float = 0.0
    decode_base_ms: float = 8.0
    decode_per_seq_us: float = 20.0
    jitter: float = 0.0
    stop_early: float = 0.0
    reasoning_tokens: int = 0
    usage_in_last_chunk: bool = False
    embedding_size: int = 64
    image_tokens: int = 256
    prefix_cache_tokens: int = 0
    prefix_cache_block: int = 16
    replicas: int = 1
    router: str = "sticky"
    seed: int = 0
    api_key: str | None = None
    faults: dict[str, float] = field(default_factory=dict)
    huge_event_bytes: int = 2_000_000
    answers: str | None = None
    wrong_above: int = 0

    @property
    def models(self) -> tuple[str, ...]:
        """The served names: that of the model, then those of its adapters."""
        return (self.model, *self.model_alias)

    @property
    def context_tokens(self) -> int:
        """The limit of prompt and output tokens together; a request larger than the cache could never run."""
        return min(self.max_model_len, self.kv_tokens)

    def check(self) -> None:
        """Raises BadInput, naming the flag, for a value outside its range or a contradiction between two values."""
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise _senseless(name, getattr(self, name), "a whole number of at least 1")
        for name in _COSTS:
            if not 0 <= getattr(self, name) < math.inf:
                raise _senseless(name, getattr(self, name), "a number of at least 0")
        if self.jitter > _LARGEST_JITTER:
            raise _senseless("jitter", self.jitter, f"a share of the step from 0 to {_LARGEST_JITTER:g}")
        if not 0 <= self.stop_early < 1:
            raise _senseless("stop_early", self.stop_early, "a chance per token from 0 to below 1")
        if self.max_batched_tokens < self.max_num_seqs:
            raise BadInput(
                f"--max-batched-tokens {self.max_batched_tokens} is less than --max-num-seqs "
                f"{self.max_num_seqs}, so a full batch could not decode; give at least {self.max_num_seqs}"
            )
        if not all(self.models):
            raise BadInput("--model or --model-alias is empty; give a name")
        if len(set(self.models)) < len(self.models):
            raise BadInput("--model-alias names a model twice; give each name once")
        if self.api_key is not None and not (self.api_key and self.api_key.isascii()):
            raise BadInput("--api-key is empty or not ASCII; give an ASCII key, or leave it out")
        if self.wrong_above and self.answers is None:
            raise BadInput(
                f"--wrong-above {self.wrong_above} needs --answers FILE; other answers are random words"
            )
        if self.answers is not None and self.reasoning_tokens:
            raise BadInput(
                "--reasoning-tokens cannot be used with --answers, which have no reasoning; leave it out"
            )
        self.check_caches()
        for kind, share in self.faults.items():
            if kind not in FAULTS:
                raise BadInput(f"--fault {kind!r} is unknown; known: {', '.join(FAULTS)}")
            if not 0 <= share <= 1:
                raise BadInput(f"--fault {kind}: the share must be from 0 to 1, got {share:g}")
        # Tolerates rounding: shares such as 0.1 are not exact in binary.
        if sum(self.faults.values()) > 1 + 1e-9:
            raise BadInput(f"--fault: the shares must add up to at most 1, got {sum(self.faults.values()):g}")

    def check_caches(self) -> None:
        """Raises BadInput for prefix caches that could hold nothing, and for replicas without one."""
        if 0 < self.prefix_cache_tokens < self.prefix_cache_block:
            raise BadInput(
                f"--prefix-cache-tokens {self.prefix_cache_tokens} holds no block of {self.prefix_cache_block} tokens; "
                "give more, 0 for no cache, or a smaller --prefix-cache-block"
            )
        if self.replicas > 1 and not self.prefix_cache_tokens:
            raise BadInput(
                f"--replicas {self.replicas} differ only in their prefix caches; give --prefix-cache-tokens, or leave it out"
            )
        if self.router not in ROUTERS:
            raise BadInput(f"--router {self.router!r} is unknown; known: {', '.join(ROUTERS)}")

    def describe(self) -> list[str]:
        """The parameters as `name value`, without those that are off; the API key itself is not shown."""
        shown = []
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name == "faults":
                shown += [f"fault {kind}:{share:g}" for kind, share in value.items()]
            elif f.name == "model_alias":
                shown += [f"model-alias {name}" for name in value]
            elif f.name == "api_key":
                shown += ["api-key set"] if value else []
            elif f.name in ("answers", "wrong_above"):
                shown += [f"{f.name.replace('_', '-')} {value}"] if value else []
            elif f.name == "usage_in_last_chunk":
                shown += ["usage-in-last-chunk"] if value else []
            elif f.name in ("prefix_cache_block", "replicas", "router"):
                on = self.prefix_cache_tokens if f.name == "prefix_cache_block" else self.replicas > 1
                shown += [f"{f.name.replace('_', '-')} {value}"] if on else []
            elif f.name != "huge_event_bytes" or "huge-event" in self.faults:
                shown.append(f"{f.name.replace('_', '-')} {value}")
        return shown


def _senseless(name: str, value: float, instead: str) -> BadInput:
    return BadInput(f"--{name.replace('_', '-')} must be {instead}, got {value}")


def parse_faults(given: tuple[str, ...]) -> dict[str, float]:
    """Parses texts such as `http-500:0.1` to shares by kind. Raises BadInput for another form or a repeated kind."""
    faults: dict[str, float] = {}
    for text in given:
        kind, _, share = text.partition(":")
        if kind in faults:
            raise BadInput(f"--fault {kind} is given twice; give each kind once")
        try:
            faults[kind] = float(share)
        except ValueError:
            raise BadInput(f"--fault must be KIND:SHARE, for example http-500:0.1, got {text!r}") from None
    return faults
