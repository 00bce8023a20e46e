"""Adds the system prompt and the LoRA modules to the prompts of any data set."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.messages import has_system, with_system
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.token_counts import TokenCounter
from aisbench.workload.tokens.tokenizers import load_tokenizer


def for_every_prompt(prompts: Prompts, options: WorkloadOptions, backend: Backend) -> Prompts:
    """Applies --system-prompt and --lora-modules. Raises BadInput where the prompts cannot take them."""
    if options.system_prompt:
        prompts = _behind_system_prompt(prompts, options, backend)
    if options.lora_modules and prompts.fill:
        raise BadInput(
            "--fill-prefixes would fill the cache of one model only; leave it out, or leave out --lora-modules"
        )
    return _with_modules(prompts, options) if options.lora_modules else prompts


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

    return replace(prompts, items=map(one, prompts.items))


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
