"""The options that a data set makes its requests from, for one model."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from aisbench.options.checks import whole
from aisbench.options.option import check_values
from aisbench.workload.dataset_options import DatasetOptions, check_range_ratio, parse_range_ratio
from aisbench.workload.request_options import RequestOptions


@dataclass(frozen=True, kw_only=True)
class WorkloadOptions(RequestOptions, DatasetOptions):
    """Bodies of a data set for `model`.

    `count`: how many are asked for; None: as many as the data set has (DEFAULT_COUNT where it can
    make any number). `range_ratio`: for input and output; each length is drawn from length *
    (1 - ratio) to length * (1 + ratio). `own_times`: requests leave when a recorded data set says so;
    False: something else does, and its times are not wanted. `model_is_named`: by the user, and not found
    out: it stands above what recorded bodies say. `stream`: as the run reads its answers.
    """

    count: int | None
    model: str
    range_ratio: tuple[float, float] = (0.0, 0.0)
    own_times: bool = True
    model_is_named: bool = False
    stream: bool = True

    @staticmethod
    def of(given: Any, **others: Any) -> WorkloadOptions:
        """`given` has the options of both bases; `others`: the fields of this class. Raises BadInput for a bad range ratio."""
        same = {
            field.name: getattr(given, field.name)
            for field in (*fields(DatasetOptions), *fields(RequestOptions))
        }
        if isinstance(given.range_ratio, str):
            same["range_ratio"] = parse_range_ratio(given.range_ratio)
        return WorkloadOptions(**same, **others)

    def check(self) -> None:
        """Raises BadInput, naming the flag, for the first option that no data set can follow."""
        if self.count is not None:
            whole(1)("--num-requests", self.count)
        check_values(self)
        check_range_ratio("--range-ratio", self.range_ratio)
        self.check_dataset()
