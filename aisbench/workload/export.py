"""Exports a workload as JSON lines, from which anyone can repeat it; the data set `file` documents the fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.bodies import BodyFile
from aisbench.workload.bodies import without_name_holes, without_secrets
from aisbench.workload.build import Workload, without_holes
from aisbench.workload.sessions.exported import turn_fields

S = 1e9


def export_lines(workload: Workload, tickets: int, offsets_ns: NDArray[np.int64] | None) -> Iterator[bytes]:
    """Yields a line for each of `tickets` requests, in order; ticket i has body i modulo their number, as in a run.

    `offsets_ns`: the planned time of each request, or of each conversation's first turn, in ns from the start;
    None: a closed loop has no planned times. Secrets in fields such as api_key are masked.
    """
    bodies = BodyFile(str(workload.bodies.path))
    talks = workload.prompts.conversations
    belongs = None
    if talks is not None:
        belongs = np.repeat(np.arange(len(talks.first) - 1), np.diff(talks.first))
    for ticket in range(tickets):
        i = ticket % workload.bodies.count
        body = without_name_holes(bodies[ticket])
        planned = ticket
        more = ""
        if talks is not None and belongs is not None:
            body = without_holes(body)
            planned = int(belongs[i])
            more = f", {json.dumps(turn_fields(talks, i, planned))[1:-1]}"
        body = without_secrets(body)
        planned_s = float(offsets_ns[planned] / S) if offsets_ns is not None else None
        most = int(workload.max_tokens[i])
        yield b"".join(
            (
                f'{{"slot": {ticket}, "planned_s": {json.dumps(planned_s)}, "body": '.encode(),
                body,
                f', "prompt_tokens": {workload.prompt_tokens[i]}, "max_tokens": {"null" if most < 0 else most}'.encode(),
                f', "sha256": "{hashlib.sha256(body).hexdigest()}"{more}}}\n'.encode(),
            )
        )
