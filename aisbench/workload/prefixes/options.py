"""Options for how prompts share prefixes, and how much of them a prefix cache should find."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aisbench.errors import BadInput
from aisbench.options.checks import MustBe, between
from aisbench.options.option import option
from aisbench.workload.vllm_dataset_options import SECTION

UNIFORM = "uniform"
INTERLEAVED, GROUPED, RANDOM = ORDERS = ("interleaved", "grouped", "random")
# The size of vLLM's blocks.
BLOCK = 16
_option = partial(option, section=SECTION)


def popularity_weights(flag: str, value: str) -> list[float] | float:
    """The weights of `weights:A,B,...`, or the exponent of `zipf:S`; 0 for `uniform`. Raises BadInput."""
    name, _, text = value.partition(":")
    try:
        if value == UNIFORM:
            return 0.0
        if name == "zipf" and 0 <= (exponent := float(text)) < 100:
            return exponent
        if name == "weights":
            weights = [float(one) for one in text.split(",")]
            if all(0 < one < 1e9 for one in weights):
                return weights
    except ValueError:
        pass
    raise BadInput(
        f"{flag} must be uniform, zipf:S with an exponent from 0 (zipf:1.2), or weights:W1,W2,... above 0 "
        f"(weights:5,3,2), got {value!r}"
    )


def _check_popularity(flag: str, value: str) -> None:
    popularity_weights(flag, value)


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class PrefixOptions:
    """Fields of DatasetOptions. None: as vllm bench serve does it."""

    prefix_popularity: str | None = _option(
        "--prefix-popularity",
        check=_check_popularity,
        metavar="LAW",
        help="How often each shared prefix is used: uniform, zipf:S (the n-th in proportion to n^-S), or weights:W1,W2,... Default: uniform.",
    )
    prefix_order: str | None = _option(
        "--prefix-order",
        words=ORDERS,
        help="Order of prompts with different prefixes: evenly mixed, one prefix after another, or shuffled by --seed. Default: random.",
    )
    prefix_hit_rate: float | None = _option(
        "--prefix-hit-rate",
        check=MustBe("a number from 0 to (not including) 1", lambda value: 0 <= value < 1),
        metavar="X",
        help="Share of prompt tokens that an endless prefix cache finds; sets how much of each prompt of --input-len is prefix.",
    )
    fill_prefixes: bool = _option(
        "--fill-prefixes",
        default=False,
        help="Send each shared prefix once before the run, unmeasured, so that the cache is warm.",
    )
    random_cache_hit_fraction: float | None = _option(
        "--random-cache-hit-fraction",
        check=between(0, 1),
        metavar="F",
        help="Share of the random prompts that begin with one shared prefix; the others share nothing.",
    )
    random_cache_ratio: float | None = _option(
        "--random-cache-ratio",
        check=between(0, 1),
        metavar="R",
        help="Share of such a prompt that is the prefix; --input-len is the length of the whole prompt.",
    )

    @property
    def asks_for_groups(self) -> bool:
        """True if prefixes are shared in a way that vLLM's client does not know."""
        return (
            self.prefix_popularity is not None
            or self.prefix_order is not None
            or self.prefix_hit_rate is not None
            or self.fill_prefixes
        )
