"""Writes vllm_files.json: what vLLM 0.32's own classes make of the files in data/vllm_files.

Run it with a Python that has vLLM: `python tests/workload/datasets/vllm_golden_files.py`. Tokens are words.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).parent
FILES = HERE / "data" / "vllm_files"
BFCL = "gorilla-llm/Berkeley-Function-Calling-Leaderboard"


class Words:
    """A tokenizer of words."""

    chat_template = None

    def __call__(self, text: str) -> Any:
        return SimpleNamespace(input_ids=text.split())

    def apply_chat_template(self, messages: Any, **_: Any) -> str:
        return str(messages[-1]["content"])


def main() -> None:
    from vllm.benchmarks.datasets import datasets  # type: ignore[import-not-found,unused-ignore]

    datasets.hf_api = lambda: SimpleNamespace(hf_hub_download=lambda _, name, repo_type: str(FILES / name))
    common: dict[str, Any] = {"tokenizer": Words(), "request_id_prefix": "", "no_oversample": False}
    spec = datasets.SpecBench(
        dataset_path=str(FILES / "question.jsonl"), category="b", disable_shuffle=False
    ).sample(num_requests=9, output_len=256, skip_chat_template=True, **common)
    speed = datasets.SpeedBench(
        dataset_path=str(FILES / "speed"), dataset_subset="qualitative", disable_shuffle=False
    ).sample(num_requests=12, output_len=4096, skip_chat_template=True, **common)
    images = datasets.CustomImageDataset(
        dataset_path=str(FILES / "images.jsonl"), disable_shuffle=False, random_seed=3
    ).sample(num_requests=8, output_len=256, **common)
    bfcl = datasets.BFCLDataset(
        dataset_path=BFCL, dataset_split="train", random_seed=5, disable_shuffle=False
    ).sample(num_requests=15, output_len=None, categories=None, **common)
    found = {
        "spec_bench": [[one.prompt, one.prompt_len, one.expected_output_len] for one in spec],
        "speed_bench": [[one.prompt, one.prompt_len, one.expected_output_len] for one in speed],
        "custom_image": [[one.prompt, one.multi_modal_data, one.expected_output_len] for one in images],
        "bfcl": [[one.chat_messages, one.request_overrides, one.expected_output_len] for one in bfcl],
    }
    (HERE / "vllm_files.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
