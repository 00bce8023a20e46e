"""What is asked. `aisbench workloads` says which data set heeds which of these."""

from __future__ import annotations

from aisbench.cli.options.types import Choice, Duration, JsonObject, Listed, option
from aisbench.workload.options import (
    HISTORIES,
    LORA_ASSIGNMENTS,
    PREFIX_ROLES,
    SYNTHETIC_KINDS,
    TRACE_FORMATS,
)


def datasets() -> list[str]:
    from aisbench.workload.datasets.registry import DATASETS

    return sorted(DATASETS)


WORKLOAD_OPTIONS = (
    option(
        "--dataset",
        "--dataset-name",
        name="dataset",
        type=Choice(datasets, open=True),
        help="Workload; `aisbench workloads` lists them.",
    ),
    option("--dataset-path", name="dataset_path", metavar="FILE", help="File or folder of the data set."),
    option(
        "--strict-dataset",
        name="strict_dataset",
        is_flag=True,
        help="Refuse a file with rows that cannot be used, instead of leaving them out.",
    ),
    option(
        "--input-len",
        name="input_len",
        type=int,
        metavar="TOKENS",
        help="Prompt length; 1024 for random.",
    ),
    option(
        "--output-len",
        name="output_len",
        type=int,
        metavar="TOKENS",
        help="Output length; 128 for random, else as the data set says.",
    ),
    option(
        "--range-ratio",
        name="range_ratio",
        metavar="R",
        help='Lengths vary by this share: 0.25, or {"input": 0.25, "output": 0}.',
    ),
    option(
        "--prefix-len",
        name="prefix_len",
        type=int,
        metavar="TOKENS",
        help="Prefix that all prompts share, before --input-len.",
    ),
    option(
        "--suffix-len",
        name="suffix_len",
        type=int,
        metavar="TOKENS",
        help="What stands behind a shared prefix.",
    ),
    option(
        "--num-prefixes",
        name="num_prefixes",
        type=int,
        metavar="N",
        help="How many prefixes there are to share.",
    ),
    option(
        "--prefix-role",
        name="prefix_role",
        type=Choice(PREFIX_ROLES),
        help="user, or system: the shared prefix is a system message.",
    ),
    option(
        "--system-prompt", name="system_prompt", metavar="TEXT", help="System message before every prompt."
    ),
    option(
        "--synthetic-kind",
        name="synthetic_kind",
        type=Choice(SYNTHETIC_KINDS),
        help="string or tokenid, as in AISBench.",
    ),
    option(
        "--input-dist",
        name="input_dist",
        metavar="LAW",
        help="fixed:N, uniform:A-B, gaussian:mean=M,std=S, zipf:alpha=A, percentiles:50=100,90=800; all take min=, max=.",
    ),
    option("--output-dist", name="output_dist", metavar="LAW", help="The same for output lengths."),
    option(
        "--shuffle/--disable-shuffle",
        name="shuffle",
        help="Order of a data set's file: drawn by --seed, or as it is.",
    ),
    option(
        "--oversample/--no-oversample",
        name="oversample",
        help="Use rows again where a file has fewer than asked for.",
    ),
    option(
        "--chat-template/--skip-chat-template",
        name="chat_template",
        help="For custom: put prompts in the tokenizer's chat template, as vllm bench does.",
    ),
    option(
        "--trace-format",
        name="trace_format",
        type=Choice(TRACE_FORMATS),
        help="mooncake, azure or burstgpt; by default what the file looks like.",
    ),
    option(
        "--block-size",
        name="block_size",
        type=int,
        metavar="TOKENS",
        help="Tokens behind each hash id of a trace.",
    ),
    option("--speedup", name="speedup", type=float, help="A trace's times are divided by this."),
    option("--turns", name="turns", type=int, metavar="N", help="Most turns of a conversation."),
    option(
        "--think-time",
        name="think_time_s",
        type=Duration(),
        metavar="TIME",
        help="Seconds between an answer and the next turn.",
    ),
    option(
        "--history",
        name="history",
        type=Choice(HISTORIES),
        help="answers: later turns hold the server's own answers; recorded: the file's.",
    ),
    option("--image-count", name="image_count", type=int, metavar="N", help="Images a request."),
    option(
        "--image-size",
        name="image_size",
        metavar="WxH",
        help="Synthetic images of this size, instead of files.",
    ),
    option(
        "--batch-size",
        name="batch_size",
        type=int,
        metavar="N",
        help="Texts an embedding request.",
    ),
    option(
        "--lora-modules",
        name="lora_modules",
        type=Listed(str),
        metavar="NAME...",
        help="Models to spread the requests over.",
    ),
    option(
        "--lora-assignment",
        name="lora_assignment",
        type=Choice(LORA_ASSIGNMENTS),
        help="random or round-robin.",
    ),
    option(
        "--tokenizer",
        name="tokenizer",
        metavar="NAME",
        help="Folder, or a model's name in the local cache; without one, prompts are words of a built-in list.",
    ),
    option(
        "--trust-remote-code",
        name="trust_remote_code",
        is_flag=True,
        help="Let the tokenizer run code of its own.",
    ),
    option(
        "--token-ids",
        name="token_ids",
        is_flag=True,
        help="Send token ids instead of text (completions only): lengths are exact.",
    ),
    option(
        "--ignore-eos/--no-ignore-eos",
        name="ignore_eos",
        help="Generate to the full length; on by default for random prompts.",
    ),
    option("--temperature", name="temperature", type=float, help="Sent only when given."),
    option(
        "--extra-body",
        name="extra_body",
        type=JsonObject(),
        metavar="JSON",
        help="Merged into every request body.",
    ),
    option(
        "--omit-field",
        name="omit_field",
        multiple=True,
        metavar="NAME",
        help="A field to leave out of every body, for servers that refuse it (stream_options, ...); may be repeated.",
    ),
)
