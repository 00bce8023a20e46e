"""Facts that the engine noted for summary.json: the workload's fingerprint, the host, the first failures."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict, cast

from aisbench.analysis.contract.keys import Count, Requests, Share, Tokens, Unit
from aisbench.printable import printable
from aisbench.records.run import Run
from aisbench.workload.fingerprint import length_facts


class ErrorSample(TypedDict, total=False):
    """A failed request, in the server's words."""

    kind: Annotated[str, "as in `errors`"]
    http_status: Annotated[int, "0 if there was no answer"]
    slot: Annotated[int, "its ticket; -1 for a connection made before any request"]
    message: str


class LengthFacts(TypedDict):
    """The distribution of lengths in tokens; null if there are none."""

    min: Tokens | None
    p50: Annotated[float | None, Unit("tokens")]
    mean: Annotated[float | None, Unit("tokens")]
    p99: Annotated[float | None, Unit("tokens")]
    max: Tokens | None
    sha256: Annotated[str, "of all lengths as little-endian int32"]


class DatasetFacts(TypedDict, total=False):
    """The data set."""

    name: str
    seed: int | None
    sha256: Annotated[str | None, "of its file; null if there is none"]
    rows: Annotated[dict[str, Any], "of its file: `used`, `left_out`, and the `kinds` that were left out"]


TokenizerFacts = TypedDict(
    "TokenizerFacts",
    {
        "name": str,
        "class": Annotated[str, "the class that transformers picked"],
        "vocabulary": Annotated[Count, "its size"],
        "sha256": Annotated[str, "over the names and bytes of its files"],
    },
)
TokenizerFacts.__doc__ = "The tokenizer."


class Fingerprint(TypedDict, total=False):
    """Digests of what was sent: equal workloads have equal hashes. Some are missing if the run crashed early."""

    bodies: Annotated[str, "sha256 of all bodies"]
    requests: Annotated[Requests, "number of bodies"]
    unique_prompts: Annotated[Count, "number of different bodies"]
    prompt_tokens: Annotated[LengthFacts, "planned lengths"]
    prefix_reuse: Annotated[
        Share, "share of the prompts' tokens that repeat the beginning of an earlier prompt"
    ]
    dataset: DatasetFacts
    tokenizer: TokenizerFacts | None
    arrivals: Annotated[str | None, "sha256 of the planned times; null in a closed loop"]
    prompt_tokens_of_server: Annotated[LengthFacts | None, "lengths by the server's own count"]


class Limits(TypedDict, total=False):
    """What this machine allowed."""

    open_files: Annotated[Count, "in each worker"]
    in_flight: Annotated[Requests | None, "how many requests in flight the machine allows"]
    binding: Annotated[str | None, "the limit that is below the requested load; null if none is"]


class Host(TypedDict, total=False):
    """The client's machine."""

    cpus: Annotated[Count, "that the client may use"]
    steal_ns: Annotated[int, Unit("ns"), "CPU time that the hypervisor took, summed over all CPUs"]
    throttled_ns: Annotated[int, Unit("ns"), "time that the control group's CPU quota held the client back"]
    kernel: Annotated[str, "its version"]


def limits_block(run: Run) -> Limits:
    """Empty if the run did not end properly."""
    return cast(Limits, run.info.get("limits") or {})


def host_block(run: Run) -> Host:
    """Empty if the run did not end properly."""
    return cast(Host, run.info.get("host") or {})


def error_samples(run: Run) -> list[ErrorSample]:
    """The first failures of each kind in the server's words, made printable (earlier versions did not)."""
    samples = run.info.get("error_samples") or []
    return [sample | {"message": printable(str(sample.get("message") or ""))} for sample in samples]


def fingerprint_block(run: Run) -> Fingerprint:
    """What the engine noted before the run, and how long the prompts were by the server's own count.

    If the two counts differ, the server has another tokenizer or a chat template, or it cut prompts.
    """
    found = cast(Fingerprint, dict(run.info.get("fingerprint") or {}))
    counted = run.rows["prompt_tokens"][run.has_status("ok")]
    counted = counted[counted >= 0]
    found["prompt_tokens_of_server"] = cast(LengthFacts, length_facts(counted)) if len(counted) else None
    return found
