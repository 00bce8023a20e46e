"""What only data sets of `vllm bench serve` are told, by vLLM's names for it, checked."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aisbench.errors import BadInput

# Height, width and frames of made media: the probability of each. One frame is an image.
Buckets = dict[tuple[int, int, int], float]
DEFAULT_BUCKETS: Buckets = {(256, 256, 1): 0.5, (720, 1280, 1): 0.5}
DEFAULT_LIMIT = {"image": 255, "video": 1}
MOST_PIXELS = 1 << 26


@dataclass(frozen=True, kw_only=True)
class VllmDatasetOptions:
    """Fields of DatasetOptions, with vLLM's defaults. None: as the data set has it."""

    timed_trace_label_timestamp: str = "timestamp"
    timed_trace_label_input_length: str = "input_length"
    timed_trace_label_output_length: str = "output_length"
    timed_trace_label_hash_ids: str = "hash_ids"
    hf_subset: str | None = None
    hf_split: str | None = None
    hf_name: str | None = None
    blazedit_min_distance: float = 0.0
    blazedit_max_distance: float = 1.0
    asr_min_audio_len_sec: float = 0.0
    asr_max_audio_len_sec: float = math.inf
    bfcl_categories: tuple[str, ...] = ()
    spec_bench_category: str | None = None
    speed_bench_category: str | None = None
    speed_bench_dataset_subset: str = "qualitative"
    random_mm_base_items_per_request: int = 1
    random_mm_num_mm_items_range_ratio: float = 0.0
    random_mm_limit_mm_per_prompt: Mapping[str, Any] | None = None
    random_mm_bucket_config: str | None = None
    custom_ensure_client_side_data: bool = False
    no_reranker: bool = False

    def check_vllm(self) -> None:
        """Raises BadInput for the first of these options that cannot be followed."""
        if not 0 <= self.random_mm_num_mm_items_range_ratio <= 1:
            raise BadInput(
                "--random-mm-num-mm-items-range-ratio must be a number from 0 to 1, "
                f"got {self.random_mm_num_mm_items_range_ratio:g}"
            )
        if self.random_mm_base_items_per_request < 0:
            raise BadInput(
                "--random-mm-base-items-per-request must be a whole number of at least 0, "
                f"got {self.random_mm_base_items_per_request}"
            )
        for name, most in (self.random_mm_limit_mm_per_prompt or {}).items():
            if name not in DEFAULT_LIMIT or not isinstance(most, int) or most < 0:
                raise BadInput(
                    '--random-mm-limit-mm-per-prompt must be an object such as {"image": 3, "video": 0}, '
                    f"got {name}: {most}"
                )
        buckets(self.random_mm_bucket_config)


def buckets(text: str | None) -> Buckets:
    """The buckets of `{(256, 256, 1): 0.5, (720, 1280, 1): 0.5}` with probabilities that come to 1.

    Raises BadInput for other text, and for videos: those would have to be encoded.
    """
    if text is None:
        return DEFAULT_BUCKETS
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
                "--random-mm-bucket-config: videos cannot be made here, as that needs a video encoder; "
                "give buckets of one frame, or videos by the data set jsonl"
            )
        if height < 1 or width < 1 or height * width > MOST_PIXELS:
            raise BadInput(
                f"--random-mm-bucket-config: {height} x {width} is not a size of an image; {example}"
            )
    total = sum(found.values())
    return {size: share / total for size, share in found.items()}
