"""Pieces of answers as bytes: heads, events, chunks, and a complete good stream."""

from __future__ import annotations

import json
from typing import Any

STATUS = b"HTTP/1.1 200 OK\r\n"
STREAM_TYPE = b"Content-Type: text/event-stream\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
HEAD = STATUS + STREAM_TYPE + CHUNKED + b"\r\n"
# A body that only the end of the connection ends.
UNTIL_CLOSE = STATUS + STREAM_TYPE + b"\r\n"
END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"


def event(value: Any) -> bytes:
    return b"data: %b\n\n" % json.dumps(value).encode()


def chat(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})


def usage(prompt: Any, output: Any, **more: Any) -> bytes:
    return event({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": output, **more}})


TOKEN = chat({"content": "a"})
TOKENS = b"".join(chat({"content": text}) for text in ("a", " b", " c"))
STOP = chat({}, "stop")
USAGE = usage(9, 3)
# Three tokens, and everything that a good server says after them.
STREAM = TOKENS + STOP + USAGE + DONE


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def answer(*pieces: bytes, head: bytes = HEAD) -> bytes:
    """The pieces as one chunk each, and the end of the body."""
    return head + b"".join(map(chunk, pieces)) + END


def headed(*headers: bytes, body: bytes = STREAM) -> bytes:
    """A chunked stream with more headers."""
    return answer(body, head=HEAD[:-2] + b"".join(one + b"\r\n" for one in headers) + b"\r\n")


def sized(body: bytes, length: int | None = None, *headers: bytes) -> bytes:
    """An answer with a Content-Length, which is `length` if that is given."""
    length = len(body) if length is None else length
    more = b"".join(one + b"\r\n" for one in headers)
    return STATUS + STREAM_TYPE + more + b"Content-Length: %d\r\n\r\n%b" % (length, body)


def refusal(status: bytes, body: bytes = b"", *headers: bytes) -> bytes:
    """An answer with a status such as `503 Service Unavailable`."""
    more = b"".join(one + b"\r\n" for one in headers)
    return b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, more, len(body), body)


GOOD = answer(STREAM)
