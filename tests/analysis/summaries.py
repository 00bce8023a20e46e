"""Summaries of runs, held against the schema that is shipped with the package."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, cast

import jsonschema_rs

from aisbench.analysis import summary as made
from aisbench.analysis.measured import Measured


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    schema = json.loads((files("aisbench") / "summary.schema.json").read_text())
    jsonschema_rs.meta.validate(schema)
    return jsonschema_rs.Draft202012Validator(schema)


def wrong_in(summary: dict[str, Any]) -> list[str]:
    """Where `summary` (as JSON has it) does not keep the schema, a line each."""
    return [f"{error.instance_path}: {error.message[:300]}" for error in _validator().iter_errors(summary)]


def summarise(measured: Measured) -> dict[str, Any]:
    """The package's own, of any values that tests may look into."""
    summary = cast(dict[str, Any], made.summarise(measured))
    assert wrong_in(summary) == []
    return summary
