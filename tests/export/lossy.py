"""A file system of fsspec in memory that refuses what a test wants it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fsspec.implementations.memory import MemoryFileSystem


class Lossy(MemoryFileSystem):  # type: ignore[misc]
    """`refuse(operation, path)` is called before put, cat and rm, and may raise."""

    protocol = "lossy"
    cachable = False
    store: dict[str, Any] = {}  # noqa: RUF012 (a file system's files are one for all its instances)
    pseudo_dirs = [""]  # noqa: RUF012
    refuse: Callable[[str, str], None] = staticmethod(lambda operation, path: None)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        # The host, with its credentials, is not part of the path, as with ftp and sftp.
        return "/" + path.partition("://")[2].partition("/")[2] if "://" in path else path

    def put_file(self, lpath: str, rpath: str, *args: Any, **how: Any) -> None:
        type(self).refuse("put", rpath)
        super().put_file(lpath, rpath, *args, **how)

    def cat_file(self, path: str, *args: Any, **how: Any) -> bytes:
        type(self).refuse("cat", path)
        found: bytes = super().cat_file(path, *args, **how)
        return found

    def rm_file(self, path: str) -> None:
        type(self).refuse("rm", path)
        super().rm_file(path)
