"""The Python API: runs a load from a script or a notebook, and reads runs as arrays."""

from __future__ import annotations

import contextlib
import difflib
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.masking.fields import MASK

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from aisbench.analysis.contract.summary_type import Summary
    from aisbench.analysis.measured import Measured

_FIELDS = tuple(field.name for field in fields(RunConfig))


def load(*, progress: bool = True, **options: Any) -> LoadedRun:
    """Puts load on a server, as `aisbench-load` with the same options does, and returns the run.

    `options` are those of the command line with underscores (docs/options.md). An option with several values takes a
    list; a single --url may be a string. Without `url`, the load goes to the built-in simulator. `progress`: show the
    run's progress on stderr. Ctrl-C ends the run as on the command line, and the requests done so far are returned.
    Call this in the main thread, because no other thread receives Ctrl-C.

    Raises BadInput for invalid options, and CannotRun if the run cannot be carried out.
    """
    config = _config_of(options)
    from aisbench.report.files.write import write_reports
    from aisbench.studies.single_run import run_to_folder

    with contextlib.ExitStack() as stack:
        folder = run_to_folder(
            stack, config, command=[_call(options, config)], live=progress, quiet=not progress
        )
    measured = read_run(folder, trust_remote_code=config.trust_remote_code).measured
    return LoadedRun(measured, write_reports(measured))


def read_run(path: str | Path, *, trust_remote_code: bool = False) -> LoadedRun:
    """Reads the run in the folder `path`, even if it crashed. Raises BadInput if `path` is not a run folder.

    `trust_remote_code`: let the run's tokenizer run its own code if tokens have to be counted and the run allowed it.
    """
    from aisbench.analysis.measured import Measured
    from aisbench.records.run import Run

    return LoadedRun(Measured(Run.load(path, trust_remote_code=trust_remote_code)))


@dataclass(frozen=True)
class LoadedRun:
    """A run read from its folder."""

    measured: Measured
    _written: Summary | None = None

    @property
    def folder(self) -> Path:
        """Where report.html, summary.json and the records are."""
        return self.measured.run.folder

    @cached_property
    def summary(self) -> Summary:
        """The contents of summary.json (docs/summary.md)."""
        from aisbench.analysis.summary import summarise

        return self._written or summarise(self.measured)

    @property
    def requests(self) -> NDArray[np.void]:
        """One row per request, in the order of the plan: a structured array, shape (requests,), with the fields of
        docs/records.md and times in ns of CLOCK_MONOTONIC."""
        return self.measured.run.rows[:]

    def latency_ms(self, metric: str) -> NDArray[np.float64]:
        """`metric` (such as "ttft") of each successful request in ms, shape (requests,); nan if it was not measured.

        Raises BadInput for a name that is not in the table of metrics.
        """
        from aisbench.metrics import NAMES

        if metric not in NAMES:
            raise BadInput(f"metric {metric!r} is not known; give one of {', '.join(NAMES)}")
        return self.measured.latencies[metric]

    def frame(self) -> pd.DataFrame:
        """One row per request with the columns of requests.jsonl: times in ms since the start.

        Raises BadInput if pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise BadInput("frame() needs pandas: pip install pandas") from None
        from aisbench.report.files.requests_table import request_columns

        return pd.DataFrame(request_columns(self.measured))


def _config_of(options: dict[str, Any]) -> RunConfig:
    """The configuration of a run with `options`. Raises BadInput for unknown options and invalid values."""
    for name in options:
        if name not in _FIELDS:
            near = difflib.get_close_matches(name, _FIELDS, 1)
            hint = f"did you mean {near[0]}?" if near else "docs/options.md has all of them"
            raise BadInput(f"load() has no option {name!r}; {hint}")
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
    }
    if isinstance(given.get("url"), str):
        given["url"] = (given["url"],)
    config = RunConfig(**given).expanded()
    config.check()
    return config


def _call(options: dict[str, Any], config: RunConfig) -> str:
    """The call that the run folder records as its command, without secrets."""
    # as_dict leaves out the API key.
    kept = config.as_dict()
    return f"aisbench.load({', '.join(f'{name}={kept.get(name, MASK)!r}' for name in options)})"
