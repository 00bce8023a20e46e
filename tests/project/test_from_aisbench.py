"""docs/from-aisbench.md and its Chinese version: flags, keys and names exist, commands run, and messages are as quoted."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from aisbench.backends.registry import AISBENCH_NAMES
from aisbench.cli.accuracy.ais_bench import ais_bench
from aisbench.cli.accuracy.eval import evaluate
from aisbench.cli.load import load
from aisbench.config.presets import options_of, preset_file
from aisbench.errors import BadInput
from aisbench.simulator.process import SimulatorProcess
from aisbench.studies.campaign.names import data_set_named
from aisbench.workload.tokens.tokenizers import load_tokenizer
from tests.forks import forks
from tests.project.test_documentation import anchors, prose
from tests.simulators import start_simulator
from tests.studies.evaluation.sums import write_sums
from tests.system.running import environment

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "docs" / "from-aisbench.md", ROOT / "docs" / "zh" / "from-aisbench.md")
READMES = (ROOT / "README.md", ROOT / "README.zh.md")
TEXT = PAGES[0].read_text()
# The entries of AISBench's FAQ: how many each of its six chapters has.
ENTRIES = {1: 2, 2: 4, 3: 4, 4: 7, 5: 11, 6: 3}
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
# Where a message needs a server that does what it is about.
FAULTS = {"http_500": "http-500:1", "stream_cut": "cut:1", "event_too_large": "huge-event:1"}
MESSAGES = [text.splitlines() for kind, text in BLOCKS if kind == "text" and text.startswith("$ ")]
SCRIPTS = {"ais_bench": "ais_bench_main", "aisbench-load": "load_main"}


def table_below(heading: str, page: Path) -> list[list[str]]:
    """The cells of the first table that follows a line with `heading`, without its head."""
    lines = page.read_text().splitlines()
    begun = itertools.dropwhile(lambda line: heading not in line, lines)
    table = itertools.dropwhile(lambda line: not line.startswith("|"), begun)
    rows = list(itertools.takewhile(lambda line: line.startswith("|"), table))[2:]
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows]


def flags_in(text: str) -> set[str]:
    return set(re.findall(r"`(?:-- )?(--?[a-z][\w-]*)", text))


def flags_of(*commands: click.Command) -> set[str]:
    found = {
        flag for one in commands for param in one.params for flag in (*param.opts, *param.secondary_opts)
    }
    return {flag for flag in found if flag.startswith("-")}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_first_table_has_every_flag_and_no_other(page: Path) -> None:
    rows = table_below("accepts these flags" if page is PAGES[0] else "接受以下参数", page)
    named = [flag for row in rows for flag in re.findall(r"`(--?[\w-]+)`", row[0])]
    assert sorted(named) == sorted(flags_of(ais_bench) - {"--help", "-h", "--version"})


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_what_is_not_accepted_is_not_and_what_stands_in_for_it_exists(page: Path) -> None:
    rows = table_below("These are not accepted" if page is PAGES[0] else "以下参数不接受", page)
    assert len(rows) > 15
    for theirs, instead in rows:
        assert not flags_in(theirs) & flags_of(ais_bench), theirs
        assert not flags_in(instead) - flags_of(ais_bench, evaluate, load), instead


def test_each_of_these_is_refused_with_what_to_give_instead() -> None:
    flags = {flag for row in table_below("These are not accepted", PAGES[0]) for flag in flags_in(row[0])}
    assert len(flags) > 20
    for flag in flags:
        with pytest.raises(BadInput, match=f"^{flag} of AISBench is not accepted: .{{10}}"):
            ais_bench.main(["--models", "tgi_api_general", f"{flag}=1"], standalone_mode=False)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_entry_of_the_faq_has_an_answer(page: Path) -> None:
    text = page.read_text()
    wanted = [f"{chapter}.{number + 1}" for chapter, count in ENTRIES.items() for number in range(count)]
    assert re.findall(r"^### (\d+\.\d+) \S", text, re.MULTILINE) == wanted
    answers = re.split(r"^### .+$", text.split("## FAQ")[1], flags=re.MULTILINE)[1:]
    assert all(len(answer.strip()) > 20 for answer in answers)


def test_the_keys_of_presets_are_known(tmp_path: Path) -> None:
    rows = table_below("| key of AISBench", PAGES[0])
    file = tmp_path / "one.toml"
    file.write_text("none_such = 1")
    with pytest.raises(BadInput) as problem:
        options_of(file)
    known = set(str(problem.value).partition("known: ")[2].split(", "))
    mentioned = {name for row in rows for name in re.findall(r"`(\w+)`", " ".join(row[:2]))}
    assert known <= mentioned


def test_the_presets_are_there() -> None:
    section = TEXT.split("## Model configurations")[1].split("| key")[0]
    for name in (*AISBENCH_NAMES, "vllm_api_function_call_chat"):
        assert f"`{name}`" in section
        preset_file(name)


def test_the_data_sets_are_as_the_page_says() -> None:
    there, parts = TEXT.split("- **Accuracy and load:**")[1].split("- **Load only:**")
    load_only, _, rest = parts.partition("- **Parts:**")
    absent = rest.split("- **Not here:**")[1].split(". Many")[0]
    for name in re.findall(r"(?<![\w`'])[A-Za-z]\w*\d*(?=,| \(|;)", re.sub(r"\([^)]*\)", "", there)):
        data_set_named(name, for_load=False)
    for name in re.findall(r"`([a-z]\w+)`", there + load_only.split(". Conv")[0]):
        data_set_named(name, for_load=True)
    names = [word for word in re.split(r"[,\s]+", absent) if re.fullmatch(r"[a-z][a-z_0-9]+", word)]
    assert len(names) > 12
    for name in names:
        with pytest.raises(BadInput):
            data_set_named(f"{name}_gen", for_load=True)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, SimulatorProcess]]:
    """One without faults, and one for each fault; they start when they are needed."""
    with contextlib.ExitStack() as stack:

        class Started(dict[str, SimulatorProcess]):
            def __missing__(self, fault: str) -> SimulatorProcess:
                args = ["--fault", fault] if fault else []
                self[fault] = stack.enter_context(start_simulator(args))
                return self[fault]

        yield Started()


def folder_for(path: Path, port: str) -> Path:
    """With the files that the commands name."""
    (preset,) = [text for kind, text in BLOCKS if kind == "toml"]
    (path / "presets").mkdir(parents=True)
    (path / "presets" / "mine.toml").write_text(preset.replace("8000", port))
    (path / "presets" / "typo.toml").write_text("max_out_lens = 32\n")
    (path / "presets" / "down.toml").write_text('host_ip = "127.0.0.1"\nhost_port = 9\n')
    (path / "own.jsonl").write_text('{"question": "1+1=", "a": "2"}\n')
    write_sums(path / "datasets" / "gsm8k", 12)
    own = path / "models" / "own"
    own.mkdir(parents=True)
    own.joinpath("tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}})
    )
    own.joinpath("config.json").write_text(
        json.dumps({"model_type": "own", "auto_map": {"AutoConfig": "own.C"}})
    )
    return path


def run(folder: Path, command: str) -> tuple[int, list[str]]:
    name, *args = shlex.split(command)
    process = forks().start(SCRIPTS[name], args, environment(), cwd=folder, one_stream=True)
    said, _ = process.communicate(timeout=300)
    return process.wait(), said.splitlines()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("quoted", MESSAGES, ids=lambda quoted: str(quoted[1][:40]))
def test_a_message_is_as_quoted(
    quoted: list[str], servers: dict[str, SimulatorProcess], tmp_path: Path
) -> None:
    """`...` in a quoted line stands for anything."""
    command, *lines = quoted
    fault = next((fault for kind, fault in FAULTS.items() if kind in lines[0]), "")
    port = servers[fault].url.rpartition(":")[2]
    code, said = run(
        folder_for(tmp_path / "work", port), command.removeprefix("$ ").replace(":8000", f":{port}")
    )
    for line in lines:
        pattern = re.escape(line.replace(":8000", f":{port}")).replace(re.escape("..."), ".*")
        assert any(re.fullmatch(pattern, one) for one in said), (line, said)
        if line.startswith("error:"):
            assert code in (1, 2)
        elif " failed (" in line:
            assert code == 1


def test_the_message_about_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(BadInput) as problem:
        load_tokenizer("some/model")
    (quoted,) = [text.strip() for kind, text in BLOCKS if kind == "text" and not text.startswith("$ ")]
    assert f"error: {problem.value}".startswith(quoted.removesuffix("..."))


@pytest.mark.timeout(600)
def test_the_commands_run(servers: dict[str, SimulatorProcess], tmp_path: Path) -> None:
    port = servers[""].url.rpartition(":")[2]
    folder = folder_for(tmp_path / "work", port)
    (block,) = [text for kind, text in BLOCKS if kind == "sh"]
    commands = block.replace("\\\n", " ").strip().split("\n\n")
    assert len(commands) == 5
    for command in commands:
        code, said = run(folder, command.replace(":8000", f":{port}"))
        assert code == 0, said
    accuracy, performance = sorted((folder / "outputs" / "default").iterdir())
    assert json.loads((accuracy / "results" / "mine" / "gsm8k.json").read_text())["counts"]["questions"] == 8
    assert (performance / "performances" / "mine" / "synthetic_gen_string.csv").is_file()


def test_the_chinese_page_has_the_same_blocks_and_flags() -> None:
    chinese = PAGES[1].read_text()
    assert re.findall(r"^```(\w+)\n(.*?)^```$", chinese, re.MULTILINE | re.DOTALL) == BLOCKS
    for english, translated in (
        ("| flag of AISBench", "| AISBench 的参数"),
        ("| key of AISBench", "| AISBench 的字段"),
    ):
        first = [re.findall(r"`[^`]+`", row[0]) for row in table_below(english, PAGES[0])]
        assert [re.findall(r"`[^`]+`", row[0]) for row in table_below(translated, PAGES[1])] == first


def test_links_of_the_chinese_page_lead_to_files_and_headings() -> None:
    page = PAGES[1]
    for link in re.findall(r"\]\(([^)]+)\)", prose(page)):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_pages_and_readmes_name_their_other_language() -> None:
    for one, other in (PAGES, READMES):
        assert f"]({other.relative_to(one.parent)})" in one.read_text()
    assert "](../from-aisbench.md)" in PAGES[1].read_text()
    assert "](README.md)" in READMES[1].read_text()


def test_the_chinese_readme_has_the_same_commands() -> None:
    english, chinese = (
        [
            line.partition("  #")[0].strip()
            for line in re.findall(r"^    (\S.+)$", path.read_text(), re.MULTILINE)
        ]
        for path in READMES
    )
    assert english == chinese
