"""The SSE parser against an oracle that follows the standard's own wording, split at every byte."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench._native.protocol.sse import parse


def oracle(stream: bytes) -> list[bytes]:
    """HTML Living Standard 9.2.6, on the whole stream at once; an unfinished last event counts."""
    if stream.startswith(b"\xef\xbb\xbf"):
        stream = stream[3:]
    lines = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    events: list[bytes] = []
    data: list[bytes] = []
    for line in lines:
        if line == b"":
            if data:
                events.append(b"\n".join(data))
            data = []
        elif not line.startswith(b":"):
            field, _, value = line.partition(b":")
            # Beside the standard's: some servers report failure in a field of its own.
            if field == b"data" or (field == b"error" and line != field):
                data.append(value.removeprefix(b" "))
    if data:
        events.append(b"\n".join(data))
    return events


line = st.one_of(
    st.sampled_from(
        [
            b"",
            b"data",
            b"data:",
            b"data: ",
            b"data:  two",
            b": a comment",
            b"event: error",
            b"error: 1",
            b"error",
            b"id: 7",
            b"retry: 1",
        ]
    ),
    st.binary(max_size=12).map(lambda b: b"data:" + b.replace(b"\r", b"").replace(b"\n", b"")),
    st.binary(max_size=12).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")),
)
ending = st.sampled_from([b"\n", b"\r\n", b"\r"])
streams = st.builds(
    lambda bom, lines, tail: bom + b"".join(a + b for a, b in lines) + tail,
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.lists(st.tuples(line, ending), max_size=12),
    st.sampled_from([b"", b"data: unfinished", b": c", b"da"]),
)


@given(streams)
def test_whole_and_split_at_every_byte_agree_with_the_standard(stream: bytes) -> None:
    wanted = oracle(stream)
    assert parse([stream]) == (wanted, False)
    assert parse([stream[i : i + 1] for i in range(len(stream))]) == (wanted, False)
    for cut in range(len(stream) + 1):
        assert parse([stream[:cut], stream[cut:]]) == (wanted, False)


@given(streams, st.lists(st.integers(0, 200), max_size=6))
def test_any_split_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    bounds = [0, *sorted(min(c, len(stream)) for c in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(bounds)]
    assert parse(pieces) == parse([stream])


def test_done_marker_and_several_events_in_one_read() -> None:
    stream = b'data: {"a":1}\n\ndata: {"a":2}\n\ndata: [DONE]\n\n'
    assert parse([stream])[0] == [b'{"a":1}', b'{"a":2}', b"[DONE]"]


def test_an_event_without_its_blank_line_counts_only_at_the_end_of_the_stream() -> None:
    assert parse([b"data: last\n"], end=True) == ([b"last"], False)
    assert parse([b"data: last\n"], end=False) == ([], False)


@pytest.mark.parametrize("piece", [1, 7, 4096, 1 << 20])
def test_a_large_event_parses_below_the_limit_and_fails_above_it(piece: int) -> None:
    data = b"x" * 65533
    stream = b"data: " + data + b"\n\n"
    pieces = [stream[i : i + piece] for i in range(0, len(stream), piece)]
    assert parse(pieces) == ([data], False)
    assert parse(pieces, limit_bytes=65533 + 7) == ([data], False)
    assert parse(pieces, limit_bytes=65533 + 6) == ([], True)


def test_the_limit_is_of_one_event_not_of_the_stream() -> None:
    stream = b"data: 0123456789\n\n" * 1000
    assert len(parse([stream], limit_bytes=20)[0]) == 1000


def test_many_short_lines_of_one_event_count_together() -> None:
    stream = b"data: 01234\n" * 10 + b"\n"
    assert parse([stream], limit_bytes=100) == ([], True)
    assert parse([stream], limit_bytes=120) == ([b"\n".join([b"01234"] * 10)], False)


@given(
    st.lists(st.sampled_from([b"{}", b'{"a": 1}', b"x", b"", b"\r", b"y\r", b"data: z"]), max_size=8),
    st.booleans(),
)
def test_lines_are_events_however_they_are_split(lines: list[bytes], ends: bool) -> None:
    stream = b"\n".join(lines) + (b"\n" if ends else b"")
    wanted = [text for line in lines if (text := line.removesuffix(b"\r"))]
    assert parse([stream], lines=True) == (wanted, False)
    assert parse([stream[i : i + 1] for i in range(len(stream))], lines=True) == (wanted, False)
    for cut in range(len(stream) + 1):
        assert parse([stream[:cut], stream[cut:]], lines=True) == (wanted, False)


def test_a_line_has_the_limit_of_an_event() -> None:
    for pieces in ([b"0123456789\n" * 100], [b"01234", b"56789\n"] * 100):
        assert len(parse(pieces, limit_bytes=10, lines=True)[0]) == 100
        assert parse(pieces, limit_bytes=9, lines=True) == ([], True)
    assert parse([b"\xef\xbb\xbf{}\n"], lines=True) == ([b"{}"], False)
