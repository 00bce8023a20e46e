"""Makes the parts of a chat message that hold an image or a sound, from files, URLs or bytes."""

from __future__ import annotations

import base64
import binascii
import io
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, shortened

# Types by the first bytes of a file.
_IMAGES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"RIFF": "image/webp",
}
_SOUNDS = {b"RIFF": "wav", b"fLaC": "flac", b"OggS": "ogg", b"ID3": "mp3", b"\xff\xfb": "mp3"}
_REMOTE = ("http://", "https://")

Part = dict[str, Any]


def image_part(image: Any, beside: Path, *, inline: bool = False) -> Part:
    """A content part for a URL, a path (relative to the folder `beside`) or `{"bytes": ...}`.

    As in vLLM's client, a URL is sent as it is, a path as file://, and bytes as a data URL. `inline`: a file's
    bytes are sent instead of its path. Raises BadLine for anything that is not an image.
    """
    if isinstance(image, Mapping) and image.get("bytes") is not None:
        return _part_of_url(_data_url(_bytes_of(image["bytes"])))
    if isinstance(image, Mapping) and isinstance(image.get("path"), str):
        image = image["path"]
    if not isinstance(image, str) or not image:
        raise BadLine(
            f"an image is {shortened(image)}, not a path, a URL or bytes",
            "an image is not a path, a URL or bytes",
        )
    if image.startswith("data:image/"):
        return _part_of_url(image)
    if image.startswith(_REMOTE):
        if inline:
            raise BadLine(
                "an image is a URL, which is not fetched here: --custom-ensure-client-side-data needs files on disk"
            )
        return _part_of_url(image)
    path = _local_path(image, beside)
    return _part_of_url(_data_url(read(path)) if inline else f"file://{path}")


def _part_of_url(url: str) -> Part:
    return {"type": "image_url", "image_url": {"url": url}}


def sound_part(sound: Any, beside: Path) -> tuple[Part, float | None]:
    """A content part for a path or `{"bytes": ...}`, and its length in s if it is a WAV file; raises BadLine."""
    if isinstance(sound, Mapping) and sound.get("bytes") is not None:
        data = _bytes_of(sound["bytes"])
    else:
        name = sound.get("path") if isinstance(sound, Mapping) else sound
        if not isinstance(name, str) or not name:
            raise BadLine("no sound, neither as a path nor as bytes")
        data = read(_local_path(name, beside))
    kind = next((kind for mark, kind in _SOUNDS.items() if data.startswith(mark)), None)
    if kind is None:
        raise BadLine(f"a sound is of an unknown kind; known: {', '.join(sorted(set(_SOUNDS.values())))}")
    part = {
        "type": "input_audio",
        "input_audio": {"data": base64.b64encode(data).decode(), "format": kind},
    }
    return part, _seconds_of(data) if kind == "wav" else None


def _seconds_of(data: bytes) -> float | None:
    try:
        with wave.open(io.BytesIO(data)) as file:
            frames, per_s = file.getnframes(), file.getframerate()
            return float(frames / per_s)
    except (wave.Error, EOFError, ZeroDivisionError):
        return None


def _local_path(text: str, beside: Path) -> Path:
    path = Path(text.removeprefix("file://")).expanduser()
    return path if path.is_absolute() else (beside / path).absolute()


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise BadLine(f"{path} cannot be read ({problem.strerror})", "a file cannot be read") from None


def _bytes_of(value: Any) -> bytes:
    """Bytes as they are, or decoded from base64, as JSON holds them."""
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        raise BadLine("bytes that are not base64") from None


def _data_url(data: bytes) -> str:
    kind = next((kind for mark, kind in _IMAGES.items() if data.startswith(mark)), None)
    if kind is None:
        raise BadLine("an image is of an unknown kind; known: PNG, JPEG, GIF, BMP, WebP")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
