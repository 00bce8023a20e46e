"""A host whose local ports are used up, in a network namespace of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.system.running import LOAD, Finished, environment

# Ten ports, of which the simulator takes one.
FEW_PORTS = "ip link set lo up && echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range"


def in_namespace(*command: str) -> subprocess.CompletedProcess[str]:
    script = f'{FEW_PORTS} && exec "$@"'
    return subprocess.run(
        ["unshare", "--map-root-user", "--net", "sh", "-c", script, "sh", *command],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )


def test_the_report_says_that_ports_are_used_up_and_what_helps(tmp_path: Path) -> None:
    if in_namespace("true").returncode != 0:
        pytest.skip("no network namespace can be made here")
    limits = ("--concurrency", "40", "--num-requests", "60", "--input-len", "8", "--output-len", "40")
    done = in_namespace(*LOAD, "--work-dir", str(tmp_path), "--no-progress", *limits)
    run = Finished(done.returncode, done.stdout, done.stderr, tmp_path)
    assert run.summary["errors"]["connect"] >= 10
    (sample, *_) = [one for one in run.summary["error_samples"] if one["kind"] == "connect"]
    assert sample["message"].startswith("Cannot assign requested address: no local port is left")
    assert "no local port is left; widen net.ipv4.ip_local_port_range" in done.stdout
