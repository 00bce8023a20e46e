"""What is fuzzed, by name."""

from __future__ import annotations

from tests.fuzz.engine import Target
from tests.fuzz.targets.conversation import CONVERSATION
from tests.fuzz.targets.decode import DECODE
from tests.fuzz.targets.exchange import EXCHANGE
from tests.fuzz.targets.files import FILES
from tests.fuzz.targets.http import HTTP
from tests.fuzz.targets.lines import LINES
from tests.fuzz.targets.records import RECORDS
from tests.fuzz.targets.sse import SSE
from tests.fuzz.targets.tls import TLS
from tests.fuzz.targets.tunnel import TUNNEL

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (HTTP, SSE, DECODE, LINES, EXCHANGE, CONVERSATION, TUNNEL, TLS, FILES, RECORDS)
}
