"""Each check refuses what it is for, in one sentence that names the flag, what would work and what was given."""

from __future__ import annotations

import math
from typing import Any

import pytest

from aisbench.errors import BadInput
from aisbench.options.checks import Check, above, at_least, between, every, one_of, whole


@pytest.mark.parametrize(
    ("check", "fine", "wrong", "said"),
    [
        (above(0, infinite=True), [0.1, 5, math.inf], -1.0, "--x must be a number above 0 or inf, got -1"),
        (above(0, "seconds"), [0.1, 5], 0.0, "--x must be more than 0 seconds, got 0"),
        (above(0), [1e9], math.inf, "--x must be a number above 0, got inf"),
        (at_least(0), [0.0, 3], math.nan, "--x must be a number of at least 0, got nan"),
        (at_least(0.1, "seconds"), [0.1], 0.05, "--x must be at least 0.1 seconds, got 0.05"),
        (at_least(0, "seconds", most=9.0), [9.0], 9.5, "--x must be at least 0 seconds, got 9.5"),
        (between(0, 1), [0, 1], 1.5, "--x must be a number from 0 to 1, got 1.5"),
        (whole(1), [1, 10**12], 0, "--x must be a whole number of at least 1, got 0"),
        (whole(0, 7), [0, 7], 8, "--x must be a whole number from 0 to 7, got 8"),
        (whole(0), [0], True, "--x must be a whole number of at least 0, got True"),
        (whole(0), [0], 2.5, "--x must be a whole number of at least 0, got 2.5"),
        (every(between(0, 9), "digits"), [(), (0, 9)], (1.0, 10.0), "--x must be digits, got 1,10"),
    ],
)
def test_a_check(check: Check, fine: list[Any], wrong: Any, said: str) -> None:
    for value in fine:
        check("--x", value)
    with pytest.raises(BadInput) as refused:
        check("--x", wrong)
    assert str(refused.value) == said


def test_a_word_is_named_with_the_nearest() -> None:
    one_of("--x", None, ("red", "blue"))
    one_of("--x", "red", ("red", "blue"))
    with pytest.raises(BadInput, match=r"^--x: unknown 'bleu'; did you mean blue\? known: red, blue$"):
        one_of("--x", "bleu", ("red", "blue"))
    with pytest.raises(BadInput, match=r"^--x: unknown 'zzz'; known: red, blue$"):
        one_of("--x", "zzz", ("red", "blue"))
