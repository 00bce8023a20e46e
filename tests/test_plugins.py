"""Backends and data sets of installed packages: how they are found, listed and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from aisbench import plugins
from aisbench.backends.registry import BACKENDS, backend_named
from aisbench.cli.backends import backends
from aisbench.cli.workload.workloads import workloads
from aisbench.errors import BadInput
from aisbench.workload.datasets.registry import dataset_named
from tests.plugin_packages import installed

GOOD = """
from aisbench.backends.tgi import TGI
from aisbench.workload.datasets.registry import DATASETS
MINE, DATA = TGI, DATASETS["random"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    installed(
        tmp_path,
        "good-plugin",
        {"good_plugin_module": GOOD},
        "[aisbench.backends]\nmine = good_plugin_module:MINE\nopenai = good_plugin_module:MINE\n"
        "odd = good_plugin_module:DATA\n[aisbench.datasets]\nmydata = good_plugin_module:DATA\n",
    )
    installed(
        tmp_path,
        "bad-plugin",
        {"bad_plugin_module": "import no_such_module_of_theirs\n"},
        "[aisbench.backends]\nbroken = bad_plugin_module:X\n[aisbench.datasets]\nbroken = bad_plugin_module:X\n",
    )
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_names_of_packages_are_found_after_ours() -> None:
    assert backend_named("mine").family == "tgi"
    assert dataset_named("mydata") is dataset_named("random")
    assert backend_named("openai") is BACKENDS["openai"]
    with pytest.raises(
        BadInput, match=r"--backend 'mime' is unknown; did you mean mine\? known: openai, .*, broken, mine"
    ):
        backend_named("mime")
    with pytest.raises(BadInput, match="--dataset 'mydatta' is unknown; did you mean mydata"):
        dataset_named("mydatta")


@pytest.mark.usefixtures("folder")
def test_one_that_cannot_be_used_is_named_with_what_it_raised() -> None:
    broken = (
        "broken: the plugin bad_plugin_module:X of bad-plugin 1.0 cannot be loaded: ModuleNotFoundError: No module named "
        "'no_such_module_of_theirs'; mend or uninstall it"
    )
    with pytest.raises(BadInput) as refused:
        backend_named("broken")
    assert str(refused.value) == f"--backend {broken}"
    with pytest.raises(BadInput) as refused:
        dataset_named("broken")
    assert str(refused.value) == f"--dataset {broken}"
    with pytest.raises(
        BadInput,
        match=r"is of type Dataset; its entry point must name one of aisbench\.backends\.backend\.Backend",
    ):
        backend_named("odd")


def test_two_packages_cannot_share_a_name(folder: Path) -> None:
    installed(folder, "other-plugin", {}, "[aisbench.backends]\nmine = other_module:MINE\n")
    with pytest.raises(
        BadInput, match=r"--backend mine is the name of 2 plugins, .* and .*; uninstall all but one"
    ):
        backend_named("mine")


@pytest.mark.usefixtures("folder")
def test_lists_show_them_and_survive_a_broken_one() -> None:
    shown = CliRunner().invoke(backends).output
    assert "\nOf installed packages:\n  mine  tgi  /generate_stream  streamed or whole" in shown
    assert "  --backend broken: the plugin bad_plugin_module:X" in shown
    assert shown.count("\n  openai") == 0
    listed = CliRunner().invoke(workloads).output
    assert "\nmydata\n    another name for random\n" in listed
    assert "\nbroken\n    --dataset broken: the plugin bad_plugin_module:X" in listed


def test_nothing_is_looked_for_while_names_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "plugin", None)
    assert backend_named("vllm") is BACKENDS["vllm"]
    assert dataset_named("random").ignores_eos
