from aisbench._native.reader import Reader

class EpollReader(Reader):
    def __init__(self) -> None: ...
