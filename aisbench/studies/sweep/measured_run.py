"""What one run of a sweep showed: its figures, and what the bounds of an SLO apply to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.contract.summary_type import plain
from aisbench.analysis.measured import Measured
from aisbench.metrics import METRICS
from aisbench.records.run import Run
from aisbench.report.files.write import write_reports
from aisbench.report.text.first_failure import first_failure
from aisbench.studies.many_runs.client import client_status
from aisbench.studies.slo.latencies import latencies_ms
from aisbench.studies.slo.scores import Scores
from aisbench.studies.slo.terms import Term

# Of every latency with a card on the page.
STATISTICS = ("mean", "median", "p90", "p99")
SERVER, USER, USER_WHOLE = (
    "tokens_per_s_per_server",
    "tokens_per_s_per_user",
    "tokens_per_s_per_user_with_ttft",
)
_TOTALS = ("request_throughput", "output_throughput", "total_token_throughput")


def figure_names() -> list[str]:
    """All figures of a run, in the order in which they are written."""
    latencies = [
        f"{metric.key}.{statistic}" for metric in METRICS if metric.headline for statistic in STATISTICS
    ]
    return [SERVER, USER, USER_WHOLE, *_TOTALS, "request_goodput", "error_rate", "in_flight_mean", *latencies]


@dataclass(frozen=True)
class RunOfPoint:
    """One run of the point with the name `point`.

    `folder`: in the sweep's; None if the run did not start. `problem`: why its figures do not count; None if they do.
    `figures`: by figure_names, without those that it does not have. `latencies`: of the requests that were sent and did
    not fail, in ms, by metric, as far as bounds need them; infinite where a request was cut off. `failed` of `sent`
    requests failed.
    """

    point: str
    repetition: int
    folder: str | None
    seconds: float
    problem: str | None = None
    seed: int | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    client: str = "valid"
    client_reasons: tuple[str, ...] = ()
    latencies: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    sent: int = 0
    failed: int = 0
    scores: Scores = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "point": self.point,
            "repetition": self.repetition,
            "folder": self.folder,
            "seed": self.seed,
            "seconds": self.seconds,
            "problem": self.problem,
            "client": self.client,
            "client_reasons": list(self.client_reasons),
            "figures": dict(self.figures),
        }


def read_run(
    place: Path, run: Mapping[str, Any], terms: tuple[Term, ...], *, trust_remote_code: bool
) -> RunOfPoint:
    """The run that the entry `run` of SweepFolder.runs is about; `place`: the sweep's folder.

    Its reports are written if they are missing.
    """
    known = {name: run[name] for name in ("point", "repetition", "folder", "seconds", "problem")}
    if run["folder"] is None:
        return RunOfPoint(**known)
    measured = Measured(Run.load(place / run["folder"], trust_remote_code=trust_remote_code))
    summary = _summary(measured)
    status, reasons = client_status(summary)
    found = RunOfPoint(
        **known,
        seed=measured.run.config.seed,
        figures=figures_of(summary),
        client=status,
        client_reasons=tuple(reasons),
    )
    if run["problem"] is not None or not terms:
        return found
    return _with_bounded(found, measured, terms)


def problem_of(run: Run, summary: Mapping[str, Any]) -> str | None:
    """Why the figures of a run do not count; None if they do."""
    if run.outcome == "failed":
        return str(run.outcome_reason)
    if summary["completed"] == 0:
        return f"no request succeeded{first_failure(run)}"
    return None


def _summary(measured: Measured) -> dict[str, Any]:
    path = measured.run.folder / "summary.json"
    if not path.exists():
        return plain(write_reports(measured))
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _with_bounded(found: RunOfPoint, measured: Measured, terms: tuple[Term, ...]) -> RunOfPoint:
    """`found` with what the bounds `terms` apply to."""
    run = measured.run
    sent, failed = run.rows["sent_ns"] > 0, run.has_status("failed")
    wanted = {term.metric for term in terms}
    latencies = {
        name: values[sent & ~failed & ~np.isnan(values)]
        for name, values in latencies_ms(measured).items()
        if name in wanted
    }
    return replace(
        found,
        latencies=latencies,
        sent=int(sent.sum()),
        failed=int((sent & failed).sum()),
        scores={} if measured.graded is None else measured.graded.by_question(measured.ok),
    )


def figures_of(summary: Mapping[str, Any]) -> dict[str, float]:
    """The figures of a run by figure_names, from its summary.json."""
    requests = summary["requests"]
    ended = requests["completed"] + requests["failed"]
    servers = max(1, len(str(summary["config"].get("url") or "").split(", ")))
    found = {
        SERVER: _over(summary["output_throughput"], servers),
        USER: _known(summary["per_user"].get("decode_tokens_per_s"), "mean"),
        USER_WHOLE: _known(summary["per_request"].get("output_tokens_per_s"), "mean"),
        **{name: summary[name] for name in _TOTALS},
        "request_goodput": summary.get("request_goodput"),
        "error_rate": requests["failed"] / ended if ended else None,
        "in_flight_mean": (summary["in_flight"] or {}).get("mean"),
    }
    for metric in METRICS:
        if metric.headline:
            block = summary["metrics"].get(metric.key)
            found |= {f"{metric.key}.{one}": _known(block, one) for one in STATISTICS}
    return {name: float(found[name]) for name in figure_names() if found.get(name) is not None}


def _over(value: float | None, servers: int) -> float | None:
    return None if value is None else value / servers


def _known(block: Mapping[str, Any] | None, name: str) -> Any:
    return None if not block or not block.get("count") else block.get(name)
