from collections.abc import Iterable

class HttpResponse:
    status: int
    keep_alive: bool
    content_type: bytes
    reason: bytes
    location: bytes
    problem: str | None
    def __init__(self) -> None: ...

def frame(pieces: Iterable[bytes], closed: bool) -> tuple[int, bytes, bool, bool, int, str | None]: ...
