class Aborts:
    def __init__(
        self, share: float = 0.0, seed: int = 0, after_ns: int = -1, after_tokens: int = 0
    ) -> None: ...
