"""What a server says when it fails reaches no terminal and no page as it came."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.native.servers import read_request, serving
from tests.system.running import run_load

# Clears the screen and sets the window's title; then bytes that are no text.
BODY = b"\x1b[2J\x1b]0;owned\x07 out of memory \x1f\x8b\x00\xff"
ANSWER = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


def test_an_error_body_is_shown_escaped(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            client.sendall(ANSWER)

    with serving(handle) as (host, port):
        done = run_load(
            tmp_path,
            *("--url", f"http://{host}:{port}", "--model", "m", "--num-requests", 2, "--concurrency", 1),
            *("--no-progress", "--no-server-metrics", "--input-len", 5, "--output-len", 1),
        )
    shown = "\\x1b[2J\\x1b]0;owned\\x07 out of memory \\x1f\\x8b\\x00\\xff"
    assert shown in done.out, done.err
    assert done.summary["error_samples"][0]["message"] == shown
    page = (done.folder / "report.html").read_text()
    assert shown in page[page.index("<body>") :]
    for text in (done.out, done.err, (done.folder / "summary.json").read_text()):
        assert not [character for character in "\x1b\x07\x00\x1f" if character in text]
