"""The file of bodies, read back by the native reader that the workers use."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench._native.memory.bodies import BodyFile
from aisbench.workload.bodies import write_bodies


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=20))
def test_what_was_written_is_read_and_repeats(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("bodies") / "bodies.bin"
    written = write_bodies(path, iter(bodies), len(bodies))
    read = BodyFile(str(path))
    assert [read[slot] for slot in range(3 * len(bodies))] == 3 * bodies
    assert written.count == len(bodies)
    assert written.unique == len(set(bodies))


def test_the_layout_is_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "bodies.bin"
    write_bodies(path, [b"one", b"", b"three"], 3)
    assert path.read_bytes() == b"AISBODY1" + struct.pack("<5q", 3, 48, 51, 51, 56) + b"onethree"


def test_the_fingerprint_is_over_lengths_and_bytes_in_order(tmp_path: Path) -> None:
    def fingerprint(*bodies: bytes) -> str:
        return write_bodies(tmp_path / "bodies.bin", bodies, len(bodies)).fingerprint

    plain = hashlib.sha256(struct.pack("<q", 2) + b"ab" + struct.pack("<q", 1) + b"c").hexdigest()
    assert fingerprint(b"ab", b"c") == plain
    assert fingerprint(b"a", b"bc") != plain, "where one body ends counts"
    assert fingerprint(b"c", b"ab") != plain, "the order counts"


def test_a_wrong_number_of_bodies_is_an_error_and_leaves_no_usable_file(tmp_path: Path) -> None:
    for count, said in ((1, "more than 1"), (3, "2 bodies instead of 3")):
        path = tmp_path / f"{count}.bin"
        with pytest.raises(ValueError, match=said):
            write_bodies(path, [b"x", b"y"], count)
        with pytest.raises(ValueError, match="holds no request bodies"):
            BodyFile(str(path))


def test_writing_many_bodies_takes_few_bytes_of_memory_for_each(tmp_path: Path) -> None:
    count = 40_000
    tracemalloc.start()
    try:
        write_bodies(tmp_path / "bodies.bin", (b"%d" % (i % 30_000) for i in range(count)), count)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Besides the buffer of 1 MiB: the offsets, a copy of them to be written, and the hashes.
    assert peak < (1 << 20) + 40 * count


def test_reading_many_bodies_keeps_little_of_them_in_memory(tmp_path: Path) -> None:
    count, size = 25_000, 4096
    path = tmp_path / "bodies.bin"
    write_bodies(path, (b"%d" % i + bytes(size) for i in range(count)), count)
    script = (
        "import sys\n"
        "from aisbench._native.memory.bodies import BodyFile\n"
        "def rss():\n"
        "    return int(open('/proc/self/statm').read().split()[1]) * 4096\n"
        "file = BodyFile(sys.argv[1])\n"
        "before = rss()\n"
        "peak = 0\n"
        f"for slot in range(2 * {count}):\n"
        f"    assert file[slot].startswith(b'%d' % (slot % {count}))\n"
        "    if slot % 100 == 0:\n"
        "        peak = max(peak, rss())\n"
        "print(peak - before)\n"
    )
    grown = int(subprocess.check_output([sys.executable, "-c", script, str(path)]))
    assert path.stat().st_size > 100_000_000
    assert grown < 16_000_000
