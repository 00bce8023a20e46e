"""Writes vllm_bodies.json: the request bodies that `vllm bench serve` 0.32 sends, as they arrive.

    python vllm_golden_bodies.py VLLM TOKENIZER

VLLM is the command `vllm`, TOKENIZER the folder that vllm_golden.py takes. A server that answers every
request with two events keeps what it was sent; requests go one at a time, so that they come in order.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RANDOM = ["--dataset-name", "random", "--random-input-len", "8", "--random-output-len", "4"]
SHAREGPT = ["--dataset-name", "sharegpt", "--dataset-path", "data/sharegpt.json"]
PREFIX = [
    *("--dataset-name", "prefix_repetition", "--prefix-repetition-prefix-len", "6"),
    *("--prefix-repetition-suffix-len", "4", "--prefix-repetition-num-prefixes", "2"),
    *("--prefix-repetition-output-len", "3"),
]
EXTRA = ["--temperature", "0", "--extra-body", '{"top_k": 3, "max_tokens": 7, "max_completion_tokens": 9}']
CASES: dict[str, tuple[str, int, list[str]]] = {
    "completions": ("openai", 3, RANDOM),
    "completions with more": ("openai", 2, [*RANDOM, *EXTRA]),
    "chat": ("openai-chat", 3, RANDOM),
    "chat with more": ("openai-chat", 2, [*RANDOM, *EXTRA]),
    "sharegpt": ("openai", 4, SHAREGPT),
    "sharegpt chat": ("openai-chat", 4, SHAREGPT),
    "prefix repetition": ("openai", 4, PREFIX),
    "lora": ("openai", 8, [*RANDOM, "--lora-modules", "a", "b", "c", "--seed", "5"]),
    "lora round-robin": (
        "openai",
        5,
        [*RANDOM, "--lora-modules", "a", "b", "c", "--lora-assignment", "round-robin"],
    ),
    "lora after sharegpt": ("openai", 6, [*SHAREGPT, "--lora-modules", "a", "b", "c", "--seed", "3"]),
}
EVENTS = (
    b'data: {"choices": [{"index": 0, "text": "a", "delta": {"content": "a"}, "finish_reason": "stop"}]}\n\n'
    b'data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}\n\n'
    b"data: [DONE]\n\n"
)


class Keeper(BaseHTTPRequestHandler):
    kept: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        generates = self.path.endswith("completions")
        if generates:
            self.kept.append(body.decode())
        self.send_response(200 if generates else 404)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        if generates:
            self.wfile.write(EVENTS)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def bodies(vllm: str, tokenizer: str, backend: str, count: int, options: list[str]) -> list[str]:
    kept: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Kept", (Keeper,), {"kept": kept}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = "/v1/chat/completions" if backend == "openai-chat" else "/v1/completions"
    subprocess.run(
        [
            *(vllm, "bench", "serve", "--backend", backend, "--endpoint", endpoint, "--model", "m"),
            *("--base-url", f"http://127.0.0.1:{server.server_port}", "--tokenizer", tokenizer),
            *("--num-prompts", str(count), "--max-concurrency", "1", "--disable-tqdm", *options),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server.shutdown()
    return kept


def main(vllm: str, tokenizer: str) -> None:
    golden = {
        name: {"backend": backend, "count": count, "bodies": bodies(vllm, tokenizer, backend, count, options)}
        for name, (backend, count, options) in CASES.items()
    }
    Path("vllm_bodies.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
