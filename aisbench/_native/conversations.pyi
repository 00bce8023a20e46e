from typing import Any

class Conversations:
    count: int
    def __init__(self, first: Any, think_ns: Any) -> None: ...
