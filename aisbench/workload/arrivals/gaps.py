"""The gaps between requests, drawn as `vllm bench serve` 0.32 draws them for the same seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aisbench.errors import BadInput
from aisbench.workload.arrivals.law import LONGEST_S, MOST_REQUESTS, ROUNDING, Floats


@dataclass(frozen=True)
class Gaps:
    """Independent gaps of a gamma `shape`: 1 is Poisson, inf is constant."""

    shape: float = 1.0
    seed: int = 0

    @property
    def name(self) -> str:
        if math.isinf(self.shape):
            return "constant"
        return "poisson" if self.shape == 1.0 else "gamma"

    def summed_s(self, rates: Floats, generator: np.random.RandomState | None) -> Floats:
        """When each request leaves, in s: the sum of the gaps so far, each drawn with a mean of 1 / `rates`."""
        if math.isinf(self.shape):
            return np.cumsum(1 / rates)
        # A private generator of the same kind as NumPy's global one, which vLLM seeds and draws from.
        generator = generator or np.random.RandomState(self.seed)
        return np.cumsum(generator.gamma(shape=self.shape, scale=1 / (rates * self.shape)))

    def check_sum(self, offsets_s: Floats) -> None:
        """Raises BadInput for the unusable offsets that a very small shape can produce."""
        if len(offsets_s) and not 0 < offsets_s[-1] <= 2 * LONGEST_S:
            raise BadInput(f"--burstiness {self.shape:g} is too small to draw gaps from; give 0.01 or more")


def check_size(count: int) -> None:
    """Raises BadInput for more requests than a plan holds."""
    if count > MOST_REQUESTS:
        raise BadInput(
            f"a plan of {count} requests is too large (at most {MOST_REQUESTS}); "
            "give a lower --num-requests, --rate or --duration"
        )


def check_span(count: int, span_s: float) -> None:
    """Raises BadInput for a plan that nobody would wait for."""
    if span_s > LONGEST_S:
        raise BadInput(
            f"{count} requests at this --rate would take {span_s / (365 * 86_400):.3g} years; "
            "give a higher --rate or a lower --num-requests"
        )


def most_within(duration_s: float, rate: float) -> int:
    """How many requests leave within `duration_s` at `rate`, rounded down. Raises BadInput for too many."""
    most = duration_s * rate
    if most > MOST_REQUESTS:
        raise BadInput(
            f"--duration {duration_s:g} s at this --rate is {most:.3g} requests (at most {MOST_REQUESTS}); "
            "give a shorter --duration or a lower --rate"
        )
    return math.floor(most * ROUNDING)
