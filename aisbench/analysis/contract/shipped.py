"""Writes summary.schema.json from the types: `python -m aisbench.analysis.contract.shipped > aisbench/summary.schema.json`."""

from __future__ import annotations

import json

from aisbench.analysis.contract.json_schema import schema_of
from aisbench.analysis.contract.summary_type import Summary

# Ends with the version of the contract, as the key `schema`.
IDENTITY = "urn:aisbench:summary:1"


def text() -> str:
    return json.dumps(schema_of(Summary, IDENTITY), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text(), end="")
