"""The flags of `vllm bench serve` 0.32 that are not options of ours under another name.

`vllm_meaning.run_config` says what each comes to. docs/from-vllm.md lists all of vLLM's flags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from aisbench.cli.options.types import Duration, JsonObject, Listed, option

RANDOM = ("random", "random-mm", "random-rerank", "synthetic", "images", "conversations")
PREFIXES = ("prefix-repetition", "prefix_repetition")
TRACE = ("timed_trace", "trace")
MM = ("random-mm",)


@dataclass(frozen=True)
class Scoped:
    """A flag that stands for the option `field` with the data sets `of`, and means nothing with others.

    The general flag (--input-len, --output-len, ...) counts before it, as in vLLM.
    """

    flag: str
    field: str
    of: tuple[str, ...]
    kind: Any = int

    @property
    def name(self) -> str:
        return self.flag.lstrip("-").replace("-", "_")


SCOPED = (
    Scoped("--random-input-len", "input_len", RANDOM),
    Scoped("--random-output-len", "output_len", RANDOM),
    Scoped("--random-range-ratio", "range_ratio", RANDOM, str),
    Scoped("--random-prefix-len", "prefix_len", RANDOM),
    Scoped("--random-batch-size", "batch_size", RANDOM),
    Scoped("--sharegpt-output-len", "output_len", ("sharegpt",)),
    Scoped("--custom-output-len", "output_len", ("custom", "custom_image", "custom_audio")),
    Scoped("--prefix-repetition-prefix-len", "prefix_len", PREFIXES),
    Scoped("--prefix-repetition-suffix-len", "suffix_len", PREFIXES),
    Scoped("--prefix-repetition-num-prefixes", "num_prefixes", PREFIXES),
    Scoped("--prefix-repetition-output-len", "output_len", PREFIXES),
    Scoped("--sonnet-input-len", "input_len", ("sonnet",)),
    Scoped("--sonnet-output-len", "output_len", ("sonnet",)),
    Scoped("--sonnet-prefix-len", "prefix_len", ("sonnet",)),
    Scoped("--hf-output-len", "output_len", ("hf",)),
    Scoped("--spec-bench-output-len", "output_len", ("spec_bench",)),
    Scoped("--speed-bench-output-len", "output_len", ("speed_bench",)),
    Scoped("--timed-trace-chunk-hash-size", "block_size", TRACE),
    # These are options of their own, by vLLM's names.
    Scoped("--timed-trace-label-timestamp", "timed_trace_label_timestamp", TRACE, str),
    Scoped("--timed-trace-label-input-length", "timed_trace_label_input_length", TRACE, str),
    Scoped("--timed-trace-label-output-length", "timed_trace_label_output_length", TRACE, str),
    Scoped("--timed-trace-label-hash-ids", "timed_trace_label_hash_ids", TRACE, str),
    Scoped("--hf-subset", "hf_subset", ("hf",), str),
    Scoped("--hf-split", "hf_split", ("hf",), str),
    Scoped("--hf-name", "hf_name", ("hf",), str),
    Scoped("--blazedit-min-distance", "blazedit_min_distance", ("hf",), float),
    Scoped("--blazedit-max-distance", "blazedit_max_distance", ("hf",), float),
    Scoped("--asr-min-audio-len-sec", "asr_min_audio_len_sec", ("hf",), float),
    Scoped("--asr-max-audio-len-sec", "asr_max_audio_len_sec", ("hf",), float),
    Scoped("--bfcl-categories", "bfcl_categories", ("hf",), Listed(str)),
    Scoped("--spec-bench-category", "spec_bench_category", ("spec_bench",), str),
    Scoped("--speed-bench-category", "speed_bench_category", ("speed_bench",), str),
    Scoped("--speed-bench-dataset-subset", "speed_bench_dataset_subset", ("speed_bench",), str),
    Scoped("--random-mm-base-items-per-request", "random_mm_base_items_per_request", MM),
    Scoped("--random-mm-num-mm-items-range-ratio", "random_mm_num_mm_items_range_ratio", MM, float),
    Scoped("--random-mm-limit-mm-per-prompt", "random_mm_limit_mm_per_prompt", MM, JsonObject()),
    Scoped("--random-mm-bucket-config", "random_mm_bucket_config", MM, str),
    Scoped("--custom-ensure-client-side-data", "custom_ensure_client_side_data", ("custom_image",), bool),
    Scoped("--no-reranker", "no_reranker", ("random-rerank",), bool),
)


@dataclass(frozen=True)
class BodyKey:
    """A flag whose value goes into every request body."""

    flag: str
    kind: Any
    about: str

    @property
    def name(self) -> str:
        return self.flag.lstrip("-").replace("-", "_")


# In the order in which vLLM's client merges them; --temperature, an option of its own, stands after --min-p.
SAMPLING = (
    BodyKey("--top-p", float, "Sampling parameter, sent only when given."),
    BodyKey("--top-k", int, "Sampling parameter, sent only when given."),
    BodyKey("--min-p", float, "Sampling parameter, sent only when given."),
    BodyKey("--frequency-penalty", float, "Sampling parameter, sent only when given."),
    BodyKey("--presence-penalty", float, "Sampling parameter, sent only when given."),
    BodyKey("--repetition-penalty", float, "Sampling parameter, sent only when given."),
)
LOGPROBS = BodyKey("--logprobs", int, "Log probabilities for each token, sent to completions only.")


def scoped(one: Scoped) -> Any:
    how: dict[str, Any] = {"is_flag": True} if one.kind is bool else {"type": one.kind}
    return click.option(one.flag, one.name, hidden=True, help=f"Of {', '.join(one.of)} alone.", **how)


def body_key(one: BodyKey) -> Any:
    return click.option(one.flag, one.name, type=one.kind, help=one.about)


# What is asked, and of whom: for every command that makes a workload.
VLLM_WORKLOAD_OPTIONS: tuple[Any, ...] = (
    *map(scoped, SCOPED),
    *map(body_key, (*SAMPLING, LOGPROBS)),
    click.option("--host", help="With --port, the same as --url http://HOST:PORT."),
    click.option("--port", type=int, help="8000 where only --host is given."),
    click.option(
        "--served-model-name",
        metavar="NAME",
        help="Model name to send; --model then names the tokenizer, if the local cache has one.",
    ),
    click.option(
        "--extra-headers",
        type=JsonObject(),
        metavar="JSON",
        help='Headers to send along, as an object: {"X-Tenant": "a"}.',
    ),
    click.option("--tokenizer-mode", hidden=True, help="auto, hf or slow; all read tokenizer.json."),
    click.option("--skip-tokenizer-init", is_flag=True, help="Use no tokenizer, whatever --tokenizer says."),
    option(
        "--chat-template-kwargs",
        name="chat_template_kwargs",
        type=JsonObject(),
        metavar="JSON",
        help="For the chat template that custom and speed_bench put prompts into.",
    ),
    click.option(
        "--enable-multimodal-chat",
        is_flag=True,
        hidden=True,
        help="Has no effect: texts and media stand in a chat message in any case.",
    ),
    click.option("--use-beam-search", is_flag=True, hidden=True, help="Has no effect, as in vLLM 0.32."),
    click.option(
        "--timed-trace-sec-multiplier",
        type=float,
        hidden=True,
        help="Seconds that 1 is in a trace's timestamps: the inverse of --speedup.",
    ),
)
# What is done beside the load: for `aisbench load` and what plans the same run.
VLLM_RUN_OPTIONS: tuple[Any, ...] = (
    option(
        "--ready-check-timeout-sec",
        name="ready_timeout_s",
        type=Duration(),
        metavar="S",
        help="Wait so long for the server to answer a first request; 0: do not wait.",
    ),
    option(
        "--profile",
        name="profile",
        is_flag=True,
        help="Start the server's profiler before the run and stop it after (vLLM, SGLang).",
    ),
    option(
        "--request-id-prefix",
        name="request_id_prefix",
        metavar="TEXT",
        help="What X-Request-Id begins with; a number follows.",
    ),
    option(
        "--probe-request-rate",
        name="probe_rate",
        type=float,
        metavar="RPS",
        help="Send requests of one token at this rate beside the load, timed apart.",
    ),
    option(
        "--self-timed/--no-self-timed",
        name="self_timed",
        help="A trace at its own times, or at --rate; by default its own unless --rate is given.",
    ),
    option(
        "--save-result",
        name="save_result",
        is_flag=True,
        help="Write vllm.json a second time, where vllm bench serve does.",
    ),
    option(
        "--append-result",
        name="append_result",
        is_flag=True,
        help="The same, as one more line of a file that may be there already.",
    ),
    option("--result-dir", name="result_dir", metavar="DIR", help="Folder of that file; it is made."),
    option("--result-filename", name="result_filename", metavar="FILE", help="Its name."),
    option(
        "--plot-timeline",
        name="plot_timeline",
        is_flag=True,
        help="Write a page with every request as a bar, beside the result file.",
    ),
    option(
        "--timeline-itl-thresholds",
        name="timeline_itl_thresholds",
        type=Listed(float),
        metavar="MS,MS",
        help="Gaps between tokens that the timeline colours orange and red.",
    ),
    option(
        "--plot-dataset-stats",
        name="plot_dataset_stats",
        is_flag=True,
        help="Draw the prompt and output lengths into a picture beside the result file.",
    ),
)
