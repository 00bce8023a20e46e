"""Flags of AISBench that `ais_bench` does not accept, and what to give instead."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import click

from aisbench.cli.command import Command
from aisbench.errors import BadInput

_NONE = "there is no counterpart"
_INSTEAD = {
    "--host-ip": "set host_ip in the preset, or give -- --url http://HOST:PORT",
    "--host-port": "set host_port in the preset, or give -- --url http://HOST:PORT",
    "--url": "set url in the preset, or give -- --url URL",
    "--path": "set path in the preset, or give -- --tokenizer DIR",
    "--model-name": "set model in the preset, or give -- --model NAME",
    "--api-key": "set AISBENCH_API_KEY, or api_key in the preset",
    "--request-rate": "set request_rate in the preset, or give -- --rate R",
    "--batch-size": "set batch_size in the preset, or give -- --concurrency N",
    "--max-out-len": "set max_out_len in the preset, or give -- --output-len N",
    "--generation-kwargs": "set generation_kwargs in the preset, or give -- --extra-body JSON",
    "--trust-remote-code": "set trust_remote_code in the preset, or give -- --trust-remote-code",
    "--retry": "requests are sent once; --reuse asks again what has no answer",
    "--custom-dataset-path": "give --datasets qa or --datasets mcq with --dataset-path FILE",
    "--custom-dataset-meta-path": "put it beside the data, as FILE.meta.json",
    "--custom-dataset-data-type": "give --datasets qa or --datasets mcq with --dataset-path FILE",
    "--custom-dataset-infer-method": "leave it out; answers are always generated (gen)",
    "--spec-decode": "leave it out; the report of each load has what the server's /metrics says",
    "--max-workers-per-gpu": "leave it out; tasks need no GPU",
    "--response-anomaly": _NONE,
    "--no-response-anomaly": "leave it out; responses are not examined",
    "--response-anomaly-payload-retention": _NONE,
    "--agent": _NONE,
    "--n-concurrent": _NONE,
    "--n-attempts": _NONE,
}


class SwitchersCommand(Command):
    """Refuses AISBench's other flags with what to give instead."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _refuse(args)
        return super().parse_args(ctx, args)


def _refuse(args: Sequence[str]) -> None:
    for arg in itertools.takewhile(lambda arg: arg != "--", args):
        flag = arg.partition("=")[0]
        if flag in _INSTEAD:
            raise BadInput(f"{flag} of AISBench is not accepted: {_INSTEAD[flag]}")
