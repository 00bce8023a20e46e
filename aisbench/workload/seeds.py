"""Chooses the seed of prompts and arrivals where none is given: random for generated prompts, else 0.

The same seed makes the same prompts, and a server that still has those in its prefix cache answers much sooner than
it would answer users. The rows of a file do not depend on a seed.
"""

from __future__ import annotations

import os

# Stands for a seed that is still to be drawn.
AUTO = -1
LARGEST = 0xFFFFFFFF


def seed_of(value: object) -> int:
    """The seed in a text: a whole number, or AUTO for `auto`. Raises ValueError for anything else."""
    text = str(value).strip()
    if text.lower() == "auto":
        return AUTO
    if not (text.isascii() and text.isdigit() and int(text) <= LARGEST):
        raise ValueError(f"must be auto or a whole number from 0 to {LARGEST}, got {text}")
    return int(text)


def seed_for(*, makes_prompts: bool, compat: str | None) -> int:
    """The seed that AUTO stands for. `vllm bench serve` uses 0, and so do runs with --compat vllm."""
    return int.from_bytes(os.urandom(4)) if makes_prompts and compat != "vllm" else 0


def drawn_lines(given: int, seed: int) -> list[str]:
    """The console line about a seed that was drawn because `given` was AUTO; none for 0, which files have."""
    return [f"seed {seed} was drawn; --seed {seed} repeats these prompts"] if given == AUTO and seed else []
