"""`aisbench simulate`: the built-in inference server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import click

from aisbench.cli.command import Command
from aisbench.simulator.model.parameters import FAULTS, Parameters, parse_faults

SECTIONS = (
    ("Address", ("host", "port", "uds", "tls_cert", "tls_key", "api_key")),
    ("Model", ("model", "model_alias", "max_model_len", "embedding_size", "image_tokens")),
    ("Scheduling", ("max_num_seqs", "kv_tokens", "max_batched_tokens", "prefix_cache_tokens")),
    ("Time", ("prefill_us_per_token", "prefill_fixed_ms", "decode_base_ms", "decode_per_seq_us", "jitter")),
    ("Stream", ("stop_early", "reasoning_tokens", "usage_in_last_chunk")),
    ("Faults", ("fault", "huge_event_bytes")),
)
Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_DEFAULTS = {field.name: field.default for field in fields(Parameters)}


def option(flag: str, kind: type, help_text: str) -> Callable[[Decorated], Decorated]:
    name = flag.removeprefix("--").replace("-", "_")
    return click.option(flag, name, type=kind, default=_DEFAULTS[name], show_default=True, help=help_text)


@click.command(cls=Command, sections=SECTIONS)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=int, default=8000, show_default=True, help="Port to listen on; 0: any free one.")
@click.option("--uds", metavar="PATH", help="Listen on a Unix socket instead.")
@click.option("--tls-cert", metavar="FILE", help="Certificate (PEM) to speak https with.")
@click.option("--tls-key", metavar="FILE", help="Its key (PEM).")
@option("--model", str, "Name of the model served.")
@click.option(
    "--model-alias",
    "model_alias",
    multiple=True,
    metavar="NAME",
    help="Another name that is served, as that of a LoRA adapter is; repeatable.",
)
@option("--max-model-len", int, "Most tokens of prompt and output together.")
@option("--max-num-seqs", int, "Most sequences in a batch; others wait.")
@option("--kv-tokens", int, "Tokens that the KV cache holds; sequences for which there is no room wait.")
@option("--max-batched-tokens", int, "Most tokens that one step prefills and decodes.")
@option("--prefill-us-per-token", float, "Time a step takes longer for each prompt token that it prefills.")
@option("--prefill-fixed-ms", float, "Time a step takes longer for each request that it admits.")
@option("--decode-base-ms", float, "Time that every step takes.")
@option("--decode-per-seq-us", float, "Time a step takes longer for each sequence that gets a token in it.")
@option("--jitter", float, "Relative standard deviation of a step's length.")
@option("--stop-early", float, "Chance at each token that it is the last, unless ignore_eos is asked for.")
@option("--reasoning-tokens", int, "So many tokens at the start of a chat come as reasoning_content.")
@click.option(
    "--usage-in-last-chunk",
    is_flag=True,
    help="Completions and chats count their tokens unasked, in the event of the last one, as MindIE does.",
)
@option("--embedding-size", int, "Numbers in a vector of /v1/embeddings and /pooling.")
@option("--image-tokens", int, "Tokens that an image in a chat counts for.")
@option(
    "--prefix-cache-tokens",
    int,
    "Prompt tokens that its prefix cache keeps, for completions and chats; 0: none.",
)
@option("--seed", int, "Of jitter, early ends and faults.")
@click.option("--api-key", metavar="KEY", help="Answer 401 to /v1 without this key.")
@click.option(
    "--fault",
    "fault",
    multiple=True,
    metavar="KIND:SHARE",
    help=f"Inject a fault into this share of requests; repeatable. Kinds: {', '.join(FAULTS)}.",
)
@option("--huge-event-bytes", int, "Size of the event that a huge-event fault sends.")
@click.option("--announce", type=int, hidden=True)
@click.option("--lifeline", type=int, hidden=True)
def simulate(
    host: str,
    port: int,
    uds: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    fault: tuple[str, ...],
    announce: int | None,
    lifeline: int | None,
    **given: Any,
) -> None:
    """Run a simulated inference server with continuous batching and known costs.

    \b
    aisbench simulate --port 8000
    aisbench simulate --port 0 --max-num-seqs 64 --decode-base-ms 20
    aisbench simulate --fault http-500:0.05 --fault stall:0.01 --seed 7

    It speaks every API that --backend names: OpenAI's completions, chat, responses and embeddings, vLLM's
    pooling and rerank, TGI's, Triton's, SGLang's and MindIE's paths. Beside these it answers /v1/models,
    /tokenize, /detokenize, /health, /metrics (vLLM's names) and /truth (what it saw since /reset). A text
    has one token per word.
    """
    parameters = Parameters(faults=parse_faults(fault), **given)
    parameters.check()
    from aisbench.simulator.serve import serve

    serve(
        parameters,
        host,
        port,
        click.echo,
        uds=uds,
        tls=(tls_cert, tls_key),
        announce=announce,
        lifeline=lifeline,
    )
