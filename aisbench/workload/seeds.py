"""The seed of prompts and arrivals where none is named: drawn for prompts that are made, 0 for others.

Prompts of the same seed are the same prompts: a server that still has them in its prefix cache answers them
much sooner than it answers users. What a file holds does not depend on a seed.
"""

from __future__ import annotations

import secrets

# In place of a seed: draw one.
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
    """The seed that AUTO stands for. `vllm bench serve` has 0, and runs that are compared with it do too."""
    return secrets.randbelow(LARGEST + 1) if makes_prompts and compat != "vllm" else 0


def drawn_lines(given: int, seed: int) -> list[str]:
    """What people are told where `given` was AUTO and became `seed`; nothing for files, which need none."""
    return [f"seed {seed} was drawn; --seed {seed} repeats these prompts"] if given == AUTO and seed else []
