"""Arrays on their way into the page."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.series import Series


def packed(values: NDArray[Any]) -> dict[str, str]:
    """A typed array for the page: little-endian bytes in base64 and the name of their type."""
    little = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"))
    return {"type": values.dtype.str[1:], "b64": base64.b64encode(little.tobytes()).decode()}


def packed_series(series: Series | None) -> dict[str, Any] | None:
    """The arrays and, where they were thinned, of how many points."""
    return None if series is None else {"t": packed(series.t_s), "y": packed(series.y), "of": series.of}
