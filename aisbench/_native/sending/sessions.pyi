from typing import Any

from aisbench._native.conversations import Conversations
from aisbench._native.tickets import Tickets

class Sessions:
    def __init__(self, plan: Conversations, tickets: Tickets, history: Any, keeps_slot: bool) -> None: ...
