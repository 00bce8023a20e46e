"""The block `lengths`: compares requested input and output tokens with those of the successful requests."""

from __future__ import annotations

from typing import Annotated, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench._native.protocol.finish import FINISHES
from aisbench.analysis.contract.keys import Requests, Share, Tokens, Unit
from aisbench.analysis.measured import Measured
from aisbench.config.run_config import RunConfig
from aisbench.records.run import Run

# A length counts as the requested one if it is off by at most this many tokens or this share: servers differ by an
# end-of-sequence token, and a chat template adds tokens to every prompt.
_OUTPUT_SPARE, _OUTPUT_SHARE = 1, 0.02
_SHORTER_INPUT_SPARE, _LONGER_INPUT_SPARE, _INPUT_SHARE = 8, 128, 0.1


class Spread(TypedDict):
    """A range of lengths in tokens."""

    min: Tokens
    median: Annotated[float, Unit("tokens", 0)]
    max: Tokens


class Compared(TypedDict):
    """Requested lengths compared with those received."""

    requests: Annotated[Requests, "that could be compared"]
    shorter: Annotated[
        Requests,
        "that were shorter; an output that the model ended on its own counts as having the requested length",
    ]
    longer: Annotated[Requests, "that were longer"]
    off_share: Annotated[Share, "share of both among the compared requests"]
    asked: Annotated[Spread, "requested lengths"]
    got: Annotated[Spread, "received lengths"]


class LengthsBlock(TypedDict):
    """Requested and received lengths of the successful requests; null if there is nothing to compare."""

    input: Annotated[Compared | None, "prompts, by the server's count"]
    output: Annotated[Compared | None, "answers"]


def lengths_block(measured: Measured) -> LengthsBlock:
    """summary.json's `lengths`. `input` and `output` are None if there is nothing to compare.

    An output that the model ended on its own counts as having the requested length, unless the request forbade that
    (--ignore-eos).
    """
    return {"input": _input_lengths(measured.run), "output": _output_lengths(measured)}


def _output_lengths(measured: Measured) -> Compared | None:
    run = measured.run
    planned = run.planned_lengths("max_tokens")
    if planned is None or not run.generates:
        return None
    kept = run.has_status("ok") & (planned > 0)
    asked, got = planned[kept].astype(np.int64), measured.tokens.output[kept]
    spare = np.maximum(_OUTPUT_SPARE, _OUTPUT_SHARE * asked)
    until_asked = run.rows["finish"][kept] == FINISHES.index("length")
    shorter = (asked - got > spare) & (until_asked | _forbids_early_end(run.config))
    return compared(asked, got, shorter, got - asked > spare)


def _forbids_early_end(config: RunConfig) -> bool:
    return bool(config.ignore_eos or (config.extra_body or {}).get("ignore_eos"))


def _input_lengths(run: Run) -> Compared | None:
    """Compares the servers' counts. Later turns contain the server's answers, and images have no planned tokens."""
    planned = run.planned_lengths("prompt_tokens")
    if planned is None or run.config.image_count:
        return None
    counted = run.rows["prompt_tokens"]
    kept = run.has_status("ok") & (planned > 0) & (counted > 0) & (run.rows["turn"] == 0)
    asked, got = planned[kept].astype(np.int64), counted[kept].astype(np.int64)
    share = _INPUT_SHARE * asked
    shorter = asked - got > np.maximum(_SHORTER_INPUT_SPARE, share)
    return compared(asked, got, shorter, got - asked > np.maximum(_LONGER_INPUT_SPARE, share))


def compared(
    asked: NDArray[np.int64], got: NDArray[np.int64], shorter: NDArray[np.bool_], longer: NDArray[np.bool_]
) -> Compared | None:
    """The comparison of arrays of shape (requests,); None if they are empty."""
    if len(asked) == 0:
        return None
    return {
        "requests": len(asked),
        "shorter": int(shorter.sum()),
        "longer": int(longer.sum()),
        "off_share": float(np.mean(shorter | longer)),
        "asked": spread(asked),
        "got": spread(got),
    }


def spread(lengths: NDArray[np.int64]) -> Spread:
    return {"min": int(lengths.min()), "median": float(np.median(lengths)), "max": int(lengths.max())}


def lengths_text(kind: str, found: Compared) -> str:
    """A clause on the requests in `found` whose length is not the requested one."""
    sides = [name for name, count in (("shorter", found["shorter"]), ("longer", found["longer"])) if count]
    off = found["shorter"] + found["longer"]
    return (
        f"{100 * found['off_share']:.1f} % of the {kind}s ({off} of {found['requests']}) are {' or '.join(sides)} than "
        f"requested (median {count(found['got']['median'])} tokens, {count(found['asked']['median'])} requested)"
    )


def spreads_text(kind: str, found: Compared) -> str:
    asked, got = (
        f"min {count(of['min'])}, median {count(of['median'])}, max {count(of['max'])}"
        for of in (found["asked"], found["got"])
    )
    return f"{kind.capitalize()} tokens requested: {asked}; got: {got}"


def count(tokens: float) -> str:
    """A number of tokens, with a decimal only for a median between two lengths."""
    return f"{tokens:,.1f}".removesuffix(".0")
