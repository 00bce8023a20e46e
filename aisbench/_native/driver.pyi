from collections.abc import Callable
from typing import Any

from aisbench._native.conversations import Conversations
from aisbench._native.memory.bodies import BodyFile
from aisbench._native.memory.recorder import Recorder
from aisbench._native.memory.shared import SharedBlock, Slots
from aisbench._native.os.clock import ClockPair
from aisbench._native.receiving.reader import Reader
from aisbench._native.sending.aborts import Aborts
from aisbench._native.sending.names import Names
from aisbench._native.tally import Reading
from aisbench._native.targets import Targets

class Driver:
    clock: ClockPair
    in_flight: int
    def __init__(
        self,
        *,
        targets: Targets,
        reader: Reader,
        reading: Reading,
        bodies: BodyFile,
        on_failure: Callable[[int, int, int, bytes], None],
        timeout_ns: int,
        conversations: Conversations | None = None,
        keeps_slot: bool = True,
        prefills: Slots | None = None,
        aborts: Aborts | None = None,
        history: Any = None,
        names: Names | None = None,
        drop_after_ns: int = -1,
        rest_ns: int = 2000000,
    ) -> None: ...
    def attach(
        self, block: SharedBlock, worker: int, slots: Slots | None, recorder: Recorder, share: int
    ) -> None: ...
    def take(self, bodies: BodyFile, conversations: Conversations | None) -> None: ...
    def serve(self) -> None: ...
    @property
    def fd(self) -> int: ...
    @property
    def rest_ns(self) -> int: ...
    @property
    def finished(self) -> bool: ...
    @property
    def idle_connections(self) -> int: ...
    @property
    def open_connections(self) -> int: ...
    def on_wake(self) -> None: ...
    def connect_ahead(self, count: int) -> None: ...
    def let_go(self) -> None: ...
    def expire(self) -> None: ...
    def widen(self, share: int) -> None: ...
    def exhaust(self) -> None: ...
    def cancel(self) -> None: ...
