"""Some of the faults met by the whole command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.catalogue import GROUPS
from tests.faults.fault import OK, Fault
from tests.faults.meeting import COUNT
from tests.faults.server import FAULTY, Server
from tests.system.running import run_load

_SAMPLE = {
    "Connections": "reset after the first token",
    "HTTP framing": "a chunk longer than its size",
    "Headers": "a page of HTML",
    "Statuses": "503 Service Unavailable",
    "Event streams": "an error after tokens",
    "JSON": "finish_reason: half a surrogate pair",
}
_CASES = [
    pytest.param(fault, id=fault.name)
    for group, faults in GROUPS.items()
    for fault in faults
    if fault.name == _SAMPLE.get(group)
]


@pytest.mark.parametrize("fault", _CASES)
def test_a_run_counts_a_fault_by_its_kind_and_goes_on(fault: Fault, tmp_path: Path) -> None:
    server = Server(fault)
    host, port = server.address
    done = run_load(
        tmp_path,
        *("--url", f"http://{host}:{port}", "--model", "m", "--backend", "openai-chat", "--workers", 1),
        *("--num-requests", COUNT, "--concurrency", fault.in_flight, "--input-len", 8, "--output-len", 3),
        *("--no-progress", "--no-server-metrics"),
    )
    server.finish()
    failed = 0 if fault.kind == OK else len(FAULTY)
    assert done.code == 0, done.err
    assert (done.summary["completed"], done.summary["failed"]) == (COUNT - failed, failed)
    assert done.summary["errors"] == ({fault.kind: failed} if failed else {})
    assert done.summary["total_output_tokens"] == 3 * (COUNT - failed)
    assert server.most <= fault.in_flight


def test_the_sample_is_complete() -> None:
    assert len(_CASES) == len(_SAMPLE)
