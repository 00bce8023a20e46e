class Reader:
    fd: int
