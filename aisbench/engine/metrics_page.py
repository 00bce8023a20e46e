"""A server's /metrics page, read into the few values that are kept of it."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import Any

from aisbench.engine.server_names import BY_LABEL, HISTOGRAMS, MEANS, SUMS, known_names

KNOWN = known_names()
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")

Samples = dict[str, list[tuple[dict[str, str], float]]]


def read_page(text: str) -> dict[str, Any]:
    """The values by the names of server_names; empty when the page has none of them.

    Raises ValueError for what is no Prometheus text.
    """
    samples = known_samples(text)
    values: dict[str, Any] = {}
    for name, aliases in SUMS.items():
        found = first_of(samples, aliases)
        if found:
            values[name] = sum(value for _, value in found)
    for name, aliases in MEANS.items():
        found = first_of(samples, aliases)
        if found:
            values[name] = sum(value for _, value in found) / len(found)
    for name, (alias, label) in BY_LABEL.items():
        if alias in samples:
            values[name] = by_label(samples[alias], label)
    for name, aliases in HISTOGRAMS.items():
        for alias in aliases:
            if f"{alias}_count" in samples:
                for part in ("sum", "count"):
                    values[f"{name}_{part}"] = sum(v for _, v in samples.get(f"{alias}_{part}", ()))
                values[f"{name}_buckets"] = by_label(samples.get(f"{alias}_bucket", []), "le")
                break
    return values


def known_samples(text: str) -> Samples:
    """Pages have thousands of lines; the parser sees only those that are kept."""
    from prometheus_client.parser import text_string_to_metric_families

    lines = [line for line in text.splitlines() if (m := NAME.match(line)) and m.group() in KNOWN]
    found: Samples = defaultdict(list)
    for family in text_string_to_metric_families("\n".join([*lines, ""])):
        for sample in family.samples:
            if math.isfinite(sample.value):
                found[sample.name].append((sample.labels, float(sample.value)))
    return found


def first_of(samples: Samples, aliases: tuple[str, ...]) -> list[tuple[dict[str, str], float]]:
    return next((samples[alias] for alias in aliases if alias in samples), [])


def by_label(samples: list[tuple[dict[str, str], float]], label: str) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for labels, value in samples:
        if label in labels:
            total[labels[label]] += value
    return dict(total)
