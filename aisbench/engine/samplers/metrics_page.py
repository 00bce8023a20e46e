"""Reads the few values that are kept from a server's /metrics page."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from aisbench.records.server_names import (
    BY_LABEL,
    CACHE_GAUGES,
    CACHE_LABELS,
    HISTOGRAMS,
    MEANS,
    SUMS,
    known_names,
)

_KNOWN = known_names()
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")

Samples = dict[str, list[tuple[dict[str, str], float]]]


def read_page(text: str) -> dict[str, Any]:
    """The values on the page, by their names in records/server_names.py; empty if it has none of them.

    None stands for a value that is not finite.
    """
    samples = _known_samples(text)
    values: dict[str, Any] = {}
    for name, aliases in SUMS.items():
        found = first_of(samples, aliases)
        if found:
            values[name] = sum(value for _, value in _parts_of(found))
    for name, aliases in MEANS.items():
        found = first_of(samples, aliases)
        if found:
            values[name] = sum(value for _, value in found) / len(found)
    for name, (alias, label) in BY_LABEL.items():
        if alias in samples:
            values[name] = _by_label(samples[alias], label)
    for name, aliases in HISTOGRAMS.items():
        for alias in aliases:
            if f"{alias}_count" in samples:
                for part in ("sum", "count"):
                    values[f"{name}_{part}"] = sum(v for _, v in samples.get(f"{alias}_{part}", ()))
                values[f"{name}_buckets"] = _by_label(samples.get(f"{alias}_bucket", []), "le")
                break
    values |= _cache_size(samples)
    return {name: _finite(value) for name, value in values.items()}


def _finite(value: Any) -> Any:
    """`value`, or None if it is not finite; of values by label, only the finite ones."""
    if isinstance(value, dict):
        return {label: one for label, one in value.items() if math.isfinite(one)}
    return value if math.isfinite(value) else None


def _known_samples(text: str) -> Samples:
    """Parses only the lines that are kept, as a page has thousands; leaves out what it cannot parse."""
    found: Samples = defaultdict(list)
    # Not splitlines, which also splits at characters that labels may contain.
    for line in text.split("\n"):
        match = _NAME.match(line)
        if match is None or match.group() not in _KNOWN:
            continue
        try:
            samples = [one for family in text_string_to_metric_families(line) for one in family.samples]
        except ValueError:
            continue
        for sample in samples:
            # A gauge without a value is NaN.
            if not math.isnan(sample.value):
                found[sample.name].append((sample.labels, float(sample.value)))
    return found


def first_of(samples: Samples, aliases: tuple[str, ...]) -> list[tuple[dict[str, str], float]]:
    return next((samples[alias] for alias in aliases if alias in samples), [])


def _parts_of(samples: list[tuple[dict[str, str], float]]) -> list[tuple[dict[str, str], float]]:
    """The samples to add up; only the total, where SGLang reports one besides its caches."""
    sums = [sample for sample in samples if sample[0].get("cache_source") == "total"]
    return sums or samples


def _cache_size(samples: Samples) -> dict[str, float]:
    """`cache_block`: tokens in a block; `cache_tokens`: those of all engines together; `caches`: how many have one of
    their own. Empty if the page does not say; a server that has not measured its size yet says "None"."""
    for name, block, count, tokens, spare in CACHE_LABELS:
        sizes = [
            (_number(labels, block), _tokens(labels, block, count, tokens) - spare * _number(labels, block))
            for labels, _ in samples.get(name, ())
        ]
        if sizes and all(each and size > 0 for each, size in sizes):
            return {
                "cache_block": sizes[0][0],
                "cache_tokens": sum(size for _, size in sizes),
                "caches": float(len(sizes)),
            }
    blocks, totals = (first_of(samples, (name,)) for name in CACHE_GAUGES)
    if not blocks or not totals:
        return {}
    found = {"cache_block": blocks[0][1], "cache_tokens": sum(value for _, value in totals)}
    return {**found, "caches": float(len(totals))}


def _tokens(labels: dict[str, str], block: str, count: str, tokens: str) -> float:
    return _number(labels, tokens) or _number(labels, block) * _number(labels, count)


def _number(labels: dict[str, str], name: str) -> float:
    """The number in a label; 0 if there is none."""
    text = labels.get(name, "")
    return float(text) if text.isdecimal() else 0.0


def _by_label(samples: list[tuple[dict[str, str], float]], label: str) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for labels, value in samples:
        if label in labels:
            total[labels[label]] += value
    return dict(total)
