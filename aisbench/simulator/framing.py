"""Events as they go over the wire: JSON, SSE and the HTTP chunk around a token's text.

What stands around the text is made once per request, so a token costs two joins.
"""

from __future__ import annotations

import orjson

from aisbench.workload.tokens.words import WORDS

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"
DONE = b"e\r\ndata: [DONE]\n\n\r\n"
DATA = b"data: "
# Stand in an envelope where the token's text, and a number that changes from event to event, will be.
MARK = "\x1f"
ESCAPED_MARK = orjson.dumps(MARK)[1:-1]
NUMBER = 1_234_567_890_123
NUMBER_MARK = b"%d" % NUMBER

TOKENS = tuple(b" " + word.encode() for word in WORDS)
LONGEST_TOKEN = max(map(len, TOKENS))


def chunk(event: bytes, lead: bytes = DATA) -> bytes:
    """An SSE event as one HTTP chunk. `lead` is what stands before its data."""
    return b"%x\r\n%b%b\n\n\r\n" % (len(lead) + len(event) + 2, lead, event)


class Envelope:
    """What stands around the text of a token in `event`, which has MARK in its place."""

    __slots__ = ("heads", "tail")

    def __init__(self, event: bytes, lead: bytes = DATA) -> None:
        before, _, after = event.partition(ESCAPED_MARK)
        size = len(lead) + len(before) + len(after) + 2
        # The chunk names its length, and words differ in theirs.
        self.heads = tuple(b"%x\r\n%b%b" % (size + n, lead, before) for n in range(LONGEST_TOKEN + 1))
        self.tail = after + b"\n\n\r\n"


class NumberedEnvelope:
    """The same for an event that also counts: it has NUMBER where the number will be, before or after MARK."""

    __slots__ = ("first", "lead", "number_first", "second", "third")

    def __init__(self, event: bytes, lead: bytes = DATA) -> None:
        self.lead = lead
        self.number_first = event.index(NUMBER_MARK) < event.index(ESCAPED_MARK)
        marks = [NUMBER_MARK, ESCAPED_MARK] if self.number_first else [ESCAPED_MARK, NUMBER_MARK]
        self.first, _, rest = event.partition(marks[0])
        self.second, _, self.third = rest.partition(marks[1])

    def filled(self, text: bytes | bytearray, number: int) -> bytes:
        digits = b"%d" % number
        one, two = (digits, text) if self.number_first else (text, digits)
        return chunk(b"".join((self.first, one, self.second, two, self.third)), self.lead)
