class Wakers:
    fd: int
    sockets_fd: int
    rest_ns: int
    def __init__(self) -> None: ...
