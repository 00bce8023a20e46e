"""Data sets by name: ours, the tasks with known answers, and those of installed packages."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, fields

from aisbench import plugins
from aisbench.accuracy.tasks.registry import NAMES as TASKS
from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.sessions.formats.registry import CONVERSATIONS, FORMATS

Make = Callable[[WorkloadOptions, Backend], Prompts]


@dataclass(frozen=True)
class Dataset:
    """A data set. `make` makes its prompts, or raises BadInput for options that it cannot follow.

    `about`: one line of description. `options`: the flags that it takes in addition to those of all data sets
    (--seed, --num-requests, --tokenizer, --extra-body, ...). `ignores_eos`: answers should reach their full length
    although the prompts are random, so the server is asked not to stop at an end-of-sequence token, unless
    --no-ignore-eos is given.
    """

    make: Make
    about: str
    options: tuple[str, ...]
    ignores_eos: bool


def _from(module: str, function: str) -> Make:
    """The function of a module in this folder, which is imported when the function is called: a run needs one of them."""

    def make(options: WorkloadOptions, backend: Backend) -> Prompts:
        found: Make = getattr(importlib.import_module(f"aisbench.workload.datasets.{module}"), function)
        return found(options, backend)

    return make


def _vllms(make: Make, about: str, *options: str, ignores_eos: bool = False) -> Dataset:
    return Dataset(make, f"{about}; byte for byte as vllm bench serve", options, ignores_eos)


PREFIXES = _vllms(
    _from("generated.prefix_groups", "prefix_prompts"),
    "prefixes that many prompts share, and a suffix for each prompt",
    *("--prefix-len", "--suffix-len", "--num-prefixes", "--output-len", "--prefix-role", "--shuffle"),
    *("--prefix-popularity", "--prefix-order", "--prefix-hit-rate", "--fill-prefixes", "--input-len"),
    *("--block-size", "--token-ids"),
)
TRACE = (
    *("--dataset-path", "--output-len", "--trace-format", "--block-size", "--speedup", "--token-ids"),
    *("--trace-start", "--trace-end", "--turn-times", "--trace-prompts"),
    *("--turns", "--think-time", "--idle-gap-cap", "--max-context", "--history"),
)
_FILE_OF_VLLM = ("--dataset-path", "--output-len", "--shuffle", "--oversample", "--chat-template")
_SCORED = ("--dataset-path", "--output-len", "--shots", "--first-question", "--question-seed")
ROWS = ("--dataset-path", "--output-len", "--oversample")
SESSIONS = (
    *("--dataset-path", "--output-len", "--turns", "--think-time", "--tool-latency", "--idle-gap-cap"),
    *("--max-context", "--history", "--history-reasoning", "--speedup"),
)

DATASETS: dict[str, Dataset] = {
    "random": _vllms(
        _from("generated.random_cached", "any_random_prompts"),
        "random prompts of exact lengths",
        *("--input-len", "--output-len", "--range-ratio", "--prefix-len", "--token-ids", "--batch-size"),
        *("--random-cache-hit-fraction", "--random-cache-ratio"),
        ignores_eos=True,
    ),
    "random-rerank": _vllms(
        _from("generated.random_rerank", "rerank_prompts"),
        "a random query and documents to rank against it",
        *("--input-len", "--range-ratio", "--batch-size"),
    ),
    "synthetic": Dataset(
        _from("generated.synthetic", "synthetic_prompts"),
        "AISBench's synthetic prompts, string or tokenid, with lengths from a distribution",
        ("--synthetic-kind", "--input-len", "--input-dist", "--output-len", "--output-dist", "--token-ids"),
        ignores_eos=True,
    ),
    "sharegpt": _vllms(
        _from("recorded.sharegpt", "sharegpt_prompts"),
        "first turns of recorded conversations (JSON)",
        *("--dataset-path", "--output-len", "--shuffle", "--oversample"),
    ),
    "custom": _vllms(
        _from("recorded.custom", "custom_prompts"),
        "prompts from a JSON-lines file, in the chat template",
        *("--dataset-path", "--output-len", "--shuffle", "--oversample", "--chat-template"),
    ),
    "burstgpt": _vllms(
        _from("recorded.burstgpt", "burstgpt_prompts"),
        "lengths sampled from a BurstGPT CSV file, without its times",
        "--dataset-path",
    ),
    "prefix-repetition": PREFIXES,
    "prefix_repetition": PREFIXES,
    "prefix-cache-scenario": Dataset(
        _from("generated.prefix_groups", "scenario_prompts"),
        "shared prefixes as a scenario file of AISBench's prefix-cache plugin asks for",
        ("--dataset-path", "--token-ids"),
        ignores_eos=False,
    ),
    "random-mm": Dataset(
        _from("generated.random_mm", "random_mm_prompts"),
        "random prompts with generated images, in the numbers and sizes that vllm bench serve draws",
        ("--input-len", "--output-len", "--range-ratio", "--prefix-len"),
        ignores_eos=True,
    ),
    "sonnet": Dataset(
        _from("recorded.sonnet", "sonnet_prompts"),
        "lines from your own text file under one instruction, as in older clients of vLLM",
        ("--dataset-path", "--input-len", "--output-len", "--prefix-len", "--chat-template"),
        ignores_eos=False,
    ),
    "hf": Dataset(
        _from("recorded.hf", "hf_prompts"),
        "the Hugging Face data sets that vllm bench serve knows, from files or the local cache",
        _FILE_OF_VLLM,
        ignores_eos=False,
    ),
    "spec_bench": _vllms(
        _from("recorded.spec_bench", "spec_bench_prompts"),
        "first turns of Spec-Bench's questions",
        *_FILE_OF_VLLM,
    ),
    "speed_bench": _vllms(
        _from("recorded.spec_bench", "speed_bench_prompts"),
        "first turns of SPEED-Bench's files",
        *_FILE_OF_VLLM,
    ),
    "custom_image": Dataset(
        _from("recorded.custom_media", "custom_image_prompts"),
        "chat messages with images from a JSON-lines file: prompt and image_files, or content",
        ("--dataset-path", "--output-len", "--shuffle", "--oversample"),
        ignores_eos=False,
    ),
    "custom_audio": Dataset(
        _from("recorded.custom_media", "custom_audio_prompts"),
        "chat messages with sounds from a JSON-lines file: prompt and audio",
        ("--dataset-path", "--output-len", "--shuffle", "--oversample"),
        ignores_eos=False,
    ),
    "jsonl": Dataset(
        _from("recorded.jsonl_csv", "jsonl_prompts"),
        "one request per line: prompt or messages, with output_tokens, system, model, body",
        ROWS,
        ignores_eos=False,
    ),
    "csv": Dataset(
        _from("recorded.jsonl_csv", "csv_prompts"),
        "the same as a table, with these names for its columns",
        ROWS,
        ignores_eos=False,
    ),
    "trace": Dataset(
        _from("recorded.trace", "trace_prompts"),
        "recorded traffic at its recorded times: Mooncake, Bailian or Weka (JSON), Azure or BurstGPT (CSV)",
        TRACE,
        ignores_eos=True,
    ),
    "timed_trace": Dataset(
        _from("recorded.trace", "timed_trace_prompts"),
        "the same with the defaults of vllm bench serve: blocks of 16 tokens, times in seconds",
        TRACE,
        ignores_eos=True,
    ),
    "conversations": Dataset(
        _from("recorded.conversations", "conversation_prompts"),
        "turns that wait for the previous answer, from a file or of random words",
        ("--input-len", *SESSIONS),
        ignores_eos=False,
    ),
    **{
        name: Dataset(
            _from("recorded.session_files", "session_file_prompts"), kind.about, SESSIONS, ignores_eos=False
        )
        for name, kind in FORMATS.items()
        if name != CONVERSATIONS
    },
    "images": Dataset(
        _from("generated.images", "image_prompts"),
        "chat messages with images from a folder, or generated ones",
        ("--dataset-path", "--input-len", "--output-len", "--image-count", "--image-size"),
        ignores_eos=True,
    ),
    "file": Dataset(
        _from("recorded.exported", "file_prompts"),
        "the bodies that aisbench workload export wrote, byte for byte",
        ("--dataset-path", "--history-reasoning"),
        ignores_eos=False,
    ),
}
# The flags that only some data sets take, by field of WorkloadOptions.
PARTIAL = {
    "dataset_path": "--dataset-path",
    "strict_dataset": "--strict-dataset",
    "input_len": "--input-len",
    "output_len": "--output-len",
    "range_ratio": "--range-ratio",
    "prefix_len": "--prefix-len",
    "suffix_len": "--suffix-len",
    "num_prefixes": "--num-prefixes",
    "prefix_popularity": "--prefix-popularity",
    "prefix_order": "--prefix-order",
    "prefix_hit_rate": "--prefix-hit-rate",
    "fill_prefixes": "--fill-prefixes",
    "random_cache_hit_fraction": "--random-cache-hit-fraction",
    "random_cache_ratio": "--random-cache-ratio",
    "input_dist": "--input-dist",
    "output_dist": "--output-dist",
    "synthetic_kind": "--synthetic-kind",
    "prefix_role": "--prefix-role",
    "shuffle": "--shuffle",
    "oversample": "--oversample",
    "chat_template": "--chat-template",
    "trace_format": "--trace-format",
    "block_size": "--block-size",
    "speedup": "--speedup",
    "trace_start_s": "--trace-start",
    "trace_end_s": "--trace-end",
    "turn_times": "--turn-times",
    "trace_prompts": "--trace-prompts",
    "turns": "--turns",
    "think_time_s": "--think-time",
    "tool_latency_s": "--tool-latency",
    "idle_gap_cap_s": "--idle-gap-cap",
    "max_context": "--max-context",
    "history": "--history",
    "history_reasoning": "--history-reasoning",
    "shots": "--shots",
    "first_question": "--first-question",
    "question_seed": "--question-seed",
    "image_count": "--image-count",
    "image_size": "--image-size",
    "batch_size": "--batch-size",
    "token_ids": "--token-ids",
}
# These switches are on by default, so what the user typed is the flag that turns them off.
_OFF = {
    "--shuffle": "--disable-shuffle",
    "--oversample": "--no-oversample",
    "--chat-template": "--skip-chat-template",
}


def dataset_named(name: str) -> Dataset:
    """The data set of a name. For an unknown one, raises BadInput with the nearest and all known names."""
    if name in DATASETS:
        return DATASETS[name]
    if name in TASKS:
        return Dataset(
            _from("recorded.scored", "scored_prompts"),
            "questions with known answers",
            _SCORED,
            ignores_eos=False,
        )
    found = plugins.plugin(plugins.DATASETS, name, Dataset, "--dataset")
    if found is not None:
        return found
    others = plugins.names(plugins.DATASETS)
    near = difflib.get_close_matches(name.lower(), [*DATASETS, *TASKS, *others], n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise BadInput(f"--dataset {name!r} is unknown; {hint}known: {', '.join([*DATASETS, *others])}")


def taken_by(dataset: Dataset) -> set[str]:
    """The options of a data set; any that reads a file also takes --strict-dataset."""
    return {*dataset.options, *(("--strict-dataset",) if "--dataset-path" in dataset.options else ())}


def check_taken(options: WorkloadOptions) -> None:
    """Raises BadInput for an option that was given but that the data set does not take.

    Only the value shows whether an option was given, so an option with its default value passes.
    """
    taken = taken_by(dataset_named(options.dataset))
    defaults = {field.name: field.default for field in fields(WorkloadOptions)}
    for name, flag in PARTIAL.items():
        if flag not in taken and getattr(options, name) != defaults[name]:
            others = ", ".join(known for known, dataset in DATASETS.items() if flag in taken_by(dataset))
            raise BadInput(
                f"{_OFF.get(flag, flag)} is not an option of --dataset {options.dataset}; it goes with {others}"
            )
