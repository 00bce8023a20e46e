"""Options from the environment: each command reads its own, under any of their names, and no others."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import click
import pytest

from aisbench.children import KEPT, child_environment
from aisbench.cli.accuracy.eval import evaluate
from aisbench.cli.commands import COMMANDS
from aisbench.cli.compare import compare
from aisbench.cli.load import load
from aisbench.cli.options.environment import APART, SOMEWHERE, misspelt, run_variables, variables
from aisbench.cli.plan import plan
from aisbench.cli.plot import plot
from aisbench.cli.report import report
from aisbench.cli.selfcheck import selfcheck
from aisbench.cli.simulate import simulate
from aisbench.cli.studies.saturate import saturate
from aisbench.cli.studies.sweep import sweep
from aisbench.cli.workload.workload import export
from tests.system.running import environment

ARGUMENTS = {"plot": ["a"], "report": ["a"], "compare": ["a", "b"]}


def parsed(command: click.Command) -> dict[str, Any]:
    with command.make_context(str(command.name), list(ARGUMENTS.get(str(command.name), []))) as context:
        return context.params


@pytest.mark.parametrize(
    ("command", "name", "text", "option", "wanted"),
    [
        (load, "AISBENCH_BASE_URL", "http://a:1 http://b:2", "url", ("http://a:1", "http://b:2")),
        (load, "AISBENCH_REQUEST_RATE", "2.5", "rate", 2.5),
        (load, "AISBENCH_MAX_CONCURRENCY", "8", "concurrency", 8),
        (load, "AISBENCH_PORT", "8001", "port", 8001),
        (load, "AISBENCH_TOP_P", "0.5", "top_p", 0.5),
        (load, "AISBENCH_JSON", "1", "as_json", True),
        (load, "AISBENCH_LIVE_PORT", "0", "live_port", ("127.0.0.1", 0)),
        (load, "AISBENCH_PERCENTILES", "50,99", "percentiles", (50.0, 99.0)),
        (load, "AISBENCH_GOODPUT", "ttft:500 tpot:50", "goodput", {"ttft": 500.0, "tpot": 50.0}),
        (load, "OPENAI_API_KEY", "sk-2", "api_key", "sk-2"),
        (saturate, "AISBENCH_BUDGET", "5m", "budget_s", 300.0),
        (sweep, "AISBENCH_GRID", "rate=1\nconcurrency=2", "grid", ("rate=1", "concurrency=2")),
        (simulate, "AISBENCH_SIMULATE_PORT", "9000", "port", 9000),
        (simulate, "AISBENCH_SIMULATE_FAULT", "cut:0.1 stall:0.2", "fault", ("cut:0.1", "stall:0.2")),
        (simulate, "AISBENCH_MODEL", "of-another-server", "model", "simulated-8b"),
        (simulate, "OPENAI_API_KEY", "sk-of-another-server", "api_key", None),
        (plot, "AISBENCH_PLOT_CHART", "cdf", "chart", "cdf"),
        (compare, "AISBENCH_COMPARE_MARGIN", "0.2", "margin", 0.2),
        (report, "AISBENCH_REPORT_FORMAT", "csv", "form", "csv"),
    ],
)
def test_values(
    monkeypatch: pytest.MonkeyPatch, command: click.Command, name: str, text: str, option: str, wanted: Any
) -> None:
    for other in ("AISBENCH_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, text)
    assert parsed(command)[option] == wanted


def test_no_variable_means_two_options() -> None:
    others = [
        name
        for one in (simulate, plot, report, compare, selfcheck)
        for o in one.params
        for name in variables(o)
    ]
    for command in (load, saturate, sweep):
        options = [one for one in command.params if one.expose_value]
        names = [name for one in options for name in variables(one)]
        assert all(variables(one) for one in options)
        assert len({*names, *others}) == len(names) + len(others)
        assert KEPT not in names


def test_a_bad_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISBENCH_REQUEST_RATE", "fast")
    with pytest.raises(click.BadParameter) as bad:
        parsed(load)
    assert (
        bad.value.format_message() == "Invalid value for AISBENCH_REQUEST_RATE: 'fast' is not a valid float."
    )


def test_which_variables_counted_is_said_by_name_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LABEL", "RATE", "API_KEY"):
        monkeypatch.setenv(f"AISBENCH_{name}", "7")
    with load.make_context("aisbench-load", ["--rate", "5"]):
        pass
    assert capsys.readouterr().err == "from the environment: AISBENCH_LABEL\n"


@pytest.mark.parametrize(
    ("command", "name", "said"),
    [
        (load, "AISBENCH_REQEST_RATE", ["AISBENCH_REQEST_RATE (did you mean AISBENCH_REQUEST_RATE?)"]),
        (load, "AISBENCH_ZZZ", ["AISBENCH_ZZZ"]),
        (saturate, "AISBENCH_SLOO", ["AISBENCH_SLOO (did you mean AISBENCH_SLO?)"]),
        (
            simulate,
            "AISBENCH_SIMULATE_PROT",
            ["AISBENCH_SIMULATE_PROT (did you mean AISBENCH_SIMULATE_PORT?)"],
        ),
        # Options of other commands, and variables that are not options.
        (load, "AISBENCH_SLO", []),
        (saturate, "AISBENCH_RATE", []),
        (saturate, "AISBENCH_JSON", []),
        (load, "AISBENCH_SIMULATE_PROT", []),
        (simulate, "AISBENCH_RAET", []),
        (load, "AISBENCH_DEBUG", []),
        (load, "AISBENCH_WERROR", []),
        (load, KEPT, []),
    ],
)
def test_a_misspelt_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, command: click.Command, name: str, said: list[str]
) -> None:
    monkeypatch.setenv(name, "5")
    assert misspelt(command) == said


def test_a_misspelt_variable_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AISBENCH_DURATON", "5m")
    monkeypatch.setenv("AISBENCH_ZZZ", "c0ffee")
    parsed(load)
    assert capsys.readouterr().err == (
        "ignored variables that match no option: AISBENCH_DURATON (did you mean AISBENCH_DURATION?), AISBENCH_ZZZ\n"
    )


def test_whose_variables_there_are_is_known() -> None:
    shared = {
        name
        for one in (load, saturate, sweep, plan, export, evaluate)
        for o in one.params
        for name in variables(o)
    }
    assert shared - run_variables() - {"OPENAI_API_KEY"} == set(SOMEWHERE)
    assert {*APART, "load", "eval", "saturate", "sweep", "plan", "workload", "export"} == {
        *COMMANDS,
        "import",
        "mlflow",
        "wandb",
        "ais_bench",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("AISBENCH_HEADER", "X-Team-Pass c0ffee-for-all"),
        ("AISBENCH_EXTRA_HEADERS", '{"Authorization": "Bearer c0ffee-for-all"'),
        ("AISBENCH_EXTRA_BODY", '["c0ffee-for-all"]'),
        ("AISBENCH_PROXY", "ftp://me:c0ffee-for-all@127.0.0.1:1"),
        ("AISBENCH_URL", "http://me:c0ffee-for-all@127.0.0.1:x"),
        ("AISBENCH_API_KEY", "c0ffee-for-all-ключ"),
    ],
)
def test_a_secret_is_not_in_what_is_said_of_it(name: str, text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aisbench", "load"],
        env={**environment(), name: text},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "c0ffee" not in done.stdout + done.stderr


def test_children_get_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = ("AISBENCH_HEADER", "AISBENCH_SIMULATE_FAULT", "AISBENCH_API_KEY", "OPENAI_API_KEY")
    for name in (*gone, KEPT, "OTHER"):
        monkeypatch.setenv(name, "x")
    kept = child_environment()
    assert {KEPT, "OTHER"} <= set(kept)
    assert not set(gone) & set(kept)
