"""Options for request bodies that apply to every data set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aisbench.errors import BadInput
from aisbench.options.checks import at_least, whole
from aisbench.options.option import JSON, SEED, ListOf, option
from aisbench.workload.seeds import LARGEST
from aisbench.workload.vllm_dataset_options import SECTION

_LORA_ASSIGNMENTS = ("random", "round-robin")
# The engine relies on these as the backend writes them, so --extra-body cannot replace them.
FIXED_FIELDS = ("stream", "prompt", "messages", "input", "inputs", "text_input")
_option = partial(option, section=SECTION)


def check_extra_body(flag: str, value: Mapping[str, Any]) -> None:
    """Raises BadInput for what cannot be merged into a body."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise BadInput(
            f"{flag} cannot be written as JSON ({problem}); give plain numbers, strings, lists"
        ) from None
    for name in FIXED_FIELDS:
        if name in value:
            raise BadInput(f"{flag} cannot replace {name!r}; leave it out")


def check_omitted(flag: str, value: tuple[str, ...]) -> None:
    """Raises BadInput for a field that every body needs."""
    for name in value:
        if name in FIXED_FIELDS:
            raise BadInput(f"{flag} {name}: every request needs this field; only others can be left out")


def check_named(flag: str, value: tuple[str, ...]) -> None:
    """Raises BadInput for a field that cannot hold a name. Dots lead into objects."""
    for name in value:
        if not all(name.split(".")):
            raise BadInput(
                f"{flag} must be names of fields such as user, or session_params.session_id for one in an object, got {name}"
            )
        if name.split(".")[0] in FIXED_FIELDS:
            raise BadInput(f"{flag} cannot replace {name!r}, which every request needs; leave it out")


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class RequestOptions:
    """Options for request bodies. None: left out of the bodies, or decided by the data set."""

    lora_modules: tuple[str, ...] = _option(
        "--lora-modules",
        default=(),
        kind=ListOf(str, many=True),
        metavar="NAME...",
        help="Models to spread the requests over.",
        vllm="--lora-modules",
    )
    lora_assignment: str = _option(
        "--lora-assignment",
        default="random",
        words=_LORA_ASSIGNMENTS,
        help="random or round-robin.",
        vllm="--lora-assignment",
    )
    tokenizer: str | None = _option(
        "--tokenizer",
        metavar="NAME",
        help="Folder, or name of a model in the local cache. Without one, prompts are words from a built-in list.",
        vllm="--tokenizer",
    )
    trust_remote_code: bool = _option(
        "--trust-remote-code",
        default=False,
        help="Allow the tokenizer to run its own code.",
        vllm="--trust-remote-code",
    )
    token_ids: bool = _option(
        "--token-ids",
        default=False,
        help="Send token ids instead of text (completions only): lengths are exact.",
    )
    ignore_eos: bool | None = _option(
        "--ignore-eos/--no-ignore-eos",
        help="Generate to the full length. Default: on for random prompts.",
        vllm="--ignore-eos",
    )
    temperature: float | None = _option(
        "--temperature",
        check=at_least(0),
        help="Sampling temperature; sent only if given.",
        vllm="--temperature",
    )
    extra_body: Mapping[str, Any] | None = _option(
        "--extra-body",
        kind=JSON,
        check=check_extra_body,
        metavar="JSON",
        help="Merged into every request body.",
        vllm="--extra-body",
    )
    omit_field: tuple[str, ...] = _option(
        "--omit-field",
        default=(),
        repeated=True,
        check=check_omitted,
        metavar="NAME",
        help="Field to leave out of every body, for servers that refuse it (stream_options, ...). Repeat for several.",
    )
    session_field: tuple[str, ...] = _option(
        "--session-field",
        default=(),
        kind=ListOf(str, many=True),
        check=check_named,
        metavar="NAME...",
        help="Fields of the body that get a value for each session: prompt_cache_key, user, cache_salt, session_params.session_id, ...",
    )
    run_field: tuple[str, ...] = _option(
        "--run-field",
        default=(),
        kind=ListOf(str, many=True),
        check=check_named,
        metavar="NAME...",
        help="Fields of the body that get one value, new in each run. With cache_salt, no run finds what an earlier one left in vLLM's cache.",
    )
    seed: int = _option(
        "--seed",
        section="Load",
        default=0,
        kind=SEED,
        shown_default="auto",
        check=whole(0, LARGEST),
        metavar="N",
        help="Random seed of prompts and arrivals. auto draws one for generated prompts (config.yaml records it) and is 0 for files and --compat vllm.",
        vllm="--seed",
    )
    chat_template_kwargs: Mapping[str, Any] | None = _option(
        "--chat-template-kwargs",
        section="By vLLM's names (docs/from-vllm.md)",
        kind=JSON,
        metavar="JSON",
        help="Arguments for the chat template that custom and speed_bench put prompts into.",
        vllm="--chat-template-kwargs",
    )

    def check_fields(self) -> None:
        """Raises BadInput for fields of the body that two options want otherwise."""
        named = [*self.session_field, *self.run_field]
        for i, name in enumerate(named):
            for other in named[:i]:
                if f"{name}.".startswith(f"{other}.") or f"{other}.".startswith(f"{name}."):
                    raise BadInput(
                        f"--session-field and --run-field: {other} and {name} cannot both be set; leave one out"
                    )
            if name.split(".")[0] in self.omit_field:
                raise BadInput(f"--omit-field leaves out {name}, which is to have a value; give one of both")
