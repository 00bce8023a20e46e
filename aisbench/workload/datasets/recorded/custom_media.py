"""The data sets `custom_image` and `custom_audio`: chat messages with images or sounds from a JSON-lines file.

A line has "prompt" and "image_files" (paths or URLs), or "content", a list of parts of type text, image and
image_url; or "prompt" and "audio", a path. Relative paths start at the file's folder.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.datasets.recorded.custom import OUTPUT_LEN, PER_LINE
from aisbench.workload.files.bad_lines import BadLine, whole_number
from aisbench.workload.files.dataset_files import dataset_file
from aisbench.workload.files.media import image_part, sound_part
from aisbench.workload.files.text_rows import Read, Row, read_rows, row_prompts, text_of
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts


def custom_image_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a backend without messages, and where no line can be used."""
    path = dataset_file(options, "JSON lines with a prompt and image_files each")
    _needs_messages(options, backend)
    inline = options.custom_ensure_client_side_data

    def part(given: Any) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            raise BadLine("a part of 'content' that is not an object")
        kind = given.get("type")
        if kind == "text":
            return {"type": "text", "text": text_of(given, "text")}
        if kind == "image":
            return image_part(given.get("image"), path.parent, inline=inline)
        if kind == "image_url":
            url = given.get("image_url")
            if not isinstance(url, Mapping):
                return image_part(url, path.parent, inline=inline)
            made = image_part(url.get("url"), path.parent, inline=inline)
            made["image_url"] |= {name: value for name, value in url.items() if name != "url"}
            return made
        raise BadLine("a part of 'content' that is neither text, image nor image_url")

    def read(entry: Mapping[str, Any]) -> Row:
        if "content" in entry:
            content = entry["content"]
            if not isinstance(content, list) or not content:
                raise BadLine("no list of parts in 'content'")
            parts = tuple(map(part, content))
            text = "".join(one["text"] for one in parts if one["type"] == "text")
            return Row(text, content=parts, output_tokens=_own_length(entry, options))
        images = entry.get("image_files")
        if not isinstance(images, list) or not images:
            raise BadLine("no list of paths in 'image_files'")
        media = tuple(image_part(image, path.parent, inline=inline) for image in images)
        return Row(text_of(entry, "prompt"), media=media, output_tokens=_own_length(entry, options))

    return _media_prompts(path, options, read, "images are not counted in input lengths")


def custom_audio_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Sends sounds in the chat message, as base64, like vLLM's --enable-multimodal-chat."""
    path = dataset_file(options, "JSON lines with a prompt and an audio each")
    _needs_messages(options, backend)

    def read(entry: Mapping[str, Any]) -> Row:
        text = text_of(entry, "prompt") if "prompt" in entry else ""
        sound, _ = sound_part(entry.get("audio"), path.parent)
        return Row(text, media=(sound,), output_tokens=_own_length(entry, options))

    return _media_prompts(path, options, read, "sounds are not counted in input lengths")


def _own_length(entry: Mapping[str, Any], options: WorkloadOptions) -> int | None:
    if options.output_len != PER_LINE:
        return None
    return whole_number(entry.get("output_tokens"), "output_tokens", 1)


def _needs_messages(options: WorkloadOptions, backend: Backend) -> None:
    if not backend.takes_messages:
        raise BadInput(
            f"--dataset {options.dataset}: {backend.family} takes no images or sounds; use --backend openai-chat"
        )


def _media_prompts(path: Path, options: WorkloadOptions, read: Read, note: str) -> Prompts:
    rows, bad = read_rows(path, options, read)
    generator = random.Random(options.seed)
    if options.shuffle:
        generator.shuffle(rows)
    return row_prompts(
        rows,
        bad,
        options,
        output_len=OUTPUT_LEN if options.output_len in (None, PER_LINE) else options.output_len,
        template=False,
        generator=generator,
        notes=[note],
    )
