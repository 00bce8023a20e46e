"""Recognises files that no data set can read, such as archives and web pages, and the separators of tables."""

from __future__ import annotations

import codecs
import csv
import re
from pathlib import Path
from shlex import quote

import orjson

from aisbench.errors import BadInput

_HEAD_BYTES = 1 << 16
# A larger file is not read as a whole just to say what it is.
_MOST_OBJECT_BYTES = 1 << 26
_MAGIC = (
    (b"\x1f\x8b", "is compressed with gzip; unpack it first: gzip -dc < {name} > {unpacked}"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it first: zstd -dc < {name} > {unpacked}"),
    (b"BZh", "is compressed with bzip2; unpack it first: bzip2 -dc < {name} > {unpacked}"),
    (b"\xfd7zXZ\x00", "is compressed with xz; unpack it first: xz -dc < {name} > {unpacked}"),
    (b"PK\x03\x04", "is a zip archive or an Excel file; unpack it, or save it as CSV"),
    (
        b"PAR1",
        "is a Parquet file; write it as JSON lines, such as with pandas' to_json(..., orient='records', lines=True)",
    ),
    (
        b"ARROW1",
        "is an Arrow file; write it as JSON lines, such as with pandas' to_json(..., orient='records', lines=True)",
    ),
    (b"version https://git-lfs", "is only a Git LFS pointer to the file; fetch the file: git lfs pull"),
)
PAGE = re.compile(rb"\s*<(!doctype html|html|\?xml)", re.IGNORECASE)
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# High bytes of GB 18030 come in pairs; in cp1252 they stand alone among letters.
_PAIRS = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")


def refuse_other_kinds(path: Path, flag: str = "--dataset-path") -> None:
    """Raises BadInput, saying what the file is, if it is certainly not UTF-8 text."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for magic, what in _MAGIC:
        if head.startswith(magic):
            names = {"name": quote(path.name), "unpacked": quote(f"unpacked-{path.stem}")}
            raise BadInput(f"{flag} {path} {what.format(**names)}")
    if PAGE.match(head):
        raise BadInput(f"{flag} {path} is a web page, not a data set; was a download refused?")
    encoding = _encoding_of(head)
    if encoding is not None:
        raise _in_encoding(path, encoding, flag)


def _encoding_of(head: bytes) -> str | None:
    """UTF-16 or UTF-32 by its byte order mark, or UTF-16 by the zero bytes of ASCII letters; None: neither."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" not in head:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 < len(head):
        return None
    return "utf-16le" if odd > even else "utf-16be"


def _in_encoding(path: Path, encoding: str, flag: str = "--dataset-path") -> BadInput:
    return BadInput(
        f"{flag} {path} is in {encoding.upper()}; save it as UTF-8: "
        f"iconv -f {encoding} -t utf-8 {quote(path.name)} > {quote(f'utf8-{path.name}')}"
    )


def refuse_other_encodings(path: Path) -> None:
    """Raises BadInput for a file with bytes that are not UTF-8, unless other parts of it are UTF-8.

    If some letters beyond ASCII are UTF-8, the others are damaged, and only their lines are bad.
    """
    broken = b""
    with path.open("rb") as file:
        for line in file:
            if line.isascii():
                continue
            try:
                line.decode()
                return
            except UnicodeDecodeError:
                if len(broken) < _HEAD_BYTES:
                    broken += line
    if broken:
        raise _in_encoding(path, _eight_bit_encoding(broken))


def _eight_bit_encoding(text: bytes) -> str:
    """The likeliest encoding of text that is not UTF-8: Chinese where its high bytes pair up, else Western."""
    high = sum(byte >= 0x80 for byte in text)
    paired = sum(sum(byte >= 0x80 for byte in pair) for pair in _PAIRS.findall(text) if pair[1] >= 0x80)
    if paired * 4 > high * 3:
        return "gb18030"
    return "cp1252"


def refuse_json_array(path: Path, dataset: str) -> None:
    """Raises BadInput for one big JSON list, or one object over many lines, where each line should be an object."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith(b"["):
        raise BadInput(
            f"--dataset-path {path} is a JSON array; --dataset {dataset} needs one JSON object per line: "
            f"jq -c '.[]' {quote(path.name)} > {quote(f'{path.stem}-lines.jsonl')}"
        )
    if head.startswith(b"{") and path.stat().st_size <= _MOST_OBJECT_BYTES:
        whole = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        if not _is_json(whole.lstrip().split(b"\n", 1)[0]) and _is_json(whole):
            raise BadInput(
                f"--dataset-path {path} is one JSON object over several lines; --dataset {dataset} needs "
                f"each object on one line"
            )


def table_hint(path: Path) -> str:
    """Advice for a file that should have a JSON object on each line but begins with something else."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).removeprefix(codecs.BOM_UTF8).lstrip()
    return "" if head.startswith(b"{") else "; it does not look like JSON: --dataset csv reads tables"


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def separator_of(path: Path, wanted: tuple[str, ...]) -> str:
    """The separator of the columns: the one with which the first line names one of `wanted`, else a comma."""
    for mark in SEPARATORS:
        names = column_names(path, mark)
        if set(names) & set(wanted) and (mark == "," or len(names) > 1):
            return mark
    return ","


def column_names(path: Path, mark: str) -> list[str]:
    """The column names in the first line that is not blank."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).removeprefix(codecs.BOM_UTF8).lstrip()
    first = head.replace(b"\r", b"\n").split(b"\n")[0].decode(errors="replace")
    return [name.strip() for name in next(csv.reader([first], delimiter=mark, skipinitialspace=True), [])]
