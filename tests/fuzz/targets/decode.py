"""The scanner against orjson by the rules of every backend, and both against the standard library's JSON parser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from aisbench._native.protocol.decode import Decoder
from aisbench.backends.event_rules import CONTENT, CUMULATIVE, ERROR, KIND, Rules
from aisbench.backends.registry import BACKENDS
from tests.fuzz.engine import Check, Target

_RULES: tuple[Rules, ...] = tuple(
    dict.fromkeys(
        tuple(rules)
        for backend in BACKENDS.values()
        for rules in (backend.rules, backend.plain_rules)
        if rules is not None
    )
)
_KEYS = sorted({step.removesuffix("[]") for rules in _RULES for path, _ in rules for step in path.split(".")})
_PATHS = sorted({path for rules in _RULES for path, _ in rules})
_STRINGS = (
    *(
        "",
        "x",
        "stop",
        "length",
        "error",
        "tool_calls",
        "response.reasoning_text.delta",
        "response.output_text.delta",
    ),
    *("response.function_call_arguments.delta", 'a "b" \\ \n', "é", "😀", "3", "thinking", "text"),
)
_WORDS = (
    *(b'"%b"' % key.encode() for key in _KEYS),
    *(json.dumps(text).encode() for text in _STRINGS),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b'"',
        b"\\",
        b"\\u",
        b"\\ud83d",
        b"\\ude00",
        b"\\u0000",
        b"\\u0022",
        b"\\/",
    ),
    *(
        b"null",
        b"true",
        b"false",
        b"NaN",
        b"Infinity",
        b"-",
        b"0",
        b"00",
        b"-0",
        b"1.0",
        b"1e2",
        b"1e400",
        b"2147483648",
    ),
    *(
        b"99999999999999999999",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xc3",
        b" ",
        b"\t",
        b"\x00",
        b"\x1f",
        b"[" * 65,
        b"]" * 65,
    ),
)


class _Read:
    """`data` as the standard library reads it: of a key that is there twice, the last one."""

    def __init__(self, data: bytes) -> None:
        self.value: Any = None
        try:
            self.value = json.loads(data.decode("utf-8", "replace"))
            self.is_json = True
        except (ValueError, RecursionError):
            self.is_json = False


def values_at(value: Any, steps: list[str]) -> Iterator[Any]:
    """The values that a path of the rules leads to; None where there is nothing."""
    if not steps:
        yield value
        return
    name = steps[0].removesuffix("[]")
    inner = value.get(name) if isinstance(value, dict) else None
    for one in (inner if isinstance(inner, list) else ()) if steps[0].endswith("[]") else (inner,):
        yield from values_at(one, steps[1:])


def _contradicts(said: dict[str, Any], value: Any, rules: Rules) -> str:
    """What `said` has otherwise than a plain reading of `value` by the rules; empty: nothing."""
    meanings = [meaning for _, meaning in rules]
    failures = [one for path, what in rules if what == ERROR for one in values_at(value, path.split("."))]
    if said["error"] != any(failures):
        return "the failure"
    if meanings.count(CONTENT) == 1 and KIND not in meanings and CUMULATIVE not in meanings:
        texts = list(values_at(value, rules[meanings.index(CONTENT)][0].split(".")))
        # Lists of parts are left to orjson.
        if not any(isinstance(text, (list, dict)) for text in texts):
            return "the content" if said["content"] != "".join(t for t in texts if isinstance(t, str)) else ""
    return ""


@contextmanager
def _opened() -> Iterator[Check]:
    # Kept from input to input: what one leaves behind must not change the next.
    decoders = [(rules, Decoder(rules), Decoder(rules)) for rules in _RULES]

    def check(data: bytes) -> None:
        read = _Read(data)
        whole = data.decode("utf-8", "replace").encode() == data
        deep = data.count(b"[") + data.count(b"{") > 800
        for rules, fast, slow in decoders:
            try:
                said = fast.explain(data)
            except UnicodeDecodeError:
                assert not whole, "the texts of UTF-8 are UTF-8"
                continue
            wanted = slow.explain(data, slowly=True)
            if deep or not whole:
                continue
            assert (said is not None) == read.is_json, "the standard library disagrees on whether it is JSON"
            if said is None:
                continue
            assert said == wanted, f"the scanner disagrees with orjson by {rules}"
            wrong = _contradicts(said, read.value, rules)
            assert not wrong, f"{wrong} is not what {rules} say"

    yield check


def _leaf(rng: Random) -> Any:
    return rng.choice(
        (
            None,
            True,
            False,
            0,
            7,
            3.0,
            -1,
            2**31,
            1e300,
            [],
            {},
            ["x"],
            {"text": "x"},
            [{"type": "thinking", "text": "y"}],
        )
        if rng.random() < 0.3
        else _STRINGS
    )


def _put(whole: dict[str, Any], steps: list[str], leaf: Any, rng: Random) -> None:
    """Puts `leaf` where a path of the rules leads, unless something else is in its way."""
    name = steps[0].removesuffix("[]")
    if steps[0].endswith("[]"):
        elements = whole.setdefault(name, [])
        if isinstance(elements, list):
            if not elements or rng.random() < 0.2:
                elements.append({} if len(steps) > 1 else leaf)
            if len(steps) > 1 and isinstance(elements[-1], dict):
                _put(elements[-1], steps[1:], leaf, rng)
    elif len(steps) == 1:
        whole[name] = leaf
    elif isinstance(inner := whole.setdefault(name, {}), dict):
        _put(inner, steps[1:], leaf, rng)


def make_value(rng: Random, paths: list[str] = _PATHS) -> dict[str, Any]:
    """An event with something at some of the `paths`."""
    whole: dict[str, Any] = {}
    for _ in range(rng.randint(1, 6)):
        _put(whole, rng.choice(paths).split("."), _leaf(rng), rng)
    return whole


def _make(rng: Random) -> bytes:
    text = json.dumps(make_value(rng), ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, 1)))
    if rng.random() < 0.2:
        # A key twice.
        begin = rng.choice(("{", *(key.decode() + ": " for key in _WORDS[: len(_KEYS)])))
        text = text.replace(begin, begin + ('"choices": [], ' if begin == "{" else f'"y", {begin}'), 1)
    return text.encode()


DECODE = Target("decode", _opened, _make, _WORDS)
