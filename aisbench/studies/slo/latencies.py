"""The latencies of a run that bounds apply to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.latencies import Columns
from aisbench.analysis.measured import Measured
from aisbench.metrics import metrics_of


def latencies_ms(measured: Measured) -> dict[str, NDArray[np.float64]]:
    """By metric, the latency of every row (rows,), in ms from its send.

    Infinite if the request was cut off before the latency could be measured; nan if it has none (no second token, or
    all tokens at one moment).
    """
    run = measured.run
    # Only succeeded requests have output tokens here.
    every = Columns(run.rows, measured.tokens.output)
    found = {}
    for metric in metrics_of(streams=run.streams):
        values = metric.of(every)
        if metric.until is not None:
            whole = metric.until == "last_token_ns"
            reached = measured.ok if whole else (run.rows[metric.until] > 0) & (run.rows["sent_ns"] > 0)
            values = np.where(reached, values, np.inf)
        found[metric.name] = values
    return found
