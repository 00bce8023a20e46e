from typing import Any

class Conversations:
    chained: bool
    count: int
    gap_ns: int
    def __init__(
        self,
        first: Any,
        think_ns: Any,
        after_first: Any = None,
        after: Any = None,
        fills_first: Any = None,
        fills: Any = None,
        not_before_ns: Any = None,
        agents: Any = None,
        starters: Any = None,
        users: int = 0,
        gap_ns: int = 0,
    ) -> None: ...
