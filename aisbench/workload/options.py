"""What the command line says about the workload, checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from aisbench.errors import BadInput
from aisbench.workload.vllm_dataset_options import VllmDatasetOptions

# No model takes as much; far more would only fail later, for want of memory.
LONGEST = 10_000_000
# Times of a run are nanoseconds of 64 bits; nobody waits for as long as this.
LONGEST_S = 1e9
# How many prompts a data set makes that could make any number, unless it is told.
DEFAULT_COUNT = 1000
SYNTHETIC_KINDS = ("string", "tokenid")
PREFIX_ROLES = ("user", "system")
HISTORIES = ("answers", "recorded")
LORA_ASSIGNMENTS = ("random", "round-robin")
TRACE_FORMATS = ("mooncake", "azure", "burstgpt")
# Replaced from --extra-body, these would make something else of the stream that the engine reads.
FIXED_FIELDS = ("stream", "prompt", "messages", "input", "inputs", "text_input")


@dataclass(frozen=True, kw_only=True)
class DatasetOptions(VllmDatasetOptions):
    """What a data set is told, by the names of the command line's options. Lengths are in tokens.

    None: the data set's own default. `prefix_len` tokens stand before every prompt, beside `input_len`.
    `ignore_eos` None: as the data set wants it. `extra_body` is merged into every body, `omit_field` taken out of it. What the others
    mean, and which data set heeds them, `registry` says.
    """

    dataset: str = "random"
    dataset_path: str | None = None
    strict_dataset: bool = False
    input_len: int | None = None
    output_len: int | None = None
    prefix_len: int | None = None
    suffix_len: int | None = None
    num_prefixes: int | None = None
    input_dist: str | None = None
    output_dist: str | None = None
    synthetic_kind: str = "string"
    system_prompt: str | None = None
    prefix_role: str = "user"
    shuffle: bool = True
    oversample: bool = True
    chat_template: bool = True
    chat_template_kwargs: Mapping[str, Any] | None = None
    trace_format: str | None = None
    block_size: int | None = None
    speedup: float = 1.0
    turns: int | None = None
    think_time_s: float | None = None
    history: str = "answers"
    image_count: int | None = None
    image_size: str | None = None
    batch_size: int | None = None
    lora_modules: tuple[str, ...] = ()
    lora_assignment: str = "random"
    seed: int = 0
    tokenizer: str | None = None
    trust_remote_code: bool = False
    token_ids: bool = False
    ignore_eos: bool | None = None
    temperature: float | None = None
    extra_body: Mapping[str, Any] | None = None
    omit_field: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WorkloadOptions(DatasetOptions):
    """Bodies of a data set for `model`.

    `count`: how many are asked for; None: as many as the data set has (DEFAULT_COUNT where it can
    make any number). `range_ratio`: for input and output; each length is drawn from length *
    (1 - ratio) to length * (1 + ratio). `own_times`: requests leave when a recorded data set says so;
    False: something else does, and its times are not wanted. `model_is_named`: by the user, and not found
    out: it stands above what recorded bodies say. `stream`: as the run reads its answers.
    """

    count: int | None
    model: str
    range_ratio: tuple[float, float] = (0.0, 0.0)
    own_times: bool = True
    model_is_named: bool = False
    stream: bool = True

    @staticmethod
    def of(given: DatasetOptions, *, range_ratio: str, **others: Any) -> WorkloadOptions:
        """`range_ratio` as it was typed; `others`: the fields of this class. Raises BadInput for a bad ratio."""
        same = {field.name: getattr(given, field.name) for field in fields(DatasetOptions)}
        return WorkloadOptions(range_ratio=parse_range_ratio(range_ratio), **same, **others)

    def check(self) -> None:
        """Raises BadInput, naming the flag, for the first option that makes no sense for any data set."""
        if self.count is not None:
            whole("--num-requests", self.count, 1)
        for flag, value, least in (
            ("--input-len", self.input_len, 0),
            # As in vLLM, -1 says that each line of a custom file brings its own.
            (
                "--output-len",
                self.output_len,
                -1 if self.dataset in ("custom", "custom_image", "custom_audio") else 1,
            ),
            ("--prefix-len", self.prefix_len, 0),
            ("--suffix-len", self.suffix_len, 0),
            ("--num-prefixes", self.num_prefixes, 1),
            ("--block-size", self.block_size, 1),
            ("--turns", self.turns, 1),
            ("--image-count", self.image_count, 1),
            ("--batch-size", self.batch_size, 1),
        ):
            if value is not None:
                whole(flag, value, least, LONGEST)
        if self.output_len == 0:
            raise BadInput("--output-len 0: give a whole number of at least 1")
        whole("--seed", self.seed, 0, 0xFFFFFFFF)
        if not all(0 <= ratio < 1 for ratio in self.range_ratio):
            raise bad_range_ratio(self.range_ratio)
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise BadInput(f"--temperature {self.temperature}: give a number of at least 0")
        if not 0 < self.speedup < math.inf:
            raise BadInput(f"--speedup {self.speedup:g}: give a number above 0")
        if self.think_time_s is not None and not 0 <= self.think_time_s <= LONGEST_S:
            raise BadInput(f"--think-time {self.think_time_s:g}: give seconds of at least 0")
        one_of("--synthetic-kind", self.synthetic_kind, SYNTHETIC_KINDS)
        one_of("--prefix-role", self.prefix_role, PREFIX_ROLES)
        one_of("--history", self.history, HISTORIES)
        one_of("--lora-assignment", self.lora_assignment, LORA_ASSIGNMENTS)
        self.check_vllm()
        self.check_extra_body()
        for name in self.omit_field:
            if name in FIXED_FIELDS:
                raise BadInput(
                    f"--omit-field {name}: without it there is no request; other fields can be left out"
                )

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


def one_of(flag: str, value: str | None, known: tuple[str, ...]) -> None:
    """Raises BadInput unless `value` is None or one of `known`."""
    if value is not None and value not in known:
        raise BadInput(f"{flag}: unknown {value!r}; known: {', '.join(known)}")


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
