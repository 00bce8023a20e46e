"""`aisbench simulate`: runs the built-in inference server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import click

from aisbench.cli.command import Command
from aisbench.simulator.model.parameters import FAULTS, ROUTERS, Parameters, parse_faults

SECTIONS = (
    ("Address", ("host", "port", "uds", "tls_cert", "tls_key", "api_key")),
    ("Model", ("model", "model_alias", "max_model_len", "embedding_size", "image_tokens")),
    ("Scheduling", ("max_num_seqs", "kv_tokens", "max_batched_tokens")),
    ("Prefix cache", ("prefix_cache_tokens", "prefix_cache_block", "replicas", "router")),
    ("Time", ("prefill_us_per_token", "prefill_fixed_ms", "decode_base_ms", "decode_per_seq_us", "jitter")),
    ("Stream", ("stop_early", "reasoning_tokens", "usage_in_last_chunk", "answers")),
    ("Faults", ("fault", "huge_event_bytes", "wrong_above")),
)
Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_DEFAULTS = {field.name: field.default for field in fields(Parameters)}


def option(flag: str, kind: type, help_text: str) -> Callable[[Decorated], Decorated]:
    name = flag.removeprefix("--").replace("-", "_")
    return click.option(flag, name, type=kind, default=_DEFAULTS[name], show_default=True, help=help_text)


@click.command(cls=Command, sections=SECTIONS)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=int, default=8000, show_default=True, help="Port to listen on; 0 picks a free one."
)
@click.option("--uds", metavar="PATH", help="Listen on a Unix socket instead.")
@click.option("--tls-cert", metavar="FILE", help="Certificate (PEM) to serve https with.")
@click.option("--tls-key", metavar="FILE", help="Key (PEM) of the certificate.")
@option("--model", str, "Name of the model served.")
@click.option(
    "--model-alias",
    "model_alias",
    multiple=True,
    metavar="NAME",
    help="Another name to serve, such as that of a LoRA adapter; repeatable.",
)
@option("--max-model-len", int, "Maximum tokens of prompt and output together.")
@option("--max-num-seqs", int, "Maximum sequences in a batch; others wait.")
@option("--kv-tokens", int, "Tokens that the KV cache holds; sequences that do not fit wait.")
@option("--max-batched-tokens", int, "Maximum tokens that one step prefills and decodes.")
@option("--prefill-us-per-token", float, "Time added to a step for each prompt token that it prefills.")
@option("--prefill-fixed-ms", float, "Time added to a step for each request that it admits.")
@option("--decode-base-ms", float, "Time that every step takes.")
@option("--decode-per-seq-us", float, "Time added to a step for each sequence that gets a token.")
@option("--jitter", float, "Relative standard deviation of a step's duration.")
@option("--stop-early", float, "Probability that a token is the last, unless the request sets ignore_eos.")
@option("--reasoning-tokens", int, "Tokens at the start of a chat answer that come as reasoning_content.")
@click.option(
    "--usage-in-last-chunk",
    is_flag=True,
    help="Completions and chats send usage in the last token's event, even if not requested, as MindIE does.",
)
@click.option(
    "--answers",
    metavar="FILE",
    help="JSON lines with question and answer. A prompt that contains a question gets its answer, one token per word.",
)
@option("--embedding-size", int, "Numbers in a vector of /v1/embeddings and /pooling.")
@option("--image-tokens", int, "Tokens counted for an image in a chat.")
@option(
    "--prefix-cache-tokens",
    int,
    "Tokens that the prefix cache keeps, of prompts and answers; 0 turns it off.",
)
@option(
    "--prefix-cache-block", int, "Tokens in a block of the prefix cache; only whole blocks are found again."
)
@option("--replicas", int, "Prefix caches of that size behind this port; each request meets one of them.")
@click.option(
    "--router",
    type=click.Choice(ROUTERS),
    default=_DEFAULTS["router"],
    show_default=True,
    help="How a replica is chosen: by session (its header, or else its first 16 tokens), at random, or in turn.",
)
@option("--seed", int, "Seed of jitter, early ends and faults.")
@click.option("--api-key", metavar="KEY", help="Answer requests to /v1 without this key with 401.")
@click.option(
    "--fault",
    "fault",
    multiple=True,
    metavar="KIND:SHARE",
    help=f"Inject a fault into this share of requests; repeatable. Kinds: {', '.join(FAULTS)}.",
)
@option("--huge-event-bytes", int, "Size of the event that a huge-event fault sends.")
@option(
    "--wrong-above",
    int,
    "Known answers (--answers) become wrong in a step that gives tokens to more sequences than this; 0: never.",
)
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

    It serves every API that --backend accepts: OpenAI's completions, chat, responses and embeddings, vLLM's
    pooling and rerank, TGI's, Triton's, SGLang's and MindIE's paths. It also serves /v1/models, /tokenize,
    /detokenize, /health, /metrics (vLLM's names) and /truth (what it saw since /reset). Each word is one
    token.
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
