import enum

FINISHES: tuple[str, ...]

class Finish(enum.IntEnum):
    FINISH_NONE = 0
    FINISH_STOP = 1
    FINISH_LENGTH = 2
    FINISH_OTHER = 3
    FINISH_GAVE_UP = 4
