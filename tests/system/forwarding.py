"""Doors to a server: TLS, a unix socket, an HTTP proxy. Each hands bytes through and keeps a count."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Door:
    """`port` where it listens (0: at `path`). `connections`, `peers` and `first_lines` are what came in."""

    server: tuple[str, int]
    tls: ssl.SSLContext | None = None
    path: Path | None = None
    proxy: bool = False
    password: str | None = None
    port: int = 0
    connections: int = 0
    peers: list[str] = field(default_factory=list)
    first_lines: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        peer = writer.get_extra_info("peername")
        self.peers.append(peer[0] if isinstance(peer, tuple) else "")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await (self.as_proxy(reader, writer) if self.proxy else self.through(reader, writer, b""))
        writer.close()

    async def as_proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """CONNECT makes a tunnel; a request for a whole URL is handed on with its path alone."""
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        self.first_lines.append(line.decode())
        wanted = base64.b64encode((self.password or "").encode())
        if self.password is not None and b"Proxy-Authorization: Basic " + wanted not in rest:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        method, url, version = line.split(b" ")
        if method == b"CONNECT":
            host, _, port = url.decode().rpartition(":")
            self.server = (host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self.through(reader, writer, b"")
            return
        path = b"/" + url.removeprefix(b"http://").partition(b"/")[2]
        await self.through(reader, writer, b" ".join((method, path, version)) + b"\r\n" + rest)

    async def through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
        there, back = await asyncio.open_connection(*self.server)
        back.write(first)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                while data := await source.read(65536):
                    # Later requests on a proxied connection name the whole URL as well.
                    if self.proxy and source is reader and first:
                        data = data.replace(
                            b" http://%b:%d/" % (self.server[0].encode(), self.server[1]), b" /"
                        )
                    sink.write(data)
                    await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))


@contextlib.contextmanager
def open_door(door: Door) -> Iterator[Door]:
    """The door, in a thread of its own, until the block ends."""
    ready, end = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        if door.path is not None:
            server = await asyncio.start_unix_server(door.serve, str(door.path))
        else:
            server = await asyncio.start_server(door.serve, "127.0.0.1", 0, ssl=door.tls)
            door.port = server.sockets[0].getsockname()[1]
        ready.set()
        await end.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield door
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
        loop.close()
