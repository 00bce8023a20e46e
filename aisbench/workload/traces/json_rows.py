"""Fields that the rows of JSON traces have in common."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from aisbench.workload.cache_hits import BlockIds
from aisbench.workload.files.bad_lines import BadLine, shortened, whole_number
from aisbench.workload.options import WorkloadOptions


def object_in(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise BadLine(f"{type(row).__name__} instead of a JSON object")
    return row


def output_in(row: Mapping[str, Any], name: str, options: WorkloadOptions) -> int:
    """The length of the answer; --output-len where the row has none."""
    if row.get(name) is None and options.output_len is not None:
        return options.output_len
    return whole_number(row.get(name), name, 0)


def blocks_in(ids: Any, name: str = "hash_ids") -> BlockIds:
    """Hash ids: numbers of any size, or texts."""
    if not ids:
        return ()
    if not isinstance(ids, list):
        raise BadLine(f"{name} is not a list")
    if set(map(type, ids)) <= {int}:
        try:
            # A long trace has many millions of them.
            return array("q", ids)
        except OverflowError:
            return tuple(ids)
    # orjson turns whole numbers beyond 64 bits into floats.
    ids = [int(one) if isinstance(one, float) and one.is_integer() else one for one in ids]
    for one in ids:
        if isinstance(one, bool) or not isinstance(one, (int, str)):
            raise BadLine(
                f"a hash id is {shortened(one)}, neither a whole number nor a text",
                "a hash id that is neither a whole number nor a text",
            )
    return tuple(ids)
