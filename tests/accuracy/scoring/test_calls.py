"""Function calls: which arguments are right, and what is said of those that are not."""

from __future__ import annotations

from typing import Any

import pytest

from aisbench.accuracy.scoring.calls import Allowed, mismatch

SCHEMA = {
    "type": "dict",
    "required": ["city"],
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "share": {"type": "float"},
        "exact": {"type": "boolean"},
        "names": {"type": "array", "items": {"type": "string"}},
        "shares": {"type": "array", "items": {"type": "float"}},
        "bare": {"type": "array"},
        "pair": {"type": "tuple", "items": {"type": "integer"}},
        "more": {"type": "dict"},
        "lines": {"type": "array", "items": {"type": "dict"}},
        "any": {"type": "any"},
    },
}


def why(arguments: dict[str, Any], **values: list[Any]) -> str:
    """Whether a call with a right city and these arguments matches."""
    allowed = Allowed("f", SCHEMA, {"city": ["Oslo"], **values})
    return mismatch([("f", {"city": "Oslo", **arguments})], [allowed])


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ({"city": "OSLO."}, {}),
        ({"city": "April 1, 2024"}, {"city": ["april 1 2024"]}),
        ({"city": "it's"}, {"city": ['it"s']}),
        ({"days": 3}, {"days": [2, 3]}),
        ({}, {"days": [2, ""]}),
        ({"share": 1}, {"share": [1.0]}),
        ({"exact": True}, {"exact": [True]}),
        ({"names": ["A b", "c"]}, {"names": [["x"], ["ab", "C"]]}),
        ({"pair": [1, 2]}, {"pair": [[1, 2]]}),
        ({"days": "count"}, {"days": ["count"]}),
        ({"more": {"a": 1}}, {"more": [{"a": [1, 2], "b": ["", 3]}]}),
        ({"more": {"a": {"b": "X"}}}, {"more": [{"a": [{"b": ["x"]}]}]}),
        ({"lines": [{"a": 1}, {"a": 2}]}, {"lines": [[{"a": [1]}, {"a": [2]}]]}),
        ({"names": []}, {"names": [[]]}),
        ({"any": 5}, {"any": [5]}),
        ({"days": None}, {"days": ["", None]}),
        ({"city": True}, {"city": [True]}),
        ({"names": []}, {"names": [["a"], ""]}),
        ({"shares": [1.0]}, {"shares": [[1]]}),
        ({"shares": [1]}, {"shares": [[1]]}),
        ({"city": ""}, {"city": ["", "x"]}),
    ],
)
def test_right_arguments(arguments: dict[str, Any], values: dict[str, list[Any]]) -> None:
    assert why(arguments, **values) == ""


@pytest.mark.parametrize(
    ("arguments", "values", "reason"),
    [
        ({"city": "Bern"}, {}, "city is 'Bern', not one of"),
        ({"days": 3.0}, {"days": [3]}, "days is float, not integer"),
        ({"days": "3"}, {"days": [3]}, "days is str, not integer"),
        ({"days": True}, {"days": [1]}, "days is bool, not integer"),
        ({"exact": 1}, {"exact": [True]}, "exact is int, not boolean"),
        ({}, {"days": [2]}, "lacks days"),
        ({"days": 2}, {}, "f has no days"),
        ({"other": 2}, {"other": [2]}, "f has no other"),
        ({"names": ["b", "a"]}, {"names": [["a", "b"]]}, "names is"),
        ({"names": ["a"]}, {"names": [["a", "b"]]}, "names is"),
        ({"more": {"a": 1, "c": 1}}, {"more": [{"a": [1]}]}, "more is"),
        ({"more": {}}, {"more": [{"a": [1]}]}, "more is"),
        ({"more": {"a": True}}, {"more": [{"a": [1]}]}, "more is"),
        ({"lines": [{"a": 2}, {"a": 1}]}, {"lines": [[{"a": [1]}, {"a": [2]}]]}, "lines is"),
        ({"days": "COUNT"}, {"days": ["count"]}, "days is 'COUNT', not one of"),
        ({"shares": [1]}, {"shares": [[1.0]]}, "shares has items that are not float"),
        ({"bare": [1]}, {"bare": [""]}, "bare is [1], not one of ['']"),
        ({"names": [1]}, {"names": [["a"]]}, "names has items that are not string"),
        ({"days": None}, {"days": [3, ""]}, "days is NoneType, not integer"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], values: dict[str, list[Any]], reason: str) -> None:
    assert reason in why(arguments, **values)


def test_a_required_parameter_is_required_even_where_it_has_a_default() -> None:
    allowed = Allowed("f", SCHEMA, {"city": ["Oslo", ""]})
    assert mismatch([("f", {})], [allowed]) == "f lacks the required city"


def test_several_calls_match_in_any_order_one_for_one() -> None:
    oslo, bern = (Allowed("f", SCHEMA, {"city": [city]}) for city in ("Oslo", "Bern"))
    first, second = ("f", {"city": "Oslo"}), ("f", {"city": "Bern"})
    assert mismatch([second, first], [oslo, bern]) == ""
    assert "city is 'Oslo'" in mismatch([first, first], [oslo, bern])
    assert mismatch([first], [oslo, bern]) == "1 calls instead of 2"
    assert "g is called instead of f" in mismatch([("g", {"city": "Oslo"})], [oslo])
