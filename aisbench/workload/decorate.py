"""Adds the system prompt, the LoRA modules and the names of sessions to the prompts of any data set."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import RUN, SESSION, Prompt
from aisbench.errors import BadInput
from aisbench.workload.messages import has_system, with_system
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.token_counts import TokenCounter
from aisbench.workload.tokens.tokenizers import load_tokenizer


def for_every_prompt(prompts: Prompts, options: WorkloadOptions, backend: Backend) -> Prompts:
    """Applies the options for every prompt. Raises BadInput where the prompts cannot take them."""
    if options.system_prompt:
        prompts = _behind_system_prompt(prompts, options, backend)
    if options.lora_modules and prompts.fill:
        raise BadInput(
            "--fill-prefixes would fill the cache of one model only; leave it out, or leave out --lora-modules"
        )
    if options.lora_modules:
        prompts = _with_modules(prompts, options)
    return _with_names(prompts, options) if options.session_field or options.run_field else prompts


def _behind_system_prompt(prompts: Prompts, options: WorkloadOptions, backend: Backend) -> Prompts:
    """Puts the system message before every prompt that has none; without roles it precedes the text."""
    system = str(options.system_prompt)
    if not backend.generates:
        raise BadInput(f"--system-prompt: {backend.family} takes no system message; leave it out")
    tokens = TokenCounter(options).count(system, special=False)
    ids: tuple[int, ...] = ()
    if options.tokenizer is not None:
        tokenizer = load_tokenizer(options.tokenizer, trust_remote_code=options.trust_remote_code)
        ids = tuple(tokenizer.encode(system, add_special_tokens=False))

    def one(prompt: Prompt) -> Prompt:
        if prompt.body is not None:
            raise BadInput("--system-prompt cannot be added to replayed bodies; leave it out")
        if has_system(prompt):
            return prompt
        if prompt.token_ids is not None:
            joined = (*ids, *prompt.token_ids)
            return replace(prompt, token_ids=joined, prompt_tokens=len(joined))
        return with_system(prompt, system, tokens)

    return _each(prompts, one)


def _each(prompts: Prompts, one: Callable[[Prompt], Prompt]) -> Prompts:
    return replace(prompts, items=map(one, prompts.items), fill=tuple(map(one, prompts.fill)))


def _with_modules(prompts: Prompts, options: WorkloadOptions) -> Prompts:
    """Assigns one of the modules to each request as its model, in rotation or at random.

    Random choices are vLLM's: one per request, in order, from Python's generator in the state in which the data
    set left it. No data set here draws from that generator while its items are made, so the choices are made at
    once. A conversation keeps its module through all its turns.
    """
    modules, talks = options.lora_modules, prompts.conversations
    count = prompts.count if talks is None else len(talks.first) - 1
    if options.lora_assignment == "round-robin":
        models = [modules[i % len(modules)] for i in range(count)]
    else:
        generator = prompts.stdlib_random or random.Random(options.seed)
        models = [generator.choice(modules) for _ in range(count)]
    if talks is not None:
        turns = np.diff(talks.first).tolist()
        models = [model for model, many in zip(models, turns, strict=True) for _ in range(many)]

    def items() -> Iterator[Prompt]:
        for prompt, model in zip(prompts.items, models, strict=True):
            if prompt.body is not None:
                raise BadInput("--lora-modules cannot be added to replayed bodies; leave it out")
            yield replace(prompt, model=model)

    return replace(prompts, items=items())


def _with_names(prompts: Prompts, options: WorkloadOptions) -> Prompts:
    """Sets the fields of --session-field, where requests belong to sessions, and of --run-field."""
    placed = dict.fromkeys(options.run_field, RUN)
    if prompts.conversations is not None:
        placed |= dict.fromkeys(options.session_field, SESSION)
    elif options.session_field:
        prompts.notes.append(
            f"--session-field: these requests belong to no session, so none has {', '.join(options.session_field)}"
        )

    def one(prompt: Prompt) -> Prompt:
        if prompt.body is not None:
            body = json.loads(prompt.body)
            for path, value in placed.items():
                body = _with_field(body, path.split("."), value)
            return replace(prompt, body=json.dumps(body).encode())
        fields: Mapping[str, Any] = prompt.fields
        for path, value in placed.items():
            first = path.partition(".")[0]
            given = (options.extra_body or {}).get(first)
            fields = _with_field({first: given, **fields}, path.split("."), value)
        return replace(prompt, fields=fields)

    return _each(prompts, one) if placed else prompts


def _with_field(body: Mapping[str, Any], path: list[str], value: str) -> dict[str, Any]:
    """`body` with `value` at `path`, in new objects where there are none."""
    if len(path) == 1:
        return {**body, path[0]: value}
    inner = body.get(path[0])
    return {**body, path[0]: _with_field(inner if isinstance(inner, Mapping) else {}, path[1:], value)}
