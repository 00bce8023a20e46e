"""The flags of `vllm bench serve` 0.32 that are not fields of RunConfig, but are translated into some.

`aisbench.config.foreign.vllm_meaning` translates them. docs/from-vllm.md lists all of vLLM's flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aisbench.config.client import SECTION
from aisbench.options.option import JSON, option

# Fields of every body, in the order in which vLLM's client adds them. --temperature, which is a field of RunConfig,
# comes after --min-p.
SAMPLING = ("top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty")
_option = partial(option, section=SECTION)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class VllmFlags:
    """The flags as given on the command line; None if not given."""

    top_p: float | None = _option(
        "--top-p",
        help="Sampling parameter, sent only when given.",
        vllm="--top-p",
    )
    top_k: int | None = _option(
        "--top-k",
        help="Sampling parameter, sent only when given.",
        vllm="--top-k",
    )
    min_p: float | None = _option(
        "--min-p",
        help="Sampling parameter, sent only when given.",
        vllm="--min-p",
    )
    frequency_penalty: float | None = _option(
        "--frequency-penalty",
        help="Sampling parameter, sent only when given.",
        vllm="--frequency-penalty",
    )
    presence_penalty: float | None = _option(
        "--presence-penalty",
        help="Sampling parameter, sent only when given.",
        vllm="--presence-penalty",
    )
    repetition_penalty: float | None = _option(
        "--repetition-penalty",
        help="Sampling parameter, sent only when given.",
        vllm="--repetition-penalty",
    )
    logprobs: int | None = _option(
        "--logprobs",
        help="Log probabilities for each token, sent to completions only.",
        vllm="--logprobs",
    )
    host: str | None = _option(
        "--host",
        help="With --port, the same as --url http://HOST:PORT.",
        vllm="--host",
    )
    port: int | None = _option(
        "--port",
        help="Port of the server; 8000 if only --host is given.",
        vllm="--port",
    )
    served_model_name: str | None = _option(
        "--served-model-name",
        metavar="NAME",
        help="Model name to send; --model then names the tokenizer, if the local cache has one.",
        vllm="--served-model-name",
    )
    extra_headers: Mapping[str, Any] | None = _option(
        "--extra-headers",
        kind=JSON,
        metavar="JSON",
        help='Headers to send along, as a JSON object: {"X-Tenant": "a"}.',
    )
    tokenizer_mode: str | None = _option(
        "--tokenizer-mode",
        help="auto, hf or slow; all read tokenizer.json.",
        vllm="--tokenizer-mode",
        hidden=True,
    )
    skip_tokenizer_init: bool = _option(
        "--skip-tokenizer-init",
        default=False,
        help="Use no tokenizer, whatever --tokenizer says.",
        vllm="--skip-tokenizer-init",
    )
    enable_multimodal_chat: bool = _option(
        "--enable-multimodal-chat",
        default=False,
        help="Has no effect: texts and media are put into a chat message in any case.",
        vllm="--enable-multimodal-chat",
        hidden=True,
    )
    use_beam_search: bool = _option(
        "--use-beam-search",
        default=False,
        help="Has no effect, as in vLLM 0.32.",
        vllm="--use-beam-search",
        hidden=True,
    )
    timed_trace_sec_multiplier: float | None = _option(
        "--timed-trace-sec-multiplier",
        help="Seconds per unit of a trace's timestamps: the inverse of --speedup.",
        vllm="--timed-trace-sec-multiplier",
        hidden=True,
    )
