"""`aisbench sweep` as a user calls it, before anything is sent."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from aisbench.cli.commands import group
from aisbench.cli.studies.sweep import sweep
from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.studies.sweep.folder import SweepFolder
from aisbench.studies.sweep.points import Point
from aisbench.studies.sweep.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs/sweep.md"


def call(*args: object) -> Result:
    return CliRunner().invoke(sweep, [*map(str, args)], standalone_mode=False)


def refused(*args: object) -> str:
    done = call(*args)
    problem = done.exception
    assert isinstance(problem, (BadInput, click.ClickException)), (problem, done.output)
    assert done.stdout == ""
    text = problem.format_message() if isinstance(problem, click.ClickException) else str(problem)
    assert "\n" not in text
    return text


def planned(*args: object) -> list[str]:
    done = call(*args, "--dry-run")
    assert done.exception is None, done.exception
    return done.stdout.splitlines()


def commands_of(document: str) -> list[list[str]]:
    return [shlex.split(line) for line in re.findall(r"^ +(aisbench .+)$", document, re.MULTILINE)]


def test_the_commands_of_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = DOCUMENT.read_text()
    begun = Path("outputs/default/sweep_20260102_030405")
    begun.mkdir(parents=True)
    point = Point({"concurrency": "1"}, RunConfig(concurrency=1, duration_s=5.0))
    SweepFolder(begun, [point], Settings(grid=("concurrency=1",)), ["aisbench", "sweep"]).save()
    found = commands_of(document)
    assert len(found) >= 8
    for _, name, *args in found:
        if name == "sweep":
            lines = planned(*(arg for arg in args if arg != "--dry-run"))
            if "--dry-run" in args:
                assert all(f"    {line}" in document for line in lines), "\n".join(lines)
        else:
            command = group.get_command(click.Context(group), name)
            assert command is not None
            with command.make_context(name, args):
                pass


def test_a_dry_run_shows_the_points_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    grid = ("input_len=64,256", "max-concurrency=1..16x4")
    lines = planned("--grid", *grid, "--duration", "1m", "--runs", 3, "--seed", 5, "--output-len", 16)
    assert lines[0] == "options of all points: duration_s=60.0 output_len=16 seed=5"
    assert lines[1] == "   1  input_len=64 concurrency=1    1 min a run"
    assert lines[6] == "   6  input_len=256 concurrency=16  1 min a run"
    assert lines[7] == "6 points, 3 runs of each; the last axis changes first, then every point again"
    assert lines[8] == "runs to do: 18 (about 18 min); nothing was sent"
    assert not any(tmp_path.iterdir())


def test_any_option_is_an_axis_by_any_of_its_names() -> None:
    grid = "request_rate=5,10 stream=true,false extra-body='{\"top_k\": 1}','{\"top_k\": 2}' duration=500ms,1s goodput='e2el:5'"
    lines = planned("--grid", grid)
    assert lines[1].split()[1:] == ["rate=5", "stream=true", 'extra_body={"top_k":', "1}", "duration=500ms", "goodput=e2el:5", "0.5", "s", "a", "run"]  # fmt: skip
    assert len(lines) == 1 + 16 + 2


def test_a_grid_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text("grid:\n  - concurrency=1,2\n  - input_len=8\nduration: 5\n")
    assert len(planned("--config", tmp_path / "sweep.yaml")) == 1 + 2 + 2


def test_an_axis_overrides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISBENCH_CONCURRENCY", "7")
    lines = planned("--grid", "concurrency=1,2", "--duration", 1)
    assert "concurrency=1 " in lines[1]


def test_credentials_in_an_axis_are_not_shown() -> None:
    done = call("--grid", "url=http://me:hunter22@a,http://b", "--duration", 1, "--dry-run")
    assert "hunter22" not in done.output
    assert "url=http://***@a" in done.stdout


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ([], "--grid is missing"),
        (["--grid", "inptu_len=3"], "--grid: unknown axis inptu_len; did you mean input_len?"),
        (["--grid", "nothing_like_it=3"], "--grid: unknown axis nothing_like_it; give the name of an option"),
        (["--grid", "concurrency=0,1"], "--grid concurrency=0: --concurrency must be a whole number of at least 1, got 0"),
        (["--grid", "input_len=4 concurrency=1,a"], "--grid concurrency=a: 'a' is not a valid integer"),
        (["--grid", "dataset=random,foo"], "--grid dataset=foo: "),
        (["--grid", "backend=openai,foo"], "--grid backend=foo: "),
        (["--grid", "goodput=zzz:5"], "--grid goodput=zzz:5: unknown 'zzz'"),
        (["--grid", "range_ratio=0.5,2"], "--grid range_ratio=2: "),
        (["--grid", "concurrency=1,1"], "--grid concurrency names 1 twice"),
        (["--grid", "concurrency="], "--grid concurrency has an empty value"),
        (["--grid", "max_concurrency=1 concurrency=2"], "--grid: max_concurrency and concurrency are the same option"),
        (["--grid", "concurrency=1", "--concurrency", "3"], "--grid concurrency varies --concurrency, which is also given"),
        (["--grid", "random_input_len=1,2", "--input-len", "7"], "--grid: random_input_len=2 changes nothing"),
        (["--grid", "api_key=a"], "--grid: api_key cannot be an axis, because it may hold a secret"),
        (["--grid", "header='a: b'"], "--grid: header cannot be an axis, because it may hold a secret"),
        (["--grid", "work_dir=a"], "--grid: work_dir cannot be an axis, because it is the same for all runs"),
        (["--grid", "slo=a"], "--grid: slo cannot be an axis"),
        (["--grid", "concurrency=1 rate=5", "--stress"], "--grid rate=5: --stress sends a request whenever one ends"),
        (["--grid", "concurrency=1", "--runs", "0"], "--runs must be a whole number from 1 to 1000, got 0"),
        (["--grid", "concurrency=1", "--slo", "ttft=5"], "--slo: 'ttft=5' is not a bound"),
        (["--grid", "concurrency=1", "--slo", ""], "--slo is empty"),
        (["--grid", "concurrency=1", "--slo", "accuracy>0.5"], "--slo: accuracy needs --score"),
        (["--grid", "concurrency=1 stream=true,false", "--slo", "ttft_p99<5"], "--slo: TTFT and TPOT need streamed answers"),
        (["--grid", "concurrency=1", "--budget", "0"], "--budget must be more than 0 seconds"),
        (["--resume", "nowhere"], "nowhere holds no sweep.json that can be read; give the folder of a sweep"),
        (["--resume", "nowhere", "--concurrency", "5"], "--resume uses the settings in nowhere; leave --concurrency out"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_that_names_it(
    args: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(*args).startswith(told)
    assert not any(tmp_path.iterdir())
