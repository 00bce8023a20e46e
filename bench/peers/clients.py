"""The clients: how each is run as its users would run it, and where its figures are."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import aisbench
from aisbench.studies.comparison.readers.registry import read_path
from bench.harness import load_command
from bench.peers.load import TOKENS, Load, Reported

CHAT = "/v1/chat/completions"
MODEL = "referee"
INPUT_TOKENS = 16
_VERSION_LIMIT_S = 60
# The tokenizer is not looked for on the network, and nobody is told of the run.
_OFFLINE: Mapping[str, str] = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}


@dataclass(frozen=True)
class Aisbench:
    """`reader`: that of --reader, which is then in the name; None: as it is by default."""

    reader: str | None = None
    environment: ClassVar[Mapping[str, str]] = {}

    @property
    def name(self) -> str:
        return "aisbench-load" if self.reader is None else f"aisbench-load ({self.reader})"

    def version(self) -> str:
        return aisbench.__version__

    def command(self, load: Load, folder: Path) -> list[str]:
        how = ("--backend", "openai-chat", "--input-len", INPUT_TOKENS, "--output-len", TOKENS)
        reader = () if self.reader is None else ("--reader", self.reader)
        return load_command(
            load.url, folder, *how, *reader, "--concurrency", load.streams, "--num-requests", load.requests
        )

    def reported(self, folder: Path) -> Reported:
        return reported_in(next(folder.iterdir(), folder))


@dataclass(frozen=True)
class Wrk:
    """Counts bytes and parses nothing: the least that reading the streams with epoll costs."""

    program: str
    name: ClassVar[str] = "wrk"
    environment: ClassVar[Mapping[str, str]] = {}

    def version(self) -> str:
        # It prints its version and then ends with 1, as it was given no URL.
        return version_of([self.program, "-v"])

    def command(self, load: Load, folder: Path) -> list[str]:
        body = {
            "model": MODEL,
            "messages": [{"role": "user", "content": "hi"}],
            "max_completion_tokens": TOKENS,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        script = folder / "wrk.lua"
        script.write_text(
            f"""wrk.method = "POST"
wrk.path = "{CHAT}"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{json.dumps(body)}'
"""
        )
        command = [self.program, "-t1", f"-c{load.streams}", f"-d{load.seconds}s"]
        return [*command, "-s", str(script), load.url]

    def reported(self, folder: Path) -> Reported:
        return Reported()


@dataclass(frozen=True)
class _Installed:
    """A program in Python or Rust that counts tokens by itself."""

    program: str
    tokenizer: str
    environment: ClassVar[Mapping[str, str]] = _OFFLINE

    def version(self) -> str:
        return version_of([self.program, "--version"])


@dataclass(frozen=True)
class Vllm(_Installed):
    """`vllm bench serve`, in Python or Rust."""

    name: str

    def command(self, load: Load, folder: Path) -> list[str]:
        command = [self.program, "bench", "serve", "--backend", "openai-chat"]
        command += ["--base-url", load.url, "--endpoint", CHAT, "--model", MODEL]
        command += ["--tokenizer", self.tokenizer, "--dataset-name", "random"]
        command += ["--random-input-len", str(INPUT_TOKENS), "--random-output-len", str(TOKENS)]
        command += ["--num-prompts", str(load.requests), "--max-concurrency", str(load.streams)]
        command += ["--disable-tqdm", "--save-result", "--result-dir", str(folder)]
        return [*command, "--result-filename", "result.json"]

    def reported(self, folder: Path) -> Reported:
        return reported_in(folder / "result.json")


@dataclass(frozen=True)
class Aiperf(_Installed):
    name: ClassVar[str] = "AIPerf"
    # With HF_HUB_OFFLINE it takes the folder of the tokenizer for the name of one on the hub.
    environment: ClassVar[Mapping[str, str]] = {}

    def command(self, load: Load, folder: Path) -> list[str]:
        command = [self.program, "profile", "--model", MODEL, "--url", load.url, "--endpoint-type", "chat"]
        command += ["--streaming", "--tokenizer", self.tokenizer, "--isl", str(INPUT_TOKENS)]
        command += ["--osl", str(TOKENS), "--concurrency", str(load.streams)]
        command += ["--request-count", str(load.requests), "--ui", "none"]
        return [*command, "--artifact-dir", str(folder)]

    def reported(self, folder: Path) -> Reported:
        return reported_in(folder / "profile_export_aiperf.json")


@dataclass(frozen=True)
class Guidellm(_Installed):
    name: ClassVar[str] = "GuideLLM"

    def command(self, load: Load, folder: Path) -> list[str]:
        command = [self.program, "run"]
        command += ["--backend", f"kind=openai_http,target={load.url},model={MODEL},request_format={CHAT}"]
        command += ["--tokenizer", f"kind=huggingface_auto,model={self.tokenizer}"]
        command += ["--data", f"kind=synthetic_text,prompt_tokens={INPUT_TOKENS},output_tokens={TOKENS}"]
        command += ["--profile", f"kind=concurrent,streams={load.streams}"]
        command += ["--constraint", f"kind=max_requests,count={load.requests}", "--disable-console"]
        return [*command, "--output", f"kind=json,path={folder / 'benchmarks.json'}"]

    def reported(self, folder: Path) -> Reported:
        return replace(
            reported_in(folder / "benchmarks.json", itl="tpot"), remark="ITL: one mean gap per request"
        )


def reported_in(path: Path, *, itl: str = "itl") -> Reported:
    """The figures of a result of any known tool; `itl`: which of its latencies it calls inter-token latency."""
    (result,) = read_path(str(path))
    figures = result.figures
    return Reported(
        ttft_mean=figures.get("ttft_ms.mean"),
        ttft_p99=figures.get("ttft_ms.p99"),
        itl_mean=figures.get(f"{itl}_ms.mean"),
        itl_p99=figures.get(f"{itl}_ms.p99"),
        remark="" if result.verdict in (None, "valid") else f"verdict: {result.verdict}",
    )


def version_of(command: list[str]) -> str:
    """The first version number that a command prints, or "-" if there is none."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_VERSION_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "-"
    number = re.search(r"\b\d+\.\d+(\.\d+)?([.+-]?\w+)*", done.stdout)
    return number.group() if number and done.returncode in (0, 1) else "-"
