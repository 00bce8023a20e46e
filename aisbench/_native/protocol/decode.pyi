from collections.abc import Iterable
from typing import Any

MEANINGS: dict[str, int]

class Decoder:
    unsure: int
    def __init__(self, rules: Iterable[tuple[str, str]]) -> None: ...
    def explain(self, data: bytes, slowly: bool = False) -> dict[str, Any] | None: ...
