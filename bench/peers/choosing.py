"""Which clients are run: those whose programs are given or on PATH."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aisbench.errors import BadInput
from bench.harness import found
from bench.peers.clients import Aiperf, Aisbench, Guidellm, Vllm, Wrk
from bench.peers.load import Client


@dataclass(frozen=True)
class _Peer:
    """`make(program, tokenizer)` describes it; `help`: of its flag."""

    help: str
    make: Callable[[str, str], Client]
    needs_tokenizer: bool = True


# By the name of the flag, which is also that of the program.
PEERS = {
    "wrk": _Peer("the wrk command", lambda program, _: Wrk(program), needs_tokenizer=False),
    "vllm-rs": _Peer(
        "the Rust client of vLLM: the file vllm/vllm-rs of its wheel",
        lambda program, tokenizer: Vllm(program, tokenizer, "vllm-rs bench serve"),
    ),
    "vllm": _Peer(
        "the vllm command", lambda program, tokenizer: Vllm(program, tokenizer, "vllm bench serve")
    ),
    "aiperf": _Peer("the aiperf command", Aiperf),
    "guidellm": _Peer("the guidellm command", Guidellm),
}


def add_client_options(parser: argparse.ArgumentParser) -> None:
    for name, peer in PEERS.items():
        parser.add_argument(
            f"--{name}", metavar="PATH", help=f"{peer.help} (default: {name} on PATH, if it is there)"
        )
    parser.add_argument(
        "--tokenizer", metavar="FOLDER", help="a tokenizer, which all but aisbench-load and wrk need"
    )


def chosen(options: argparse.Namespace) -> list[Client]:
    """aisbench-load and its peers. Raises BadInput if one that is given cannot be run."""
    clients: list[Client] = [Aisbench()]
    for name, peer in PEERS.items():
        given: str | None = getattr(options, name.replace("-", "_"))
        program = found(given or name)
        if given is not None and program is None:
            raise BadInput(f"--{name} {given} is not a program; give the path of {peer.help}")
        if program is None:
            continue
        tokenizer = ""
        if peer.needs_tokenizer:
            if options.tokenizer is None and given is None:
                print(f"{name} is left out: it needs --tokenizer FOLDER", file=sys.stderr)
                continue
            tokenizer = _tokenizer(options.tokenizer, name)
        # The clients run in another folder.
        clients.append(peer.make(str(Path(program).absolute()), tokenizer))
    return clients


def _tokenizer(folder: str | None, name: str) -> str:
    if folder is None:
        raise BadInput(f"--{name} needs a tokenizer; give the folder of one with --tokenizer")
    if not (Path(folder) / "tokenizer.json").is_file():
        raise BadInput(f"--tokenizer {folder} has no tokenizer.json; give the folder of a tokenizer")
    return str(Path(folder).absolute())
