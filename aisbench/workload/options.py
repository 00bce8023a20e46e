"""All options from which a data set makes its requests."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from aisbench.options.checks import whole
from aisbench.options.option import check_values
from aisbench.workload.dataset_options import DatasetOptions, check_range_ratio, parse_range_ratio
from aisbench.workload.request_options import RequestOptions


@dataclass(frozen=True, kw_only=True)
class WorkloadOptions(RequestOptions, DatasetOptions):
    """The options of both bases, and what the run decides.

    `count`: number of requests; None: as many as the data set has, or DEFAULT_COUNT where it can make any number.
    `model`: the name that request bodies ask for. `range_ratio`: for input and output; each length is drawn from
    length * (1 - ratio) to length * (1 + ratio). `own_times`: requests leave at the times of a recorded data set;
    False: something else decides, and those times are ignored. `model_is_named`: the user named the model, so it
    replaces the one in recorded bodies. `stream`: whether the run reads streamed answers.
    """

    count: int | None
    model: str
    range_ratio: tuple[float, float] = (0.0, 0.0)
    own_times: bool = True
    model_is_named: bool = False
    stream: bool = True

    @staticmethod
    def of(given: Any, **others: Any) -> WorkloadOptions:
        """Takes the options of both bases from `given`, and the fields of this class from `others`.

        Raises BadInput for a bad range ratio.
        """
        same = {
            field.name: getattr(given, field.name)
            for field in (*fields(DatasetOptions), *fields(RequestOptions))
        }
        if isinstance(given.range_ratio, str):
            same["range_ratio"] = parse_range_ratio(given.range_ratio)
        return WorkloadOptions(**same, **others)

    def check(self) -> None:
        """Raises BadInput, naming the flag, for the first option whose value no data set accepts."""
        if self.count is not None:
            whole(1)("--num-requests", self.count)
        check_values(self)
        check_range_ratio("--range-ratio", self.range_ratio)
        self.check_fields()
        self.check_dataset()
