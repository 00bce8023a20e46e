"""The data that the charts of a run are drawn from."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from aisbench.analysis.contract.summary_type import plain
from aisbench.analysis.heat import Heat, heats
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.measured import Measured
from aisbench.analysis.series import (
    Series,
    asked_rate_series,
    bin_ns,
    error_series,
    in_flight_series,
    lag_series,
    per_second,
    token_series,
)
from aisbench.analysis.summary import summarise
from aisbench.records.run import Run
from aisbench.report.charts.latency_curves import Curve, curves


class RunSource:
    """A run, its summary, and the series that several charts draw, each computed once.

    `metric`: the latency that a chart of one latency draws.
    """

    def __init__(
        self, measured: Measured, summary: dict[str, Any] | None = None, metric: str = "ttft"
    ) -> None:
        self.measured = measured
        self.metric = metric
        self._summary = summary

    @property
    def run(self) -> Run:
        return self.measured.run

    @cached_property
    def summary(self) -> dict[str, Any]:
        return plain(summarise(self.measured)) if self._summary is None else self._summary

    @cached_property
    def duration_s(self) -> float:
        return self.run.duration_ns / 1e9

    @cached_property
    def width_ns(self) -> int:
        """The width of the bins of rates, ns."""
        return bin_ns(self.run.duration_ns)

    @cached_property
    def in_flight(self) -> Series:
        return in_flight_series(self.measured.in_flight)

    @cached_property
    def planned_in_flight(self) -> Series | None:
        planned = InFlight.planned(self.run)
        return None if planned is None else in_flight_series(planned)

    @cached_property
    def asked_rate(self) -> Series | None:
        return asked_rate_series(self.run, self.measured.sending, self.width_ns)

    @cached_property
    def sent_rate(self) -> Series:
        return per_second(self.measured.sending.every_sent_ns, self.run.duration_ns, self.width_ns)

    @cached_property
    def token_rate(self) -> Series:
        return token_series(self.run, self.width_ns, self.measured.flow)

    @cached_property
    def errors(self) -> dict[str, Series]:
        """Failures per second by kind."""
        return error_series(self.run, self.width_ns)

    @cached_property
    def lags(self) -> dict[str, Series]:
        """The result of lag_series; {} in a closed loop."""
        return lag_series(self.run, self.measured.sending, self.width_ns) or {}

    @cached_property
    def heats(self) -> dict[str, Heat]:
        return heats(self.measured)

    @cached_property
    def curves(self) -> dict[str, Curve]:
        return curves(self.measured)
