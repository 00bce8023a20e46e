"""Failed requests while a run goes on, from the workers' counters and from the first samples of each kind that they keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aisbench._native.memory.recorder import ERRORS
from aisbench.engine.target.discovery import Model
from aisbench.printable import printable
from aisbench.records.folder import RunDirectory
from aisbench.records.json_lines import read_json_lines

# A run in which nothing has succeeded and this many failed the same plain way is hopeless.
_HOPELESS_FAILURES = 100
_HOPELESS_KINDS = ("connect", "http_status", "content_type", "bad_http")
_REFUSALS = (400, 404, 405, 422)


def hopeless(live: np.ndarray, records: Path, chosen: Model | None) -> str | None:
    """Why a run is to end that can bring nothing any more; None while there is hope.

    `live`: the workers' counters. `chosen`: a model that nobody named, so that its first refusal is enough.
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


def _first_refusal(records: Path) -> str | None:
    """The first request that a server refused as it stands, with the server's words, from the workers' samples."""
    for path in sorted(records.glob("errors-*.jsonl")):
        for sample in read_json_lines(path):
            if sample["http_status"] in _REFUSALS:
                words = " ".join(printable(str(sample["message"])).split())
                return f"HTTP {sample['http_status']}" + (f", {words}" if words else "")
    return None


def with_hint(sample: dict[str, Any], path: str) -> str:
    """The words of a failed request, for a 404 after the path that was asked: a gateway may have another one.

    Servers also answer 404 for a model that they do not have, and then say so.
    """
    said = str(sample.get("message") or "")
    if sample.get("http_status") not in (404, 405) or "model" in said.lower():
        return said
    return f"POST {path} is not there; is it another path (--endpoint)? {said}".strip()


def error_samples(directory: RunDirectory, path: str) -> list[dict[str, Any]]:
    """The first failures of each kind; the workers' files of them move to the logs. `path`: what the requests asked for."""
    samples: list[dict[str, Any]] = []
    for file in sorted(directory.records.glob("errors-*.jsonl")):
        samples += read_json_lines(file)
        file.rename(directory.path / "logs" / file.name)
    for sample in samples:
        sample["message"] = with_hint(sample, path)
    return samples
