"""The `images` data set: chat messages with images after a text, as data URLs in the body.

The images are those of a folder, in the order of their names, over and over; or they are generated in --image-size,
all different so that no cache of the server holds them. The text consists of --input-len random words.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.datasets.generated.random import OUTPUT_LEN
from aisbench.workload.files.bad_lines import BadLine, BadLines
from aisbench.workload.files.dataset_files import dataset_path
from aisbench.workload.files.png import png
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.words import WORDS

_TEXT_LEN = 128
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")
# Types by first bytes: some files named .png are JPEGs, and servers rely on the type in the data URL.
_TYPES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"BM"), "image/bmp"),
)
_HEAD_BYTES = 16
# Generated images consist of tiles of one colour: the server decodes as many pixels, but bodies stay small.
_TILE = 8
_MOST_PIXELS = 1 << 26
_KEPT_FILES = 64


def image_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a backend without messages, and where no image is found."""
    if not backend.takes_messages:
        raise BadInput(f"--dataset images: {backend.family} takes no images; use --backend openai-chat")
    if options.image_size is not None and options.dataset_path is not None:
        raise BadInput("--image-size generates images, --dataset-path names files; give only one of them")
    count = DEFAULT_COUNT if options.count is None else options.count
    each = options.image_count or 1
    notes: list[str] = []
    rows: dict[str, Any] | None = None
    if options.image_size is not None:
        width, height = parse_size(options.image_size)
        image: Callable[[int], str] = lambda i: made_image(options.seed, i, width, height)  # noqa: E731
        source = f"images are generated, {width} x {height} pixels, all different"
    else:
        if options.dataset_path is None:
            raise BadInput(
                "--dataset images needs --dataset-path with a folder of images, or --image-size WxH"
            )
        files, bad = _image_files(dataset_path(options, "a folder of images"), options)
        notes, rows = bad.notes(), bad.facts()
        read = lru_cache(_KEPT_FILES)(_file_url)
        image = lambda i: read(files[i % len(files)])  # noqa: E731
        source = f"{len(files)} images of {options.dataset_path}, in rotation"
    length = _TEXT_LEN if options.input_len is None else options.input_len
    output = OUTPUT_LEN if options.output_len is None else options.output_len
    generator = np.random.default_rng(options.seed)
    words = np.array(WORDS, dtype=object)

    def items() -> Iterator[Prompt]:
        for i in range(count):
            text = " ".join(words[generator.integers(0, len(words), size=length)].tolist())
            urls = (image(i * each + k) for k in range(each))
            media = tuple({"type": "image_url", "image_url": {"url": url}} for url in urls)
            yield Prompt(text, length, output, media=media)

    notes = [source, *notes, "input lengths are in words of the text; images are not counted"]
    return Prompts(items(), count, notes, rows=rows)


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of `640x480`; raises BadInput."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})", text.strip().lower())
    if match is None or int(match[1]) * int(match[2]) > _MOST_PIXELS:
        raise BadInput(f"--image-size {text!r}: give WIDTHxHEIGHT in pixels, such as 1280x720")
    return int(match[1]), int(match[2])


def made_image(seed: int, index: int, width: int, height: int) -> str:
    """Image `index` of a seed, as a data URL."""
    generator = np.random.default_rng([seed, index])
    tiles = generator.integers(0, 256, size=(-(-height // _TILE), -(-width // _TILE), 3), dtype=np.uint8)
    return _data_url("image/png", png(tiles, _TILE, width, height))


def _image_files(path: Path, options: WorkloadOptions) -> tuple[list[Path], BadLines]:
    """The images of a folder in the order of their names, or the one file; and the files that are not images.

    Raises BadInput where there is no image.
    """
    found = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in found if file.suffix.lower() in _SUFFIXES and file.is_file()]
    if not files:
        raise BadInput(f"--dataset-path {path} holds no image; known endings: {', '.join(_SUFFIXES)}")
    bad = BadLines(path, strict=options.strict_dataset, unit="file")
    images = []
    for file in files:
        try:
            with file.open("rb") as opened:
                _type_of(opened.read(_HEAD_BYTES))
        except (OSError, BadLine) as problem:
            bad.add(file.name, problem.strerror or "unreadable" if isinstance(problem, OSError) else problem)
            continue
        bad.used += 1
        images.append(file)
    bad.check()
    return images, bad


def _type_of(head: bytes) -> str:
    """The MIME type of an image by its first bytes; raises BadLine for anything else."""
    if not head:
        raise BadLine("empty")
    for begins, kind in _TYPES:
        if begins.match(head):
            return kind
    raise BadLine("not an image")


def _file_url(path: Path) -> str:
    data = path.read_bytes()
    return _data_url(_type_of(data[:_HEAD_BYTES]), data)


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
