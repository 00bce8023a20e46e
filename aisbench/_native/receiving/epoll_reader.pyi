from aisbench._native.receiving.reader import Reader

class EpollReader(Reader):
    def __init__(self) -> None: ...
