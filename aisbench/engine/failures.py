"""Judges failed requests during a run, from the workers' counters and their samples of each kind of failure."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np

from aisbench._native.memory.recorder import ERRORS
from aisbench.engine.target.discovery import Model
from aisbench.printable import printable
from aisbench.records.folder import RunDirectory
from aisbench.records.json_lines import read_json_lines

# A run is hopeless when nothing has succeeded and this many requests failed in one of these ways.
_HOPELESS_FAILURES = 100
_HOPELESS_KINDS = ("connect", "http_status", "content_type", "bad_http")
# --max-error-rate judges from this many ended requests on.
_FEWEST_ENDED = 20
_REFUSALS = (400, 404, 405, 422)
# What the kernel says when no local port is left: to a connection, and to one from a given address.
_NO_PORT = (os.strerror(errno.EADDRNOTAVAIL), os.strerror(errno.EADDRINUSE))
_MORE_PORTS = "no local port is left; widen net.ipv4.ip_local_port_range or add --local-address"


def hopeless(live: np.ndarray, records: Path, chosen: Model | None) -> str | None:
    """The reason to end a run that can no longer succeed; None while it can.

    `live`: the workers' counters, shape (workers,). `chosen`: the model if we chose it from several, in
    which case its first refusal is reason enough.
    """
    if chosen is not None and not live["ok"].any():
        refused = _first_refusal(records)
        if refused is not None:
            return f"stopped at the first refusal: {refused} ({chosen.choice})"
    if live["ok"].any() or live["token_events"].any() or live["failed"].sum() < _HOPELESS_FAILURES:
        return None
    errors = dict(zip(ERRORS, live["errors"].sum(axis=0).tolist(), strict=False))
    if sum(errors[kind] for kind in _HOPELESS_KINDS) < _HOPELESS_FAILURES:
        return None
    return f"stopped early: the first {int(live['failed'].sum())} requests all failed"


def too_many_failed(live: np.ndarray, most: float | None) -> str | None:
    """The reason to end a run in which more than the share `most` of the ended requests failed; None while it is not."""
    failed = int(live["failed"].sum())
    ended = failed + int(live["ok"].sum())
    if most is None or ended < _FEWEST_ENDED or failed <= most * ended:
        return None
    return f"stopped early: {failed} of {ended} requests failed, more than --max-error-rate {most:g} allows"


def warm_up_notes(figures: list[dict[str, Any]]) -> list[str]:
    """A note if requests before the run failed, from the figures of the workers."""
    failed = sum(one.get("warm_up_failed", 0) for one in figures)
    if not failed:
        return []
    return [
        f"{failed} warm-up requests before the run failed, so caches and connections may have been colder than planned"
    ]


def _first_refusal(records: Path) -> str | None:
    """Status and message of the first refused request among the workers' samples; None if there is none."""
    for path in sorted(records.glob("errors-*.jsonl")):
        for sample in read_json_lines(path):
            if sample["http_status"] in _REFUSALS:
                words = " ".join(printable(str(sample["message"])).split())
                return f"HTTP {sample['http_status']}" + (f", {words}" if words else "")
    return None


def with_hint(sample: dict[str, Any], path: str) -> str:
    """The message of a failed request, with what helps if that is known.

    A 404 or 405 is preceded by the requested path, as a gateway may use another. Servers also answer 404 for an unknown
    model, and then say so.
    """
    said = str(sample.get("message") or "")
    if sample.get("kind") == "connect" and said in _NO_PORT:
        return f"{said}: {_MORE_PORTS}"
    if sample.get("http_status") not in (404, 405) or "model" in said.lower():
        return said
    return f"the server has no POST {path}; does it use another path (--endpoint)? {said}".strip()


def error_samples(directory: RunDirectory, path: str) -> list[dict[str, Any]]:
    """The workers' samples of failures, whose files move to the logs. `path`: the requested path."""
    samples: list[dict[str, Any]] = []
    for file in sorted(directory.records.glob("errors-*.jsonl")):
        samples += read_json_lines(file)
        file.rename(directory.path / "logs" / file.name)
    for sample in samples:
        sample["message"] = with_hint(sample, path)
    return samples
