from aisbench._native.memory.shared import Slots

class Prefills:
    def __init__(self, places: Slots | None) -> None: ...
