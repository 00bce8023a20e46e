"""Builds the file of encoded request bodies from a run's options."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.prompt import ANSWER, LIVE, PREVIOUS
from aisbench.errors import BadInput
from aisbench.workload.bodies import Bodies, check_unmasked, has_name_holes, with_name_holes, write_bodies
from aisbench.workload.datasets.registry import check_taken, dataset_named
from aisbench.workload.decorate import for_every_prompt
from aisbench.workload.fingerprint import fingerprint
from aisbench.workload.prefix_reuse import PrefixReuse, prompt_bytes
from aisbench.workload.prompts import Prompts
from aisbench.workload.recipe import Recipe
from aisbench.workload.warm_up import WarmUp

Progress = Callable[[int, int], None]
_PROGRESS_EVERY = 64
# The files of every workload: its bodies, and two lengths for each of them.
BODIES, PROMPT_TOKENS, MAX_TOKENS = "bodies.bin", "prompt_tokens.npy", "max_tokens.npy"
FILES = (BODIES, PROMPT_TOKENS, MAX_TOKENS)
# File beside the bodies with the questions that answers are scored against, for data sets with known answers.
QUESTIONS = "questions.json"
# The placeholder as it appears inside a JSON string, and a chat message that holds nothing else.
_ANSWER_IN_JSON = json.dumps(ANSWER).strip('"').encode()
_MESSAGE = json.dumps({"role": "assistant", "content": ANSWER}).encode() + b", "
_PREVIOUS = json.dumps(PREVIOUS).strip('"').encode()
# What is before and after the scripted results of a live turn.
_LIVE = json.dumps(LIVE).strip('"').encode()
_BEFORE, _AFTER = b'{"role": "assistant", "content": "' + _LIVE, _LIVE + b'"}'
_LIVE_TURN = re.compile(re.escape(_BEFORE) + b"(.*?)" + re.escape(_AFTER))


@dataclass(frozen=True)
class Workload:
    """The bodies in their file, the lengths planned for each, and notes for the user.

    `prompt_tokens`, `max_tokens`: int32, shape (bodies.count,), also saved beside the bodies as `.npy` files;
    a max_tokens of -1 leaves the length to the server. `inputs`: number of texts in all bodies, of which one may
    hold several. `prompts`: what the data set made, with its `items` used up. `fingerprint`: see
    fingerprint.fingerprint. `warm_up`: the bodies of the requests before the run, see warm_up. `names`: whether bodies
    have holes for the names of session and run.
    `fill`: the bodies of Prompts.fill.
    """

    bodies: Bodies
    prompt_tokens: NDArray[np.int32]
    max_tokens: NDArray[np.int32]
    prompts: Prompts
    inputs: int
    notes: list[str]
    fingerprint: dict[str, Any]
    warm_up: list[bytes]
    names: bool
    fill: list[bytes]

    @property
    def files(self) -> list[Path]:
        """The files of this workload, in the folder of its bodies."""
        names = FILES if self.prompts.questions is None else (*FILES, QUESTIONS)
        return [self.bodies.path.parent / name for name in names]


class Build(Protocol):
    """Makes a workload as `build_workload` does."""

    def __call__(self, recipe: Recipe, directory: Path, progress: Progress | None = None) -> Workload: ...


def build_workload(recipe: Recipe, directory: Path, progress: Progress | None = None) -> Workload:
    """Makes the prompts and writes the workload's files into `directory`.

    `progress(done, total)` is called now and then, the last time with done == total. Raises BadInput for options that
    no workload can be made from.
    """
    options, backend = recipe.options, recipe.backend
    options.check()
    if options.history_reasoning and not backend.takes_reasoning:
        raise BadInput(
            f"--history-reasoning: {backend.family} does not take reasoning back; leave it out, or use --backend openai-chat"
        )
    dataset = dataset_named(options.dataset)
    check_taken(options)
    prompts = for_every_prompt(dataset.make(options, backend), options, backend)
    count = prompts.count
    reuse = PrefixReuse()
    for prompt in prompts.fill:
        reuse.add(prompt_bytes(prompt))
    reuse.start()
    wanted = dataset.ignores_eos if prompts.ignores_eos is None else prompts.ignores_eos
    ignore_eos = wanted if options.ignore_eos is None else options.ignore_eos
    body_options = BodyOptions(
        options.model,
        ignore_eos,
        options.temperature,
        options.extra_body,
        recipe.stream,
        options.omit_field,
        in_sessions=prompts.conversations is not None,
    )
    warming = WarmUp(recipe.warm_up, options.seed, backend, body_options)
    prompt_tokens = np.zeros(count, dtype=np.int32)
    max_tokens = np.zeros(count, dtype=np.int32)

    inputs = 0
    names = False

    def encoded() -> Iterator[bytes]:
        nonlocal inputs, names
        items = prompts.items if recipe.through is None else recipe.through(prompts.items)
        for i, prompt in enumerate(items):
            prompt_tokens[i] = prompt.prompt_tokens
            max_tokens[i] = -1 if prompt.output_tokens is None else prompt.output_tokens
            inputs += len(prompt.texts) or len(prompt.documents) or 1
            reuse.add(prompt_bytes(prompt))
            warming.add(prompt)
            body = backend.body(prompt, body_options)
            check_unmasked(body)
            body = with_name_holes(body)
            names = names or has_name_holes(body)
            if prompts.conversations is None:
                yield body
            else:
                if _LIVE in body and backend.as_messages is None:
                    raise BadInput(_no_live_turns(backend))
                yield with_holes(body)
            done = i + 1
            if progress is not None and (done % _PROGRESS_EVERY == 0 or done == count):
                progress(done, count)

    bodies = write_bodies(directory / BODIES, encoded(), count)
    np.save(directory / PROMPT_TOKENS, prompt_tokens)
    np.save(directory / MAX_TOKENS, max_tokens)
    if prompts.questions is not None:
        (directory / QUESTIONS).write_text(json.dumps(prompts.questions))
    facts = fingerprint(options, bodies, prompt_tokens, reuse, prompts.rows)
    fill = [with_name_holes(backend.body(prompt, body_options)) for prompt in prompts.fill]
    return Workload(
        *(bodies, prompt_tokens, max_tokens, prompts, inputs, prompts.notes, facts, warming.bodies, names),
        fill,
    )


def with_holes(body: bytes) -> bytes:
    """Replaces each placeholder for the answer to an earlier turn with a zero byte.

    A message that holds nothing but that answer is enclosed in the bytes 1 and 2: it is left out if the answer is
    empty. A live turn becomes its scripted results between the bytes 3 and 4, and the id of an answer the byte 5. JSON text
    contains none of these bytes.
    """
    body = body.replace(_MESSAGE, b"\1" + _MESSAGE + b"\2").replace(_ANSWER_IN_JSON, b"\0")
    body = body.replace(_PREVIOUS, b"\5")
    return _LIVE_TURN.sub(b"\3\\g<1>\4", body) if _LIVE in body else body


def without_holes(body: bytes) -> bytes:
    """The inverse of with_holes."""
    body = body.translate(None, b"\1\2").replace(b"\0", _ANSWER_IN_JSON).replace(b"\5", _PREVIOUS)
    return body.replace(b"\3", _BEFORE).replace(b"\4", _AFTER)


def _no_live_turns(backend: Backend) -> str:
    return (
        f"--history live: {backend.family} has no form for an answer with tool calls; use --backend openai-chat, or "
        "--history recorded"
    )
