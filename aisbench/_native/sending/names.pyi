from collections.abc import Iterable

SESSION_HOLE: bytes
RUN_HOLE: bytes

class Names:
    answers: int
    tokens: int
    def __init__(
        self,
        *,
        prefix: bytes,
        run: bytes = b"",
        own: Iterable[bytes] = (),
        parent: Iterable[bytes] = (),
        token: bytes | None = None,
        fills: bool = False,
    ) -> None: ...
