from aisbench._native.exchange import Exchange

class Connection(Exchange):
    fd: int
