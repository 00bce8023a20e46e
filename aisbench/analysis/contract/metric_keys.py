"""Names of metrics among the keys of summary.json."""

from __future__ import annotations

from typing import Annotated

from aisbench.analysis.contract.keys import OneOf
from aisbench.metrics import METRICS

MetricKey = Annotated[str, OneOf(tuple(metric.key for metric in METRICS))]
# Metrics with one value per request.
RequestMetricKey = Annotated[str, OneOf(tuple(metric.key for metric in METRICS if not metric.pooled))]
# Metrics that are also counted from the planned time.
PlanMetricKey = Annotated[str, OneOf(tuple(metric.key for metric in METRICS if metric.from_plan))]
