import ssl

class Tls:
    ended: bool
    def __init__(self, context: ssl.SSLContext, server_name: str) -> None: ...
