"""LongBench's metrics, with figures that its script gives where both define the same."""

from __future__ import annotations

import pytest

from aisbench.accuracy.scoring import longbench as metrics

CLASSES = ("cat", "dog", "cathedral", "house")


@pytest.mark.parametrize(
    ("metric", "found", "gold", "expected"),
    [
        (metrics.words, "The Green boat.", "green boat", 1.0),
        (metrics.words, "It is a green boat", "green boat", 2 / 3),
        (metrics.chinese, "早上六点开门。", "早上六点", 0.8),
        (metrics.count, "3 or 4", "3", 0.5),
        (metrics.count, "none", "3", 0.0),
        (metrics.paragraph, "Paragraph 12", "Paragraph 1", 0.0),
        (metrics.paragraph, "Paragraph 1", "Paragraph 1", 1.0),
        (metrics.paragraph, "段落3，不是段落2", "段落3", 0.5),
        (metrics.classes, "a cathedral", "cathedral", 1.0),
        (metrics.classes, "a cat", "cathedral", 0.0),
        (metrics.classes, "dog or cathedral", "cathedral", 0.5),
        (metrics.classes, "nothing", "dog", 0.0),
        (metrics.line_of_code, "```python\n# adds\n    return a + b\n```", "    return a + b", 1.0),
        (metrics.line_of_code, "", "x", 0.0),
        # Words of each: 4 and 6; the longest common subsequence has 4.
        (metrics.rouge, "the lift is late", "The lift is late, says Bo.", 0.8),
        # Characters: 3 and 4, of which 3 are common in order.
        (metrics.chinese_rouge, "七月验", "七月验收。", 6 / 7),
        (metrics.chinese_rouge, "abc", "中文", 0.0),
    ],
)
def test_scores(metric: metrics.Metric, found: str, gold: str, expected: float) -> None:
    assert metric(found, gold, CLASSES) == pytest.approx(expected)
