from aisbench._native.receiving.reader import Reader

class UringReader(Reader):
    """Raises OSError where the kernel, or the container, has no io_uring of this kind."""
    def __init__(self) -> None: ...
