from __future__ import annotations

import numpy as np
import pytest

from aisbench.studies.comparison.comparing import compare
from aisbench.studies.comparison.judge import CANNOT_TELL, DIFFERS, SAME, Cell, judge, verdict_of
from aisbench.studies.comparison.result import Group, ToolResult
from tests.studies.comparison.made_results import made


def cells(first: Group, second: Group, key: str, **options: float) -> tuple[Cell, Cell]:
    for row in judge([first, second], **options):  # type: ignore[arg-type]
        if row.metric.key == key:
            one, other = row.cells
            return one, other
    raise AssertionError(f"no row {key}")


def alone(result: ToolResult, name: str = "one") -> Group:
    return Group(name, (result,))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.05, 0.05, SAME),
        (0.01, 0.04, SAME),
        (0.051, 0.2, DIFFERS),
        (-0.2, -0.051, DIFFERS),
        (0.04, 0.06, CANNOT_TELL),
        (-0.2, 0.2, CANNOT_TELL),
    ],
)
def test_the_interval_against_the_margin(low: float, high: float, verdict: str) -> None:
    assert verdict_of(low, high, 0.05)[0] == verdict


@pytest.mark.parametrize(("ttft", "verdict"), [(50.2, SAME), (52.5, CANNOT_TELL), (60.0, DIFFERS)])
def test_a_latency_of_two_runs_with_data(ttft: float, verdict: str) -> None:
    base, cell = cells(alone(made()), alone(made(ttft=ttft, seed=1), "other"), "ttft_ms.mean")
    assert cell.verdict == verdict
    assert cell.ratio == pytest.approx(ttft / 50, rel=0.01)
    assert cell.difference == pytest.approx(ttft - 50, abs=0.5)
    assert cell.relative_low is not None
    assert cell.relative_high is not None
    assert cell.ratio is not None
    assert cell.relative_low < cell.ratio - 1 < cell.relative_high
    assert base.verdict is None
    assert base.range_of == "requests"
    assert base.low is not None
    assert base.value is not None
    assert base.low < base.value


def test_the_margin_is_the_users() -> None:
    pair = alone(made()), alone(made(ttft=55, seed=1), "other")
    assert cells(*pair, "ttft_ms.mean")[1].verdict == DIFFERS
    assert cells(*pair, "ttft_ms.mean", margin=0.2)[1].verdict == SAME


def test_without_data_behind_it_nothing_can_be_told() -> None:
    _, cell = cells(alone(made()), alone(made(data=False, ttft=90), "other"), "ttft_ms.mean")
    assert cell.verdict == CANNOT_TELL
    assert "kept no values" in (cell.why or "")
    assert cell.ratio == pytest.approx(1.8, rel=0.01), "the ratio is shown all the same"


def test_a_single_number_needs_repeats() -> None:
    _, cell = cells(alone(made()), alone(made(), "other"), "request_throughput")
    assert cell.verdict == CANNOT_TELL
    assert "repeat the runs" in (cell.why or "")
    base = Group("a", tuple(made(figures={"request_throughput": x}) for x in (99.0, 100.0, 101.0)))
    same = Group("b", tuple(made(figures={"request_throughput": x}) for x in (100.0, 101.0, 102.0)))
    less = Group("c", tuple(made(figures={"request_throughput": x}) for x in (79.0, 80.0, 81.0)))
    one, cell = cells(base, same, "request_throughput")
    assert cell.verdict == SAME
    assert (one.low, one.high, one.range_of) == (99.0, 101.0, "runs")
    assert cells(base, less, "request_throughput")[1].verdict == DIFFERS


def test_runs_that_scatter_make_it_unsure_however_many_requests_they_have() -> None:
    base = Group("a", tuple(made(ttft=t, seed=at) for at, t in enumerate((45, 50, 55))))
    other = Group("b", tuple(made(ttft=t, seed=at + 9) for at, t in enumerate((47, 53, 58))))
    assert cells(base, other, "ttft_ms.mean")[1].verdict == CANNOT_TELL


def test_counts_are_what_they_are() -> None:
    other = alone(made(figures={"total_output_tokens": 20_001.0}), "other")
    _, cell = cells(alone(made()), other, "total_output_tokens")
    assert (cell.verdict, cell.difference) == (DIFFERS, 1.0)
    assert cells(alone(made()), other, "completed")[1].verdict == SAME


def test_p99_of_few_requests() -> None:
    pair = alone(made(requests=300)), alone(made(requests=300, seed=1), "other")
    assert cells(*pair, "ttft_ms.p99")[1].verdict == CANNOT_TELL
    assert cells(*pair, "ttft_ms.median")[1].verdict == SAME


def test_what_one_of_them_lacks() -> None:
    _, cell = cells(alone(made()), alone(made(figures={"e2el_ms.mean": 5.0}), "other"), "e2el_ms.mean")
    assert cell.verdict == CANNOT_TELL
    assert cell.value == 5.0


def test_zero_has_no_ratio() -> None:
    zero = {"itl_ms.median": 0.0}
    _, cell = cells(alone(made(figures=zero)), alone(made(figures=zero), "other"), "itl_ms.median")
    assert cell.verdict == CANNOT_TELL
    assert cell.ratio is None


def test_the_whole_is_plain_json_and_the_same_again() -> None:
    import orjson

    groups = [
        alone(made(fingerprint={"bodies": "b", "requests": np.int64(3)})),
        alone(made("AIPerf", data=False), "x"),
    ]
    one, other = (orjson.dumps(compare(groups, seed=4).as_dict()) for _ in range(2))
    assert one == other
    told = orjson.loads(one)
    assert told["baseline"] == "one"
    assert told["groups"][0]["runs"][0]["setup"]["rate"] == "inf"
    assert told["metrics"][0]["values"]["x"]["verdict"] == SAME
    assert {pair["name"] for pair in told["pairs"]} == {"x"}
