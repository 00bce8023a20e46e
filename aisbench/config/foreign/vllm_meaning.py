"""Translates vLLM's flags into options of a run, and says which of them have no effect."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aisbench.backends.backend import Backend
from aisbench.backends.registry import backend_named
from aisbench.config.foreign.scoped_flags import SCOPED
from aisbench.config.foreign.vllm_flags import SAMPLING, VllmFlags
from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.options.option import declared
from aisbench.saying import say

# vLLM's defaults for these fields, which change nothing.
_NEUTRAL = {"prefix_len": 0, "batch_size": 1}
# Data sets that apply a chat template to their prompts themselves.
_TEMPLATED = ("custom", "speed_bench")
_TIMED = ("timed_trace", "trace", "file")
_CUSTOM = ("custom", "custom_image", "custom_audio")
_SWITCHES = {
    "shuffle": ("--shuffle", "--disable-shuffle"),
    "oversample": ("--oversample", "--no-oversample"),
    "chat_template": ("--chat-template", "--skip-chat-template"),
}

Say = Callable[[str], None]
_TO_STDERR: Say = partial(say, err=True)
_DEFAULT_HOST, _DEFAULT_PORT = "127.0.0.1", 8000
# All give the same token ids, because transformers has no slow tokenizers any more.
_TOKENIZER_MODES = ("auto", "hf", "slow")


def run_config(options: Mapping[str, Any], say: Say = _TO_STDERR) -> RunConfig:
    """The configuration of a run from the command line's options, vLLM's flags included.

    `say` is called with a line for each flag that has no effect here. Raises BadInput for values that cannot be used.
    """
    given = dict(options)
    theirs = {name: given.pop(name, None) for name in NAMES}
    _datasets_own_lengths(given, theirs, say)
    target(given, theirs)
    _names_and_tokenizer(given, theirs, say)
    _body_keys(given, theirs, say)
    _trace_times(given, theirs, say)
    if given.get("dataset") == "hf" and given.get("stream") is False:
        given["stream"] = True
        say("--no-stream with --dataset hf is about how vLLM reads the data set; answers are streamed")
    if given.get("dataset") in _CUSTOM and (given.get("num_requests") or 1) <= 0:
        # As in vLLM: all rows.
        given["num_requests"] = None
    if given.get("chat_template_kwargs") and given.get("dataset") not in _TEMPLATED:
        say(
            f"--chat-template-kwargs has no effect with --dataset {given.get('dataset')}, as in vLLM's client; "
            "for the server's own template give --extra-body '{\"chat_template_kwargs\": {...}}'"
        )
    if theirs["use_beam_search"]:
        say("--use-beam-search has no effect, as in vLLM's client; request it with --extra-body")
    return RunConfig(**given)


# The flags that are not fields of RunConfig, or that work with some data sets only.
NAMES = (*(one.name for one in SCOPED), *(one.name for one in declared(VllmFlags)))


def _datasets_own_lengths(given: dict[str, Any], theirs: dict[str, Any], say: Say) -> None:
    """Applies --random-input-len and similar flags, unless the general flag is given."""
    unused = []
    for one in SCOPED:
        value = theirs[one.name]
        if value is None or value is False or _NEUTRAL.get(one.field) == value:
            continue
        if given.get("dataset") not in one.of:
            unused.append(one.flag)
        elif one.name == one.field or given.get(one.field) in (None, "0.0"):
            given[one.field] = value
    unused += _untaken(given)
    if unused:
        say(f"no effect with --dataset {given.get('dataset')}: {', '.join(unused)}")


def _untaken(given: dict[str, Any]) -> list[str]:
    """The switches in `given` that have no effect with this data set, as in vLLM's client. Resets them."""
    off = {name: flag for name, flag in _SWITCHES.items() if given.get(name) is False}
    if not off:
        return []
    from aisbench.workload.datasets.registry import DATASETS

    known = DATASETS.get(given.get("dataset") or "")
    without = {name: flag for name, (taken, flag) in off.items() if known and taken not in known.options}
    given |= dict.fromkeys(without, True)
    return list(without.values())


def target(given: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Turns --host, --port and --extra-headers into `url` and `header` of `given`."""
    host, port = theirs["host"], theirs["port"]
    if (host is not None or port is not None) and not given.get("url"):
        host = host or _DEFAULT_HOST
        if "/" in host:
            raise BadInput(f"--host must be a name or an address, got {host}; give a whole URL with --url")
        port = _DEFAULT_PORT if port is None else port
        if not 0 < port < 65536:
            raise BadInput(f"--port must be a number from 1 to 65535, got {port}")
        bare = host.strip("[]")
        given["url"] = (f"http://[{bare}]:{port}" if ":" in bare else f"http://{bare}:{port}",)
    for name, value in (theirs["extra_headers"] or {}).items():
        if not isinstance(value, (str, int, float)) or isinstance(value, bool):
            raise BadInput(f"--extra-headers: the value of {name} must be text or a number")
        given["header"] = (*given.get("header", ()), f"{name}: {value}")


def _names_and_tokenizer(given: dict[str, Any], theirs: dict[str, Any], say: Say) -> None:
    mode = theirs["tokenizer_mode"]
    if mode is not None and mode not in _TOKENIZER_MODES:
        raise BadInput(
            f"--tokenizer-mode {mode} needs a tokenizer that only vLLM has; give auto, hf or slow, "
            "and --tokenizer with a folder that holds tokenizer.json"
        )
    served = theirs["served_model_name"]
    model = given.get("model")
    if served is not None:
        given["model"] = served
    if theirs["skip_tokenizer_init"]:
        given["tokenizer"] = None
    elif (served is not None or given.get("compat") == "vllm") and model and given.get("tokenizer") is None:
        given["tokenizer"] = _tokenizer_of(model)
        if given["tokenizer"] is None:
            say(
                f"the local cache has no tokenizer of {model}, so prompts are made without one; "
                "name one with --tokenizer"
            )


def _tokenizer_of(model: str) -> str | None:
    """`model` if it can be given to --tokenizer, None if this host has no tokenizer of that name."""
    from aisbench.workload.tokens.tokenizers import tokenizer_folder

    try:
        tokenizer_folder(model)
    except BadInput:
        return None
    return model


def _body_keys(given: dict[str, Any], theirs: dict[str, Any], say: Say) -> None:
    """Puts sampling parameters into the body before --extra-body, which may override them."""
    sampling = {name: theirs[name] for name in SAMPLING if theirs[name] is not None}
    logprobs = theirs["logprobs"]
    if not sampling and logprobs is None:
        return
    for name, value in sampling.items():
        if not math.isfinite(value):
            raise BadInput(f"--{name.replace('_', '-')} must be a number, got {value:g}")
    backend = backend_named(given["backend"], given.get("template"))
    if not backend.generates:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in sampling) or "--logprobs"
        say(f"no effect with --backend {given['backend']}, which generates nothing: {flags}")
        return
    more: dict[str, Any] = {}
    if logprobs is not None and backend.family == "openai-completions":
        more["logprobs"] = logprobs
    elif logprobs is not None:
        say(
            f"--logprobs has no effect with --backend {given['backend']}, as in vLLM's client; "
            'chat takes --extra-body \'{"logprobs": true, "top_logprobs": 5}\''
        )
    if sampling:
        more |= _placed(_in_order(given, sampling, backend), backend, given["backend"])
    extra = given.get("extra_body") or {}
    inner = backend.parameters_in
    if inner in more and isinstance(extra.get(inner), Mapping):
        extra = {**extra, inner: {**more[inner], **extra[inner]}}
    given["extra_body"] = {**more, **extra}


def _in_order(given: dict[str, Any], sampling: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The sampling parameters, with the temperature where vLLM's client puts it in OpenAI's bodies."""
    if not backend.family.startswith("openai") or given.get("temperature") is None:
        return sampling
    ordered = {**sampling, "temperature": given["temperature"]}
    given["temperature"] = None
    names = [*SAMPLING]
    names.insert(names.index("min_p") + 1, "temperature")
    return {name: ordered[name] for name in names if name in ordered}


def _placed(sampling: dict[str, Any], backend: Backend, name: str) -> dict[str, Any]:
    if backend.family.startswith("openai"):
        return sampling
    if backend.parameters_in is not None:
        return {backend.parameters_in: sampling}
    flags = ", ".join(f"--{key.replace('_', '-')}" for key in sampling)
    raise BadInput(f"{flags}: --backend {name} has its own names for these; give them with --extra-body")


def _trace_times(given: dict[str, Any], theirs: dict[str, Any], say: Say) -> None:
    seconds = theirs["timed_trace_sec_multiplier"]
    if seconds is not None and given.get("dataset") != "timed_trace":
        say(f"no effect with --dataset {given.get('dataset')}: --timed-trace-sec-multiplier")
    elif seconds is not None:
        if not 0 < seconds < math.inf:
            raise BadInput(f"--timed-trace-sec-multiplier must be a number above 0, got {seconds:g}")
        given["speedup"] = given.get("speedup", 1.0) / seconds
    if given.get("self_timed") is not None and given.get("dataset") not in _TIMED:
        raise BadInput(
            f"--self-timed and --no-self-timed need --dataset {', '.join(_TIMED)}, got {given.get('dataset')}"
        )
