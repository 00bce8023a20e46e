"""A series in one line of text."""

from __future__ import annotations

from aisbench.report.text.sparkline import sparkline


def test_heights_run_from_zero_to_the_largest() -> None:
    assert sparkline([0, 30, 70], 3) == "▁▄█"
    assert sparkline([50, 50], 9) == "██"
    assert sparkline([0, 0], 9) == "▁▁"


def test_what_is_not_known_is_a_gap() -> None:
    assert sparkline([None, 7, None], 3) == " █ "
    assert sparkline([None, None], 2) == "  "
    assert sparkline([], 5) == ""


def test_more_values_than_cells_are_averaged() -> None:
    assert sparkline([0, 0, 10, 10, 20, 20, 70, 70], 4) == "▁▂▃█"
    assert sparkline([None, 70, 0, 0], 2) == "█▁"
    assert len(sparkline(list(range(120)), 35)) == 35
    assert sparkline([1, 2], 0) == ""
