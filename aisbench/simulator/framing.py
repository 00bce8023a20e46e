"""Events on the wire: the JSON, SSE and HTTP chunk around a token's text.

The envelope around the text is built once per request, so that a token costs two joins.
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
# Placeholders for the token's text, and for a number that changes from event to event.
MARK = "\x1f"
ESCAPED_MARK = orjson.dumps(MARK)[1:-1]
NUMBER = 1_234_567_890_123
NUMBER_MARK = b"%d" % NUMBER

TOKENS = tuple(b" " + word.encode() for word in WORDS)
LONGEST_TOKEN = max(map(len, TOKENS))


def chunk(event: bytes, lead: bytes = DATA) -> bytes:
    """An SSE event as one HTTP chunk. `lead` precedes the data."""
    return b"%x\r\n%b%b\n\n\r\n" % (len(lead) + len(event) + 2, lead, event)


class Envelope:
    """The bytes before and after a token's text in `event`, which has MARK in place of the text."""

    __slots__ = ("heads", "tail")

    def __init__(self, event: bytes, lead: bytes = DATA, longest: int = LONGEST_TOKEN) -> None:
        """`longest`: bytes of the longest text that will be put in."""
        before, _, after = event.partition(ESCAPED_MARK)
        size = len(lead) + len(before) + len(after) + 2
        # A chunk begins with its size, so there is one head for each length of a word.
        self.heads = tuple(b"%x\r\n%b%b" % (size + n, lead, before) for n in range(longest + 1))
        self.tail = after + b"\n\n\r\n"


class NumberedEnvelope:
    """An envelope with a number as well: `event` has NUMBER in its place, before or after MARK."""

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
