from collections.abc import Callable
from typing import Any

from aisbench._native.protocol.decode import Decoder

class Reading:
    def __init__(
        self,
        decoder: Decoder,
        *,
        max_event_bytes: int,
        max_answer_bytes: int = 67108864,
        streams: bool = True,
        counts_chunks: bool = False,
        must_finish: bool = False,
        keeps_text: bool = False,
        tool_calls: Callable[[list[Any]], list[Any]] | None = None,
        answer_id: Callable[[list[Any]], str] | None = None,
    ) -> None: ...

class Tally: ...
