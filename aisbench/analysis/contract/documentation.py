"""Writes docs/summary.md from the schema: `python -m aisbench.analysis.contract.documentation > docs/summary.md`."""

from __future__ import annotations

from collections.abc import Iterator

from aisbench.analysis.contract.json_schema import Schema, schema_of
from aisbench.analysis.contract.shipped import IDENTITY
from aisbench.analysis.contract.summary_type import Summary

_HEAD = """# summary.json

Every key of a run's `summary.json`, with its type, unit and meaning.

The file is one JSON object: the keys of `vllm bench serve --save-result` come first, then aisbench's own. What was not
measured is null. Arrays with one value per request are only in `vllm.json` and `requests.jsonl`. The package contains the
JSON Schema (draft 2020-12) as `aisbench/summary.schema.json`; the key `schema` names the version of this contract.

This page is generated from the types in `aisbench/analysis`. After changing a type, write the page and the schema again:

```sh
python -m aisbench.analysis.contract.documentation > docs/summary.md
python -m aisbench.analysis.contract.shipped > aisbench/summary.schema.json
```
"""
_COLUMNS = ("Key", "Type", "Unit", "Meaning")
_REFERENCE = "#/$defs/"


def page() -> str:
    whole = schema_of(Summary, IDENTITY)
    parts = [_part("The file", whole), *(_part(name, block) for name, block in whole["$defs"].items())]
    return "\n".join([_HEAD, *parts])


def _part(title: str, block: Schema) -> str:
    return f"## {title}\n\n{block['description']}\n\n" + "\n".join(_rows(block)) + "\n"


def _rows(block: Schema) -> Iterator[str]:
    yield _row(*_COLUMNS)
    yield _row(*("---" for _ in _COLUMNS))
    for name, key in block["properties"].items():
        optional = "" if name in block["required"] else " (optional)"
        yield _row(f"`{name}`{optional}", *_told(key))
    for pattern, key in block.get("patternProperties", {}).items():
        yield _row(f"`{pattern}`", *_told(key))
    if isinstance(others := block["additionalProperties"], dict):
        yield _row("any other", *_told(others))


def _told(key: Schema) -> tuple[str, str, str]:
    return _type(key), _unit(key), key.get("description", "")


def _type(key: Schema) -> str:
    if "$ref" in key:
        name = key["$ref"].removeprefix(_REFERENCE)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in key:
        return " or ".join(_type(part) for part in key["anyOf"])
    if "const" in key or "enum" in key:
        return ", ".join(f"`{word}`" for word in key.get("enum", [key.get("const")]))
    kinds = key.get("type", "any value")
    found = kinds if isinstance(kinds, str) else " or ".join(kinds)
    if found == "array":
        return f"array of: {_type(key['items'])}"
    if isinstance(inside := key.get("additionalProperties"), dict):
        return f"object of: {_type(inside)}"
    return found


def _unit(key: Schema) -> str:
    """The unit of the key, or of the values inside it."""
    inside = [key.get("items"), key.get("additionalProperties"), *key.get("anyOf", ())]
    units = {key.get("unit", ""), *(_unit(part) for part in inside if isinstance(part, dict))} - {""}
    return ", ".join(sorted(units))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


if __name__ == "__main__":
    print(page(), end="")
