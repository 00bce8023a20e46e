"""Every fault of the catalogue, among good requests: its kind, what is counted, and that all else goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.catalogue import GROUPS
from tests.faults.fault import GOOD_COUNTS, OK, Fault, When
from tests.faults.hosts import HOST_FAULTS, HostFault
from tests.faults.meeting import COUNT, meet
from tests.faults.server import FAULTY
from tests.faults.table import page
from tests.readers import READERS

CASES = [
    pytest.param(fault, id=f"{group}: {fault.name}") for group, faults in GROUPS.items() for fault in faults
]


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(CASES) >= 120
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("fault", CASES)
def test_a_fault_fails_its_own_requests_as_it_should_and_no_other(
    fault: Fault, reader: str, tmp_path: Path
) -> None:
    met = meet(fault, tmp_path / "run", reader)
    # Nothing is lost: each request has one outcome, and the run has ended with all its slots free.
    assert met.rows["slot"].tolist() == list(range(COUNT))
    assert met.live["ok"] + met.live["failed"] == COUNT
    assert met.live["failed"] == len(met.failures) == (met.rows["status"] == 2).sum()
    assert met.live["in_flight"] == 0
    assert met.slots_back == fault.in_flight
    assert 0 < met.most <= fault.in_flight
    # The faulty ones.
    wanted = [fault.kinds] + [(fault.then,) if fault.then else fault.kinds] * (len(met.faulty) - 1)
    found = [met.kind(ticket) for ticket in met.faulty]
    details = [met.failures.get(ticket, ("", b""))[1] for ticket in met.faulty]
    assert all(kind in kinds for kind, kinds in zip(found, wanted, strict=True)), (found, details)
    assert all(fault.says in detail for detail in details), details
    if fault.when in (When.ACCEPT, When.TUNNEL):
        assert len(met.faulty) == len(FAULTY)
    assert met.kept == [fault.kept] * len(met.kept)
    # What counts.
    for row in met.rows:
        ticket = int(row["slot"])
        if met.kind(ticket) == OK:
            counts = fault.counts if ticket in met.faulty else GOOD_COUNTS
            assert {name: int(row[name]) for name in counts} == dict(counts)
            assert row["status"] == 1
    assert set(met.failures) <= set(met.faulty)


def test_the_page_is_up_to_date() -> None:
    written = Path(__file__).parents[2] / "docs" / "reliability.md"
    assert written.read_text() == page(), "python -m tests.faults.table > docs/reliability.md"


@pytest.mark.parametrize("fault", HOST_FAULTS, ids=lambda one: one.name)
def test_a_fault_of_the_host_has_its_test(fault: HostFault) -> None:
    source = Path(__file__).parents[2] / fault.file
    assert f"def {fault.test}(" in source.read_text()
