"""Values of options as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from aisbench.options import values
from aisbench.options.option import ListOf, PairsOf

BOUNDS = partial(
    values.pairs, kind=PairsOf(":", "ttft:500 tpot:50", numbers=True, known=("ttft", "tpot", "e2el"))
)
NOTES = partial(values.pairs, kind=PairsOf("=", "gpu=A100"))
NUMBERS = partial(values.listed, kind=ListOf(float))


@pytest.mark.parametrize(
    ("read", "value", "wanted"),
    [
        (values.span_s, "1h30m", 5400.0),
        (values.span_s, 7, 7.0),
        (values.json_object, '{"top_k": 1}', {"top_k": 1}),
        (values.json_object, {"top_k": 1}, {"top_k": 1}),
        (NUMBERS, "50, 99", (50.0, 99.0)),
        (NUMBERS, [50, 99], (50.0, 99.0)),
        (BOUNDS, "ttft:500,tpot:50", {"ttft": 500.0, "tpot": 50.0}),
        (BOUNDS, ["ttft:500", "tpot:50"], {"ttft": 500.0, "tpot": 50.0}),
        (NOTES, {"note": "two words"}, {"note": "two words"}),
        (values.host_port, "9100", ("127.0.0.1", 9100)),
        (values.host_port, "0.0.0.0:9100", ("0.0.0.0", 9100)),
        (values.host_port, "[::1]:0", ("::1", 0)),
    ],
)
def test_what_is_read(read: Callable[[Any], Any], value: Any, wanted: Any) -> None:
    assert read(value) == wanted


@pytest.mark.parametrize(
    ("read", "value", "words"),
    [
        (values.span_s, "soon", "'soon' is not a span of time; give seconds"),
        (values.json_object, "top_k=1", "not JSON"),
        (values.json_object, "[1]", "not a JSON object"),
        (NUMBERS, "50,many", "'50,many': give float values"),
        (BOUNDS, "ttft", "'ttft' is not NAME:VALUE; give for example ttft:500 tpot:50"),
        (BOUNDS, "tttf:500", "unknown 'tttf'; did you mean ttft"),
        (BOUNDS, "ttft:0", "'0' is not a number above 0"),
        (BOUNDS, "ttft:inf", "'inf' is not a number above 0"),
        (values.host_port, "65536", "'65536' is not a port; give a number from 0 to 65535"),
    ],
)
def test_what_is_refused(read: Callable[[Any], Any], value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}"):
        read(value)
