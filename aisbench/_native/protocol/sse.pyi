from collections.abc import Iterable

class SseParser:
    limit_bytes: int
    def __init__(self, limit_bytes: int) -> None: ...

def parse(
    pieces: Iterable[bytes], limit_bytes: int = 1048576, end: bool = True, lines: bool = False
) -> tuple[list[bytes], bool]: ...
