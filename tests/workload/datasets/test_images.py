"""Chat messages with images."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.datasets.generated.images import image_prompts, parse_size
from aisbench.workload.files.png import png
from aisbench.workload.options import WorkloadOptions

CHAT = backend_named("openai-chat")
HEADS = {"b.PNG": b"\x89PNG\r\n\x1a\n", "a.jpeg": b"\xff\xd8\xff\xe0", "c.webp": b"RIFF\n\0\0\0WEBP"}


def urls(**given: Any) -> list[list[str]]:
    options = WorkloadOptions(**{"count": 5, "model": "m", "dataset": "images", "input_len": 3, **given})
    prompts = image_prompts(options, CHAT)
    items = list(prompts.items)
    assert {len(item.text.split()) for item in items} == {3}
    return [[part["image_url"]["url"] for part in item.media] for item in items]


def decoded(data: bytes) -> np.ndarray:
    """The pixels of a PNG of colour type 2, whose rows have filter 0; checks every chunk's sum."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    width, height, depth, colours = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colours) == (8, 2)
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


@pytest.mark.parametrize(
    ("width", "height", "tile"),
    [
        (5, 7, 1),
        (8, 8, 8),
        (1, 1, 8),
        (1, 9, 8),
        (9, 1, 8),
        (33, 20, 8),
        (85, 88, 8),
        (86, 87, 8),
        (11_000, 9, 8),
    ],
)
def test_a_png_holds_its_pixels(width: int, height: int, tile: int) -> None:
    """Decompressed by zlib; the last is wider than its window."""
    shape = (-(-height // tile), -(-width // tile), 3)
    tiles = np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8)
    pixels = tiles.repeat(tile, axis=0).repeat(tile, axis=1)[:height, :width]
    assert (decoded(png(tiles, tile, width, height)) == pixels).all()


def test_made_images_have_their_size_and_differ() -> None:
    made = urls(image_size="33x20", image_count=2)
    assert [len(one) for one in made] == [2] * 5
    assert len({url for one in made for url in one}) == 10
    head, _, data = made[0][0].partition(",")
    assert head == "data:image/png;base64"
    assert decoded(base64.b64decode(data)).shape == (20, 33, 3)
    assert urls(image_size="33x20", image_count=2) == made
    assert urls(image_size="33x20", image_count=2, seed=1) != made


def test_images_of_a_folder_come_in_turns(tmp_path: Path) -> None:
    for name, head in HEADS.items():
        (tmp_path / name).write_bytes(head + name.encode())
    (tmp_path / "notes.txt").write_text("ours")
    made = urls(dataset_path=str(tmp_path), image_count=2)
    kinds = [url.partition(";")[0] for one in made for url in one]
    assert kinds == (["data:image/jpeg", "data:image/png", "data:image/webp"] * 4)[:10]
    assert base64.b64decode(made[0][1].partition(",")[2]) == HEADS["b.PNG"] + b"b.PNG"


def test_an_image_is_what_its_first_bytes_say(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(HEADS["a.jpeg"])
    assert {url.partition(";")[0] for (url,) in urls(dataset_path=str(tmp_path))} == {"data:image/jpeg"}


def test_files_that_are_no_images_are_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(HEADS["b.PNG"])
    (tmp_path / "b.png").touch()
    (tmp_path / "c.gif").write_text("<html>")
    options = WorkloadOptions(count=2, model="m", dataset="images", dataset_path=str(tmp_path))
    prompts = image_prompts(options, CHAT)
    assert (prompts.rows or {})["left_out"] == 2
    said = "2 of 3 files"
    problems = "empty (file b.png); not an image (file c.gif)"
    assert any(note.startswith(f"left out {said}") and note.endswith(problems) for note in prompts.notes)
    with pytest.raises(BadInput, match=re.escape(f"{said} cannot be used: {problems}; without --strict")):
        image_prompts(replace(options, strict_dataset=True), CHAT)


@pytest.mark.parametrize("size", ["", "12", "0x5", "axb", "5x", "100000x100000", "-5x5"])
def test_what_is_no_size(size: str) -> None:
    with pytest.raises(BadInput, match="--image-size"):
        parse_size(size)


def test_what_cannot_be_sent(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="takes no images; use --backend openai-chat"):
        image_prompts(WorkloadOptions(count=1, model="m", image_size="5x5"), backend_named("openai"))
    with pytest.raises(BadInput, match="needs --dataset-path with a folder of images, or --image-size"):
        urls()
    with pytest.raises(BadInput, match="holds no image"):
        urls(dataset_path=str(tmp_path))
    (tmp_path / "a.png").touch()
    with pytest.raises(BadInput, match=r"its one file cannot be used: empty \(file a\.png\)"):
        urls(dataset_path=str(tmp_path))
