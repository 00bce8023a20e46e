from typing import Any

ROWS_MAGIC: bytes
ROWS_HEADER_BYTES: int
ROWS_HEADER_FIELDS: list[tuple[Any, ...]]
FLOW_BUCKET_NS: int
STATUSES: tuple[str, ...]
ERRORS: tuple[str, ...]
MARKS: dict[str, int]
ROW_FIELDS: list[tuple[Any, ...]]
ROW_BYTES: int

class Recorder:
    saves_token_times: bool
    saves_text: bool
    def __init__(
        self, directory: str, worker: int, token_times: bool = False, text: bool = False
    ) -> None: ...
    def reserve(self, rows: int) -> None: ...
    def start_at(self, origin_ns: int) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...
