"""What the command line says about the workload, checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aisbench.errors import BadInput

# No model takes as much; far more would only fail later, for want of memory.
LONGEST = 10_000_000
# Replaced from --extra-body, these would make something else of the stream that the engine reads.
FIXED_FIELDS = ("stream", "prompt", "messages")


@dataclass(frozen=True)
class WorkloadOptions:
    """`count` bodies of data set `dataset`. Lengths are in tokens.

    `range_ratio`: for input and output; each length is drawn from length * (1 - ratio) to
    length * (1 + ratio). `prefix_len` tokens stand before every prompt, beside `input_len`.
    `ignore_eos` None: as the data set wants it. `extra_body` is merged into every body, last.
    """

    count: int
    model: str
    dataset: str = "random"
    input_len: int = 1024
    output_len: int = 128
    range_ratio: tuple[float, float] = (0.0, 0.0)
    prefix_len: int = 0
    seed: int = 0
    tokenizer: str | None = None
    trust_remote_code: bool = False
    token_ids: bool = False
    ignore_eos: bool | None = None
    temperature: float | None = None
    extra_body: Mapping[str, Any] | None = None

    def check(self) -> None:
        """Raises BadInput, naming the flag, for the first option that makes no sense."""
        whole("--num-requests", self.count, 1)
        whole("--input-len", self.input_len, 0, LONGEST)
        whole("--output-len", self.output_len, 1, LONGEST)
        whole("--prefix-len", self.prefix_len, 0, LONGEST)
        whole("--seed", self.seed, 0, 0xFFFFFFFF)
        if not all(0 <= ratio < 1 for ratio in self.range_ratio):
            raise bad_range_ratio(self.range_ratio)
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise BadInput(f"--temperature {self.temperature}: give a number of at least 0")
        self.check_extra_body()

    def check_extra_body(self) -> None:
        if self.extra_body is None:
            return
        try:
            json.dumps(self.extra_body, allow_nan=False)
        except (TypeError, ValueError) as problem:
            raise BadInput(
                f"--extra-body holds what JSON cannot ({problem}); give plain numbers, strings, lists"
            ) from None
        for name in FIXED_FIELDS:
            if name in self.extra_body:
                raise BadInput(f"--extra-body cannot replace {name!r}; leave it out")


def whole(flag: str, value: object, least: int, most: int | None = None) -> None:
    """Raises BadInput unless `value` is an integer from `least` to `most`."""
    fits = isinstance(value, int) and not isinstance(value, bool)
    if not fits or value < least or (most is not None and value > most):  # type: ignore[operator]
        span = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise BadInput(f"{flag} {value}: give a whole number {span}")


def bad_range_ratio(given: object) -> BadInput:
    return BadInput(
        f'--range-ratio {given}: give a number from 0 up to (not including) 1, or {{"input": A, "output": B}}'
    )


def parse_range_ratio(text: str) -> tuple[float, float]:
    """`0.25`, or `{"input": 0.25, "output": 0}`; raises BadInput for anything outside [0, 1)."""
    try:
        value = json.loads(text)
        if isinstance(value, dict):
            ratios = (float(value.pop("input")), float(value.pop("output")))
            if value:
                raise bad_range_ratio(text)
        else:
            ratios = (float(value), float(value))
    except (ValueError, TypeError, LookupError):
        raise bad_range_ratio(text) from None
    if not all(0 <= ratio < 1 for ratio in ratios):
        raise bad_range_ratio(text)
    return ratios
