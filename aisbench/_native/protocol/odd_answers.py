"""Handles answers outside their API's grammar: errors of any shape, odd bodies, invalid Unicode.

None of this is on the per-event path.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

# A line of an event stream begins with one of these; a line that begins with a colon is a comment.
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b"error:")
_MARK = b"\xef\xbb\xbf"
# Some gateways send these in place of a comment, to keep the connection alive.
_KEEP_ALIVES = (b"", b"ping", b"keepalive", b"keep-alive", b"heartbeat")


def begins_stream(body: bytes) -> bool | None:
    """Whether `body`, the first bytes of an answer, begins an event stream; None: too few bytes to tell."""
    if _MARK.startswith(body):
        return None
    line = body.removeprefix(_MARK).lstrip()
    if line.startswith((b":", *_FIELDS)):
        return True
    return None if any(field.startswith(line) for field in _FIELDS) else False


def is_keep_alive(data: bytes) -> bool:
    """Whether an event's `data`, which is not JSON, only keeps the connection alive."""
    return data.strip().lower() in _KEEP_ALIVES


def is_error(data: bytes) -> bool:
    """Whether the JSON text `data` is an error object: OpenAI's, a flat one, or one of a framework.

    Only for events with neither a token nor a count. False if `data` is not JSON.
    """
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    if isinstance(said, list) and said:
        said = said[0]
    if not isinstance(said, dict) or said.get("choices"):
        return False
    if "error" in (said.get("object"), said.get("type"), said.get("status"), said.get("event")):
        return True
    if any(
        said.get(key) for key in ("error", "errors", "error_msg", "error_message", "errorMessage", "detail")
    ):
        return True
    # AWS, Kong and others send a message alone or with a code.
    marked = len(said) == 1 or any(key in said for key in ("code", "status", "statusCode", "error_code"))
    return bool(said.get("message")) and marked


def status_words(status: int, reason: bytes, location: bytes, body: bytes) -> bytes:
    """The error message for a status other than 200: the redirect's target, the body, or else the status line."""
    line = b" ".join([b"HTTP %d" % status, reason]).strip()
    if location and 300 <= status < 400:
        return b"%b: the server redirects to %b; redirects are not followed, so give --url that address" % (
            line,
            location,
        )
    return body if body.strip() else line + b", without a body"


def type_words(kind: bytes, body: bytes, wanted_stream: bool) -> bytes:
    """The error message for an answer of the wrong content type `kind` that begins with `body`."""
    if not wanted_stream:
        return kind + b": " + body
    what = kind or b"no content type"
    if body.lstrip()[:1] in (b"{", b"["):
        return b"answered whole although a stream was asked for (%b): %b" % (what, body)
    return b"not an event stream (%b): %b" % (what, body)


def valid_text(escaped: bytes) -> bytes:
    """The JSON-escaped text `escaped` as valid UTF-8 and valid JSON.

    Bytes that are not UTF-8 and unpaired surrogates become U+FFFD.
    """
    quoted = b'"%b"' % escaped
    try:
        orjson.loads(quoted)
    except orjson.JSONDecodeError:
        text: Any = json.loads(quoted.decode("utf-8", "replace"), strict=False)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return json.dumps(text)[1:-1].encode()
    return bytes(escaped)
