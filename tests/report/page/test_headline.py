"""The cards on top of the page show what a user of the server felt, and every request that was sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from aisbench._native.memory.recorder import STATUSES
from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.page.headline import headline
from aisbench.report.page.parts import errors, percentile_table
from aisbench.report.text.console import render
from aisbench.report.text.markdown import markdown
from tests.analysis.made_runs import base_config, drop, fail, made_rows, write_run
from tests.analysis.summaries import summarise
from tests.report.written import written

CARD = re.compile(
    r'<div class="label">(.*?)</div><div class="value">(.*?)</div><div class="aside">(.*?)</div>'
)


def cards(summary: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """(value, aside) by label, without tags."""
    found = CARD.findall(headline(summary))
    plain = [[re.sub(r"<.*?>", "", part).replace("&nbsp;", " ") for part in card] for card in found]
    return {label: (value, aside) for label, value, aside in plain}


def summary_of(folder: Path) -> dict[str, Any]:
    return summarise(Measured(Run.load(folder)))


def limited(folder: Path) -> dict[str, Any]:
    """Due every 50 ms; one may be in flight and takes 110.5 ms: request n waits 70 n ms before it is sent."""
    rows = made_rows(np.arange(20) * 50.0, lag_ms=np.arange(20) * 70.0, ttft_ms=40.0)
    return summary_of(write_run(folder / "run", rows, config=base_config(rate=20.0, concurrency=1)))


def test_what_waited_for_the_limit_is_shown_as_it_was_felt(tmp_path: Path) -> None:
    summary = limited(tmp_path)
    found = cards(summary)
    assert found["TTFT from plan"][0] == "705.0 ms", "mean of 40 + 70 n"
    assert found["TTFT from plan"][1].endswith("From the send: 40.00 ms")
    assert "E2EL from plan" in found
    assert "TTFT" not in found
    rows = re.findall(r'<th scope="row"><a.*?>(.*?)</a></th>', percentile_table(summary))
    assert rows[:3] == ["TTFT from plan", "E2EL from plan", "TTFT"]
    lines = render(summary, [99.0]).splitlines()
    end = lines.index("=" * 50)
    assert lines[end + 1].startswith("TTFT from plan (ms) mean 705.00"), "right below the table"
    assert "| TTFT from plan | 705.00 |" in markdown(summary, [99.0])


def test_a_plan_that_was_kept_needs_no_second_figure(tmp_path: Path) -> None:
    rows = made_rows(np.arange(200) * 10.0, lag_ms=0.1, ttft_ms=40.0)
    found = cards(summary_of(write_run(tmp_path / "run", rows, config=base_config(rate=100.0))))
    assert found["TTFT"] == ("40.00 ms", "mean; p99 40.00 ms")
    assert "TTFT from plan" not in found


def test_requests_that_were_cut_are_in_the_tile(tmp_path: Path) -> None:
    rows = made_rows(np.arange(100) * 10.0)
    fail(rows, np.arange(40, 100), "none")
    rows["status"][40:] = STATUSES.index("cancelled")
    drop(rows, [39])
    summary = summary_of(write_run(tmp_path / "run", rows, config=base_config(rate=100.0)))
    found = cards(summary)
    value, aside = found["Requests"]
    assert value == "39"
    assert aside.startswith("completed of 99 sent, 60 cut off, 1 dropped, none failed")
    assert "of only the 39 completed" in found["TTFT"][1]
    assert errors(summary) == "<p>No request failed, but not all were completed: 60 cut off, 1 dropped.</p>"
    assert "Not in the figures  60 cut off, 1 dropped; 99 were sent" in render(summary, [99.0])


def test_turns_are_named_as_what_is_counted(tmp_path: Path) -> None:
    """Two conversations of three turns, a turn every 200 ms."""
    rows = made_rows(np.repeat(np.arange(3), 2) * 200.0)
    rows["conversation"], rows["turn"] = np.arange(6) % 2, np.arange(6) // 2
    folder = write_run(tmp_path / "run", rows, config=base_config(concurrency=2), conversations=2)
    assert cards(summary_of(folder))["Requests"] == (
        "6",
        "completed, turns of 2 conversations, none failed; 0.5 s",
    )
    page = re.sub(r"<script.*?</script>|</?a.*?>", "", written(folder).read_text(), flags=re.DOTALL)
    assert "requests sent per second (every turn of a conversation counts as one)" in page
    assert "Each line is a request (one turn of a conversation) in the order of the plan" in page


def test_without_a_success_no_latency_is_a_number(tmp_path: Path) -> None:
    rows = made_rows(np.zeros(3))
    fail(rows, [0, 1, 2], "timeout")
    found = cards(summary_of(write_run(tmp_path / "run", rows)))
    assert found["Requests"][1].startswith("completed, 3 failed")
    for name in ("TTFT", "TPOT", "ITL", "E2EL"):
        assert found[name] == ("–", "mean; p99 –")
