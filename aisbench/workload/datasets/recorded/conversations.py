"""The `conversations` data set: turns that wait for the previous answer, over a growing history.

Files are those of sessions/formats; without one, conversations are random words. Each turn contains all that was said
before it, with the server's own answers, which are inserted during the run, or, with --history recorded, those of the
file.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.datasets.generated.random import OUTPUT_LEN
from aisbench.workload.datasets.recorded.session_files import (
    check_generates,
    prompts_of,
    session_file_prompts,
)
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.sessions.options import RECORDED
from aisbench.workload.sessions.session import Session, Turn, chain
from aisbench.workload.tokens.words import WORDS

_TURNS, _TURN_LEN = 3, 256


def conversation_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for bad files, and for backends that generate nothing."""
    if options.dataset_path is not None:
        return session_file_prompts(options, backend)
    check_generates(options, backend)
    if options.history == RECORDED:
        raise BadInput("--history recorded needs --dataset-path with recorded conversations")
    notes = ["no --dataset-path was given: conversations are words of a built-in list"]
    return prompts_of(_random_conversations(options), options, backend, notes, ignores_eos=True)


def _random_conversations(options: WorkloadOptions) -> Iterator[Session]:
    """Enough conversations for --num-requests; every turn has --input-len new words."""
    generator = np.random.default_rng(options.seed)
    words = np.array(WORDS, dtype=object)
    length = _TURN_LEN if options.input_len is None else options.input_len
    if length < 1:
        raise BadInput("--input-len 0 leaves turns empty; give at least 1")
    output = OUTPUT_LEN if options.output_len is None else options.output_len
    for number in range(options.count or DEFAULT_COUNT):
        drawn = words[generator.integers(0, len(words), size=(options.turns or _TURNS, length))]
        texts = (" ".join(row) for row in drawn.tolist())
        turns = [Turn(({"role": "user", "content": text},), output_tokens=output) for text in texts]
        yield chain(str(number), turns)
