"""An event stream parsed as the HTML Living Standard, section 9.2.6, words it, one character after the other.

It has the three exceptions that aisbench/_native/protocol/sse.pxd names, as far as they concern an event's data: an event
without its blank line at the end of the stream counts, and a field named `error` that has a colon is data.
"""

from __future__ import annotations

from collections.abc import Iterator


def _lines(stream: bytes) -> Iterator[bytes]:
    """Lines end with CR LF, LF or CR."""
    line = bytearray()
    after_cr = False
    for byte in stream:
        if byte == 0x0A and after_cr:
            after_cr = False
            continue
        after_cr = byte == 0x0D
        if byte in (0x0A, 0x0D):
            yield bytes(line)
            line.clear()
        else:
            line.append(byte)
    yield bytes(line)
    # The end of the stream, which here ends an event as an empty line does.
    yield b""


def events(stream: bytes) -> list[bytes]:
    """The data of each event, in bytes: UTF-8 is not decoded."""
    found: list[bytes] = []
    data_buffer = b""
    for line in _lines(stream.removeprefix(b"\xef\xbb\xbf")):
        if not line:
            if data_buffer:
                found.append(data_buffer.removesuffix(b"\n"))
            data_buffer = b""
            continue
        if line.startswith(b":"):
            continue
        field, colon, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if field == b"data" or (field == b"error" and colon):
            data_buffer += value + b"\n"
    return found


def sizes(stream: bytes) -> list[int]:
    """The bytes of each block of lines up to an empty one, with one byte for each line end: what a limit applies to."""
    found = [0]
    lines = list(_lines(stream))[:-1]
    for number, line in enumerate(lines):
        ended = number < len(lines) - 1
        blank = not line or (number == 0 and line == b"\xef\xbb\xbf")
        if blank and ended:
            found.append(0)
        else:
            found[-1] += len(line) + ended
    return found
