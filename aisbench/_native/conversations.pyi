from typing import Any

class Conversations:
    chained: bool
    count: int
    def __init__(
        self,
        first: Any,
        think_ns: Any,
        after_first: Any = None,
        after: Any = None,
        fills_first: Any = None,
        fills: Any = None,
    ) -> None: ...
