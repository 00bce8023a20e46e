"""Options for the prompts of a run. Lengths are in tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

from aisbench.errors import BadInput
from aisbench.options.checks import whole
from aisbench.options.option import option
from aisbench.workload.prefixes.options import PrefixOptions
from aisbench.workload.seeds import LARGEST
from aisbench.workload.sessions.options import SessionOptions
from aisbench.workload.traces.options import TraceOptions
from aisbench.workload.vllm_dataset_options import (
    LONGEST,
    PREFIXES,
    RANDOM,
    SECTION,
    VllmDatasetOptions,
)

# Default number of prompts for data sets that can make any number.
DEFAULT_COUNT = 1000
_SYNTHETIC_KINDS = ("string", "tokenid")
_PREFIX_ROLES = ("user", "system")
# Data sets whose rows may give their own output lengths.
_OWN_LENGTHS = ("custom", "custom_image", "custom_audio")
_option = partial(option, section=SECTION)


def _bad_range_ratio(given: object) -> BadInput:
    return BadInput(
        f'--range-ratio must be a number from 0 up to (not including) 1, or {{"input": A, "output": B}}, got {given}'
    )


def parse_range_ratio(text: str) -> tuple[float, float]:
    """`0.25`, or `{"input": 0.25, "output": 0}`; raises BadInput for anything outside [0, 1)."""
    try:
        value = json.loads(text)
        if isinstance(value, dict):
            ratios = (float(value.pop("input")), float(value.pop("output")))
            if value:
                raise _bad_range_ratio(text)
        else:
            ratios = (float(value), float(value))
    except (ValueError, TypeError, LookupError):
        raise _bad_range_ratio(text) from None
    if not all(0 <= ratio < 1 for ratio in ratios):
        raise _bad_range_ratio(text)
    return ratios


def check_range_ratio(flag: str, value: str | tuple[float, float]) -> None:
    if isinstance(value, str):
        parse_range_ratio(value)
    elif not all(0 <= ratio < 1 for ratio in value):
        raise _bad_range_ratio(value)


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class _CommonOptions(VllmDatasetOptions):
    """Options of data sets, but for those of sessions and traces."""

    dataset: str = _option(
        "--dataset",
        "--dataset-name",
        default="random",
        words="aisbench.workload.datasets.registry:DATASETS",
        open=True,
        help="Data set to send; `aisbench workloads` lists them.",
        vllm="--dataset-name",
    )
    dataset_path: str | None = _option(
        "--dataset-path",
        metavar="FILE",
        help="File or folder of the data set.",
        vllm="--dataset-path",
    )
    strict_dataset: bool = _option(
        "--strict-dataset",
        default=False,
        help="Refuse a file with unusable rows instead of skipping them.",
    )
    input_len: int | None = _option(
        "--input-len",
        check=whole(0, LONGEST),
        metavar="TOKENS",
        help="Prompt length; 1024 for random.",
        vllm="--input-len",
        scoped={"--random-input-len": RANDOM, "--sonnet-input-len": ("sonnet",)},
    )
    output_len: int | None = _option(
        "--output-len",
        metavar="TOKENS",
        help="Output length; 128 for random, else as the data set says.",
        vllm="--output-len",
        scoped={
            "--random-output-len": RANDOM,
            "--sharegpt-output-len": ("sharegpt",),
            "--custom-output-len": ("custom", "custom_image", "custom_audio"),
            "--prefix-repetition-output-len": PREFIXES,
            "--sonnet-output-len": ("sonnet",),
            "--hf-output-len": ("hf",),
            "--spec-bench-output-len": ("spec_bench",),
            "--speed-bench-output-len": ("speed_bench",),
        },
    )
    range_ratio: str | tuple[float, float] = _option(
        "--range-ratio",
        default="0.0",
        check=check_range_ratio,
        metavar="R",
        help='Relative variation of the lengths: 0.25, or {"input": 0.25, "output": 0}.',
        scoped={"--random-range-ratio": RANDOM},
    )
    prefix_len: int | None = _option(
        "--prefix-len",
        check=whole(0, LONGEST),
        metavar="TOKENS",
        help="Length of a prefix that all prompts share, in addition to --input-len.",
        scoped={
            "--random-prefix-len": RANDOM,
            "--prefix-repetition-prefix-len": PREFIXES,
            "--sonnet-prefix-len": ("sonnet",),
        },
    )
    suffix_len: int | None = _option(
        "--suffix-len",
        check=whole(0, LONGEST),
        metavar="TOKENS",
        help="Length of the part after a shared prefix.",
        scoped={"--prefix-repetition-suffix-len": PREFIXES},
    )
    num_prefixes: int | None = _option(
        "--num-prefixes",
        check=whole(1, LONGEST),
        metavar="N",
        help="Number of shared prefixes.",
        scoped={"--prefix-repetition-num-prefixes": PREFIXES},
    )
    prefix_role: str = _option(
        "--prefix-role",
        default="user",
        words=_PREFIX_ROLES,
        help="Role of the shared prefix's message.",
    )
    system_prompt: str | None = _option(
        "--system-prompt",
        metavar="TEXT",
        help="System message before every prompt.",
    )
    synthetic_kind: str = _option(
        "--synthetic-kind",
        default="string",
        words=_SYNTHETIC_KINDS,
        help="How AISBench's synthetic prompts are made.",
    )
    input_dist: str | None = _option(
        "--input-dist",
        metavar="LAW",
        help="fixed:N, uniform:A-B, gaussian:mean=M,std=S, zipf:alpha=A, percentiles:50=100,90=800; all take min=, max=.",
    )
    output_dist: str | None = _option(
        "--output-dist",
        metavar="LAW",
        help="The same for output lengths.",
    )
    shuffle: bool = _option(
        "--shuffle/--disable-shuffle",
        default=True,
        help="Shuffle the rows of the data set's file by --seed.",
        vllm="--disable-shuffle",
    )
    oversample: bool = _option(
        "--oversample/--no-oversample",
        default=True,
        help="Reuse rows if a file has fewer than requested.",
        vllm="--no-oversample",
    )
    chat_template: bool = _option(
        "--chat-template/--skip-chat-template",
        default=True,
        help="For custom: put prompts in the tokenizer's chat template, as vllm bench does.",
        vllm="--skip-chat-template",
    )
    image_count: int | None = _option(
        "--image-count",
        check=whole(1, LONGEST),
        metavar="N",
        help="Images per request.",
    )
    image_size: str | None = _option(
        "--image-size",
        metavar="WxH",
        help="Synthetic images of this size, instead of files.",
    )
    shots: int | None = _option(
        "--shots",
        check=whole(0, LONGEST),
        metavar="N",
        help="Solved examples in front of each question of a task with known answers.",
    )
    first_question: int = _option(
        "--first-question",
        default=0,
        check=whole(-LONGEST, LONGEST),
        metavar="N",
        help="Question of a task with known answers to begin with, counted from 0; after the last come those before. Below 0: from the end.",
    )
    question_seed: int | None = _option(
        "--question-seed",
        check=whole(0, LARGEST),
        metavar="N",
        help="Ask the questions of a task with known answers in an order drawn with this seed, instead of that of the files. `aisbench saturate --score` draws one.",
    )
    batch_size: int | None = _option(
        "--batch-size",
        check=whole(1, LONGEST),
        metavar="N",
        help="Texts per embedding request.",
        scoped={"--random-batch-size": RANDOM},
    )

    def check_dataset(self) -> None:
        """Raises BadInput for an --output-len that the data set does not accept."""
        if self.output_len is not None:
            # As in vLLM, -1 means that each line of a custom file gives its own output length.
            least = -1 if self.dataset in _OWN_LENGTHS and self.output_len != 0 else 1
            whole(least, LONGEST)("--output-len", self.output_len)


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class DatasetOptions(SessionOptions, TraceOptions, PrefixOptions, _CommonOptions):
    """Options of data sets. None: the data set's own default. `registry` lists the options of each data set."""
