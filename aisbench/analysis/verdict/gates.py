"""The conditions of --fail-on, such as `error_rate>0.05 ttft_p99>500`, which make the command fail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aisbench.errors import BadInput
from aisbench.metrics import NAMES, metrics_of

if TYPE_CHECKING:
    from aisbench.analysis.measured import Measured

_SHARES = ("error_rate", "cut_off_rate")
_RATES = ("request_throughput", "output_throughput", "request_goodput")
_EXAMPLE = "--fail-on 'error_rate>0.05 ttft_p99>500'"
_TERM = re.compile(r"(?P<name>[a-z_0-9.]+)(?P<sign>[<>]=?)(?P<bound>[0-9.]+(?:[eE][-+]?[0-9]+)?)$")
_LATENCY = re.compile(
    rf"(?P<metric>{'|'.join(NAMES)})_(?P<of>mean|median|min|max|p(?P<percent>[0-9]+(?:\.[0-9]+)?))$"
)


@dataclass(frozen=True)
class Gate:
    """A condition that makes the command fail. `bound`: ms for latencies, 0 to 1 for shares, per second for rates."""

    name: str
    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.bound:g}"

    @property
    def percent(self) -> float | None:
        match = _LATENCY.match(self.name)
        return float(match["percent"]) if match and match["percent"] else None

    @property
    def unit(self) -> str:
        if self.name in _RATES:
            return " tokens/s" if self.name == "output_throughput" else " requests/s"
        return " ms" if _LATENCY.match(self.name) else ""

    def is_broken_by(self, value: float) -> bool:
        return {
            ">": value > self.bound,
            ">=": value >= self.bound,
            "<": value < self.bound,
            "<=": value <= self.bound,
        }[self.sign]


def parse_gates(text: str | None) -> tuple[Gate, ...]:
    """The conditions in `text`, separated by blanks or commas. Raises BadInput for anything else."""
    gates = []
    for part in (text or "").replace(",", " ").split():
        match = _TERM.match(part)
        if match is None:
            raise BadInput(f"--fail-on: {part!r} is not a condition; write them as in {_EXAMPLE}")
        name = match["name"]
        if name not in (*_SHARES, *_RATES) and not _LATENCY.match(name):
            raise BadInput(
                f"--fail-on: unknown figure {name!r}; known: {', '.join((*_SHARES, *_RATES))}, and "
                f"{', '.join(NAMES)} each with _mean, _median, _min, _max or a percentile, as in ttft_p99"
            )
        gate = Gate(name, match["sign"], float(match["bound"]))
        if gate.percent is not None and not 0 <= gate.percent <= 100:
            raise BadInput(f"--fail-on: {name} is not a percentile; give one from 0 to 100, as in ttft_p99")
        gates.append(gate)
    return tuple(gates)


def broken_gates(measured: Measured, summary: Mapping[str, Any], gates: tuple[Gate, ...]) -> list[str]:
    """One sentence for each condition that holds. A figure that was not measured counts as a failure."""
    percents = [gate.percent for gate in gates if gate.percent is not None]
    metrics = {
        metric.key: measured.figures(metric, percents)
        for metric in metrics_of(streams=measured.run.streams)
        if any(gate.name.startswith(f"{metric.name}_") for gate in gates)
    }
    sentences = []
    for gate in gates:
        value = figure(gate.name, summary, metrics)
        if value is None:
            sentences.append(f"--fail-on {gate}: {gate.name} was not measured")
        elif gate.is_broken_by(value):
            sentences.append(f"--fail-on {gate}: {gate.name} is {value:.6g}{gate.unit}")
    return sentences


def figure(name: str, summary: Mapping[str, Any], metrics: Mapping[str, Any]) -> float | None:
    """The value of the figure `name`; None if it was not measured."""
    from aisbench.analysis.statistics.figures import percentile_name

    requests = summary["requests"]
    if name == "error_rate":
        ended = requests["completed"] + requests["failed"]
        return requests["failed"] / ended if ended else None
    if name == "cut_off_rate":
        cut = requests["cancelled"] + requests["lost"]
        return cut / requests["sent"] if requests["sent"] else None
    if name in _RATES:
        return summary.get(name)
    match = _LATENCY.match(name)
    assert match is not None
    described = metrics.get(f"{match['metric']}_ms") or {}
    of = percentile_name(float(match["percent"])) if match["percent"] else match["of"]
    return described.get(of) if described.get("count") else None
