import ssl
from collections.abc import Iterable

POLICIES: tuple[str, ...]

class Target:
    index: int
    def __init__(
        self,
        *,
        address: bytes,
        head: bytes,
        numbered: bool = True,
        tunnel: bytes = b"",
        tls: ssl.SSLContext | None = None,
        server_name: str = "",
    ) -> None: ...

class Targets:
    keep_alive: bool
    def __init__(
        self,
        targets: Iterable[Target],
        policy: str = "round-robin",
        *,
        keep_alive: bool = True,
        local_addresses: Iterable[bytes] = (),
    ) -> None: ...
