"""What is built of this package, and that it runs where nothing but it is installed."""

from __future__ import annotations

import email
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest

import aisbench
from tests.system.running import environment

pytestmark = pytest.mark.xdist_group("packaging")

ROOT = Path(__file__).parents[2]
NATIVE = Path("aisbench", "_native")
WRITTEN_IN_C = [
    Path("aisbench", "simulator", "referee.c"),
    Path("tests", "fuzz", "coverage.c"),
    Path("tests", "system", "stepping_clock.c"),
]
BACKEND = "import sys; from setuptools import build_meta; print(build_meta.build_{}(sys.argv[1]))"


def run(*command: object, cwd: Path) -> str:
    # Nothing may be found by a path that leads to this checkout.
    env = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=cwd, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compiled() -> list[Path]:
    """The sources of all extensions."""
    return [path.relative_to(ROOT) for path in (ROOT / "aisbench").rglob("*.pyx")]


def metadata(wheel: Path) -> Message:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(archive.read(name))


def tree(folder: Path) -> None:
    """This checkout without what git ignores, but for what was generated of it, which must not get into a release."""
    outputs = shutil.ignore_patterns(
        ".git", ".venv", "outputs", "dist", "*.egg-info", ".*_cache", ".hypothesis"
    )

    def ignored(at: str, names: list[str]) -> set[str]:
        # scripts/build is no output.
        return outputs(at, names) | ({"build"} if Path(at) == ROOT else set())

    shutil.copytree(ROOT, folder, ignore=ignored)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    tree(folder / "tree")
    name = run(sys.executable, "-c", BACKEND.format("sdist"), folder, cwd=folder / "tree").splitlines()[-1]
    return folder / name


@pytest.fixture(scope="module")
def unpacked(sdist: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(sdist.parent, filter="data")
    return sdist.parent / sdist.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(unpacked: Path) -> Path:
    """Built of the sdist; what is compiled of the same sources already is not compiled again."""
    built = unpacked.parent / "building"
    shutil.copytree(unpacked, built)
    place = built / "build" / f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
    # Copies are newer than what they were made of.
    for source in compiled():
        generated = source.with_suffix(".c")
        shutil.copyfile(ROOT / generated, built / generated)
        extension = source.with_suffix(sysconfig.get_config_var("EXT_SUFFIX"))
        (place / extension).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / extension, place / extension)
    name = run(sys.executable, "-c", BACKEND.format("wheel"), unpacked.parent, cwd=built).splitlines()[-1]
    return unpacked.parent / name


def test_the_sdist_has_the_sources_and_nothing_that_is_made_of_them(unpacked: Path) -> None:
    there = {path.relative_to(unpacked) for path in (unpacked / NATIVE).rglob("*") if path.is_file()}
    wanted = {
        path.relative_to(ROOT)
        for path in (ROOT / NATIVE).rglob("*")
        if path.suffix in (".pyx", ".pxd", ".pyi", ".h", ".py")
    }
    assert there == wanted
    assert sorted(path.relative_to(unpacked) for path in unpacked.rglob("*.c")) == WRITTEN_IN_C
    assert list(unpacked.rglob("*.so")) == []
    assert (unpacked / "aisbench" / "report" / "assets" / "report.js").exists()


def test_the_sdist_has_what_builds_runs_and_checks_it(unpacked: Path) -> None:
    """All that git keeps is there, but for what only a checkout uses."""
    kept = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False)
    if kept.returncode != 0:
        pytest.skip("not a checkout")
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    missing = {name for name in kept.stdout.splitlines() if (ROOT / name).exists()} - there
    assert missing == {".ci/run", ".gitignore"}


def test_the_wheel_has_the_extensions_and_no_generated_source(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    modules = {path.stem for path in compiled()}
    assert {Path(name).name.partition(".")[0] for name in names if name.endswith(".so")} == modules
    assert [name for name in names if name.endswith((".c", ".pyx"))] == []
    assets = {path.name for path in (ROOT / "aisbench" / "report" / "assets").iterdir()}
    assert {Path(name).name for name in names if "/assets/" in name} == assets
    assert [name for name in names if name.endswith("plotly-cartesian.LICENSE")]
    assert "aisbench/summary.schema.json" in names


def test_each_extension_lies_where_its_source_does(wheel: Path) -> None:
    names = (name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".so"))
    assert {name.partition(".")[0] for name in names} == {str(path.with_suffix("")) for path in compiled()}


def test_the_wheel_carries_both_licences(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    found = {
        Path(name).name: archive.read(name) for name in archive.namelist() if ".dist-info/licenses/" in name
    }
    plotly = ROOT / "aisbench" / "report" / "assets" / "plotly-cartesian.LICENSE"
    assert found == {path.name: path.read_bytes() for path in (ROOT / "LICENSE", plotly)}
    assert metadata(wheel)["License-Expression"] == "Apache-2.0 AND MIT"


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment that has the wheel, and what it needs of others."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index")
    run(*pip, wheel, cwd=folder)
    # The others are taken from where the tests run; a line in a .pth leads to no other .pth.
    site = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    )
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # They are not to bring along what only an extra names.
    for extra in ("plotly", "kaleido", "transformers", "jinja2", "pynvml", "fsspec", "opentelemetry"):
        (site / f"{extra}.py").write_text(f"raise ImportError('{extra} is not among the dependencies')")
    return python.parent


def test_the_wheel_runs_beside_sources_that_were_not_built(
    installed: Path, unpacked: Path, tmp_path: Path
) -> None:
    load = (installed / "aisbench-load", "--work-dir", tmp_path / "runs", "--no-progress")
    shown = run(*load, "--num-requests", 3, "--input-len", 4, "--output-len", 3, cwd=unpacked)
    assert "Successful requests:                     3" in shown
    (report,) = (tmp_path / "runs").glob("*/report.html")
    assert "plotly.js (cartesian" in report.read_text()


def test_there_is_one_version(installed: Path, wheel: Path, sdist: Path, tmp_path: Path) -> None:
    version = aisbench.__version__
    assert metadata(wheel)["Version"] == version
    assert wheel.name.startswith(f"aisbench-{version}-")
    assert sdist.name == f"aisbench-{version}.tar.gz"
    for command in ("aisbench", "aisbench-load"):
        assert run(installed / command, "--version", cwd=tmp_path) == f"aisbench, version {version}\n"
    found = run(
        installed / "python", "-c", "import aisbench; print(aisbench.__version__)", cwd=tmp_path
    ).strip()
    assert found == version
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert f"\n## [{version}]" in changes, "the changelog says nothing about this version"


def test_what_is_installed_is_small(wheel: Path) -> None:
    size = sum(entry.file_size for entry in zipfile.ZipFile(wheel).infolist())
    assert size < 10_000_000, "debug symbols, or generated sources?"


@pytest.mark.skipif(
    os.environ.get("AISBENCH_SLOW") != "1", reason="compiles everything; AISBENCH_SLOW=1 runs it"
)
def test_the_sdist_compiles(unpacked: Path, tmp_path: Path) -> None:
    built = tmp_path / "building"
    shutil.copytree(unpacked, built)
    run(sys.executable, "-c", BACKEND.format("wheel"), tmp_path, cwd=built)
    (wheel,) = tmp_path.glob("*.whl")
    assert len([name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".so")]) == len(
        compiled()
    )
