"""Encodes figures and tables for a page's script. An array that several of them use is written once."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.report.charts.chart import Table


def packed(values: NDArray[Any]) -> dict[str, Any]:
    """An array as `type`, and its little-endian bytes in base64. A two-dimensional one also has `columns`."""
    # JavaScript has no typed arrays of plain numbers for 64-bit integers.
    if values.dtype.kind in "biu":
        values = values.astype(
            "u1" if values.dtype.kind == "b" else "f8" if values.itemsize == 8 else values.dtype
        )
    little = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"))
    found = {"type": values.dtype.str[1:], "b64": base64.b64encode(little.tobytes()).decode()}
    return found | ({"columns": values.shape[1]} if values.ndim == 2 else {})


def embedded(data: dict[str, Any]) -> dict[str, Any]:
    """`data` for JSON: each array becomes {"$": n}, and the n-th entry of `arrays` is that array as `packed`."""
    arrays: list[dict[str, Any]] = []
    places: dict[tuple[str, tuple[int, ...], bytes], int] = {}

    def walk(node: Any) -> Any:
        if isinstance(node, np.ndarray):
            key = (node.dtype.str, node.shape, node.tobytes())
            if key not in places:
                places[key] = len(arrays)
                arrays.append(packed(node))
            return {"$": places[key]}
        if isinstance(node, Table):
            return {"head": list(node.head), "blocks": walk(node.blocks), "cells": walk(node.cells)}
        if isinstance(node, dict):
            return {name: walk(value) for name, value in node.items()}
        if isinstance(node, list | tuple):
            return [walk(value) for value in node]
        return node

    found = walk(data)
    return {**found, "arrays": arrays}
