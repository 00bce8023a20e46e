"""A run's folder with one damaged file: its reports are made, or one line says which file cannot be read.

The first line of an input has the number of a file, the place of the damage, and how many bytes are lost there; the rest is
put in their place.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from aisbench.errors import BadInput, CannotRun
from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.fuzz.engine import Check, Target

_ALL = 1 << 30
_COUNT = 12
_FIGURES = (
    "completed",
    "failed",
    "total_output_tokens",
    "mean_ttft_ms",
    "p99_itl_ms",
    "max_output_tokens_per_s",
)


def _write(folder: Path) -> list[Path]:
    """A run of two workers; its files, without those of single words."""
    from aisbench.analysis.measured import Measured
    from aisbench.records.run import Run
    from aisbench.report.files.write import write_reports

    rows = made_rows(np.arange(_COUNT) * 10.0, ttft_ms=20, itl_ms=5)
    write_run(
        folder, rows, workers=2, texts=[("x", "")] * _COUNT, config=base_config(rate=100.0), spare_rows=0
    )
    write_reports(Measured(Run.load(folder)))
    return sorted((folder / "records").iterdir())


def _damaged(whole: bytes, line: bytes, content: bytes) -> bytes:
    numbers = [int(word[-9:]) for word in line.split()[1:3] if word.isdigit()]
    at, lost = (*numbers, 0, 0)[:2]
    at %= len(whole) + 1
    return whole[:at] + content + whole[at + lost :]


@contextlib.contextmanager
def _opened() -> Iterator[Check]:
    from aisbench.analysis.contract.summary_type import plain
    from aisbench.analysis.measured import Measured
    from aisbench.analysis.summary import summarise
    from aisbench.records.run import Run
    from aisbench.report.text.console import print_result
    from aisbench.report.text.markdown import markdown

    with tempfile.TemporaryDirectory() as place:
        good = Path(place, "good")
        files = [path.relative_to(good) for path in _write(good)]
        bad = Path(place, "bad")
        shutil.copytree(good, bad)
        wanted = plain(summarise(Measured(Run.load(good))))
        assert wanted["notes"] == []
        wanted = {name: wanted[name] for name in _FIGURES}

        def check(data: bytes) -> None:
            line, _, content = data.partition(b"\n")
            first = line.split()[:1]
            file = files[int(first[0][-9:]) % len(files) if first and first[0].isdigit() else 0]
            whole = (good / file).read_bytes()
            damaged = _damaged(whole, line, content)
            (bad / file).write_bytes(damaged)
            said = str(bad)
            try:
                with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
                    run = Run.load(bad)
                    summary = plain(summarise(Measured(run)))
                    percents = run.config.percentiles
                    print_result(summary, percents, bad / "report.html")
                    markdown(summary, percents)
                # Nothing tells that a byte has another value; that bytes are missing can be seen.
                if damaged == whole[: len(damaged)] and file.suffix == ".bin":
                    figures = {name: summary[name] for name in _FIGURES}
                    assert figures == wanted or summary["notes"], f"{file}: cut short, and nothing says so"
            except (BadInput, CannotRun) as problem:
                said = str(problem)
            finally:
                (bad / file).write_bytes(whole)
            assert str(bad) in said or "run.json" in said, f"{file}: {said}"

        yield check


def _make(rng: Random) -> bytes:
    at = rng.choice((0, 8, 16, 24, 4096, 4096 + 232, rng.randrange(8192)))
    lost, content = rng.choice(
        ((_ALL, b""), (4, rng.randbytes(4)), (8, b"\xff" * 8), (1, rng.randbytes(1)), (0, b"{"))
    )
    return b"%d %d %d\n" % (rng.randrange(16), at, lost) + content


RECORDS = Target(
    "records",
    _opened,
    _make,
    (b"\xff" * 8, bytes(8), b"null", b"[]", b"{}", b'"x"', b"-1", b"1e99", b"NaN", b"0 4096 8\n"),
)
