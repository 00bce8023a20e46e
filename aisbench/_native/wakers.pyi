class Wakers:
    fd: int
    rest_ns: int
    def __init__(self, sockets_fd: int) -> None: ...
