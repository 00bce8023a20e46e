class Connection:
    fd: int
