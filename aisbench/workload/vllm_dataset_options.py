"""Options of the data sets of `vllm bench serve`, under vLLM's names."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aisbench.errors import BadInput
from aisbench.options.checks import between, is_whole, whole
from aisbench.options.option import JSON, ListOf, option

# Probabilities of generated media by height, width and frames. One frame is an image.
_Buckets = dict[tuple[int, int, int], float]
_DEFAULT_BUCKETS: _Buckets = {(256, 256, 1): 0.5, (720, 1280, 1): 0.5}
DEFAULT_LIMIT = {"image": 255, "video": 1}
_MOST_PIXELS = 1 << 26


# Data sets that share options.
RANDOM = ("random", "random-mm", "random-rerank", "synthetic", "images", "conversations")
PREFIXES = ("prefix-repetition", "prefix_repetition")
TRACE = ("timed_trace", "trace")
_MM = ("random-mm",)
SECTION = "Workload"
# No model accepts this many tokens, and far more would only fail later for lack of memory.
LONGEST = 10_000_000
# A run's times are 64-bit nanoseconds, and nobody waits this long.
LONGEST_S = 1e9
_option = partial(option, section=SECTION)


def _check_limits(flag: str, value: Mapping[str, Any]) -> None:
    for name, most in value.items():
        if name not in DEFAULT_LIMIT or not is_whole(most) or most < 0:
            raise BadInput(f'{flag} must be an object such as {{"image": 3, "video": 0}}, got {name}: {most}')


def _check_buckets(flag: str, value: str) -> None:
    buckets(value)


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class VllmDatasetOptions:
    """Fields of DatasetOptions, with vLLM's defaults. None: the data set's own default."""

    timed_trace_label_timestamp: str = _option(
        "--timed-trace-label-timestamp",
        default="timestamp",
        help="Field that holds the time of a row.",
        vllm="--timed-trace-label-timestamp",
        only_with=TRACE,
    )
    timed_trace_label_input_length: str = _option(
        "--timed-trace-label-input-length",
        default="input_length",
        help="Field that holds the prompt's length.",
        vllm="--timed-trace-label-input-length",
        only_with=TRACE,
    )
    timed_trace_label_output_length: str = _option(
        "--timed-trace-label-output-length",
        default="output_length",
        help="Field that holds the output's length.",
        vllm="--timed-trace-label-output-length",
        only_with=TRACE,
    )
    timed_trace_label_hash_ids: str = _option(
        "--timed-trace-label-hash-ids",
        default="hash_ids",
        help="Field that holds the ids of shared blocks.",
        vllm="--timed-trace-label-hash-ids",
        only_with=TRACE,
    )
    hf_subset: str | None = _option(
        "--hf-subset",
        help="Subset of the data set: name of a folder in it.",
        vllm="--hf-subset",
        only_with=("hf",),
    )
    hf_split: str | None = _option(
        "--hf-split",
        help="Split of the data set: files or folders with this in their names.",
        vllm="--hf-split",
        only_with=("hf",),
    )
    hf_name: str | None = _option(
        "--hf-name",
        help="Data set whose rows --dataset-path holds, if that is a file or folder.",
        vllm="--hf-name",
        only_with=("hf",),
    )
    blazedit_min_distance: float = _option(
        "--blazedit-min-distance",
        default=0.0,
        help="Lowest norm_distance of the rows to use.",
        vllm="--blazedit-min-distance",
        only_with=("hf",),
    )
    blazedit_max_distance: float = _option(
        "--blazedit-max-distance",
        default=1.0,
        help="Highest norm_distance of the rows to use.",
        vllm="--blazedit-max-distance",
        only_with=("hf",),
    )
    asr_min_audio_len_sec: float = _option(
        "--asr-min-audio-len-sec",
        default=0.0,
        help="Shortest audio to use, in seconds; WAV files only.",
        vllm="--asr-min-audio-len-sec",
        only_with=("hf",),
    )
    asr_max_audio_len_sec: float = _option(
        "--asr-max-audio-len-sec",
        default=math.inf,
        help="Longest audio to use, in seconds; WAV files only.",
        vllm="--asr-max-audio-len-sec",
        only_with=("hf",),
    )
    bfcl_categories: tuple[str, ...] = _option(
        "--bfcl-categories",
        default=(),
        kind=ListOf(str),
        help="Files BFCL_v3_CATEGORY.json to read; simple, live_simple and multiple by default.",
        vllm="--bfcl-categories",
        only_with=("hf",),
    )
    spec_bench_category: str | None = _option(
        "--spec-bench-category",
        help="Use only rows of this category.",
        vllm="--spec-bench-category",
        only_with=("spec_bench",),
    )
    speed_bench_category: str | None = _option(
        "--speed-bench-category",
        help="Use only rows of this category.",
        vllm="--speed-bench-category",
        only_with=("speed_bench",),
    )
    speed_bench_dataset_subset: str = _option(
        "--speed-bench-dataset-subset",
        default="qualitative",
        help="SUBSET.jsonl in the folder of --dataset-path.",
        vllm="--speed-bench-dataset-subset",
        only_with=("speed_bench",),
    )
    random_mm_base_items_per_request: int = _option(
        "--random-mm-base-items-per-request",
        default=1,
        check=whole(0),
        help="Images per request.",
        vllm="--random-mm-base-items-per-request",
        only_with=_MM,
    )
    random_mm_num_mm_items_range_ratio: float = _option(
        "--random-mm-num-mm-items-range-ratio",
        default=0.0,
        check=between(0, 1),
        help="Relative variation of the number of images.",
        vllm="--random-mm-num-mm-items-range-ratio",
        only_with=_MM,
    )
    random_mm_limit_mm_per_prompt: Mapping[str, Any] | None = _option(
        "--random-mm-limit-mm-per-prompt",
        kind=JSON,
        check=_check_limits,
        help='Maximum number of images per request, as an object: {"image": 3, "video": 0}.',
        vllm="--random-mm-limit-mm-per-prompt",
        only_with=_MM,
    )
    random_mm_bucket_config: str | None = _option(
        "--random-mm-bucket-config",
        check=_check_buckets,
        help="Sizes of images and their probabilities: {(256, 256, 1): 0.5, (720, 1280, 1): 0.5}.",
        vllm="--random-mm-bucket-config",
        only_with=_MM,
    )
    custom_ensure_client_side_data: bool = _option(
        "--custom-ensure-client-side-data",
        default=False,
        help="Send images as data, not as file:// addresses.",
        vllm="--custom-ensure-client-side-data",
        only_with=("custom_image",),
    )
    no_reranker: bool = _option(
        "--no-reranker",
        default=False,
        help="Query and documents of the same length, for embedding models.",
        vllm="--no-reranker",
        only_with=("random-rerank",),
    )


def buckets(text: str | None) -> _Buckets:
    """Reads `{(256, 256, 1): 0.5, (720, 1280, 1): 0.5}` and scales the probabilities to a sum of 1.

    Raises BadInput for other text, and for videos, which would need an encoder.
    """
    if text is None:
        return _DEFAULT_BUCKETS
    example = "give for example '{(256, 256, 1): 0.5, (720, 1280, 1): 0.5}', height, width and 1"
    try:
        given = dict(ast.literal_eval(text))
        found = {(int(h), int(w), int(frames)): float(share) for (h, w, frames), share in given.items()}
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise BadInput(f"--random-mm-bucket-config {text!r} cannot be read; {example}") from None
    found = {size: share for size, share in found.items() if share != 0}
    if not found or not all(0 < share < math.inf for share in found.values()):
        raise BadInput(f"--random-mm-bucket-config {text!r}: probabilities must be above 0; {example}")
    for height, width, frames in found:
        if frames != 1:
            raise BadInput(
                "--random-mm-bucket-config: videos cannot be generated, as that needs a video encoder; "
                "give buckets of one frame, or send videos with --dataset jsonl"
            )
        if height < 1 or width < 1 or height * width > _MOST_PIXELS:
            raise BadInput(
                f"--random-mm-bucket-config: {height} x {width} is not a valid image size; {example}"
            )
    total = sum(found.values())
    return {size: share / total for size, share in found.items()}
