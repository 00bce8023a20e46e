"""Copies of run folders: complete, apart from those of other runs, and tried before the run."""

from __future__ import annotations

import json
import shlex
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import fsspec
import numpy as np
import pytest
from click.testing import CliRunner

from aisbench.cli.report import report
from aisbench.errors import BadInput, CannotRun
from aisbench.exit_codes import DONE, INTERRUPTED, RUN_FAILED
from aisbench.export.upload import Upload
from aisbench.masking import masking
from aisbench.studies.single_run import _uploaded
from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.export.lossy import Lossy

URL = "lossy://me:Secret-pass-1@host/runs"


@pytest.fixture
def lossy(monkeypatch: pytest.MonkeyPatch) -> type[Lossy]:
    """The file system behind lossy://, empty and willing."""
    monkeypatch.setattr(Lossy, "store", {})
    monkeypatch.setattr(Lossy, "refuse", Lossy.refuse)
    fsspec.register_implementation(Lossy.protocol, Lossy, clobber=True)
    monkeypatch.setattr(masking, "known", set())
    return Lossy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_run(
        tmp_path_factory.mktemp("runs") / "20260102_030405", made_rows(np.arange(20)), config=base_config()
    )
    (made / "logs").mkdir(exist_ok=True)
    (made / "logs" / "worker-0.log").write_text("ready\n")
    return made


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refusing(operation: str, problem: Exception, name: str = "") -> Callable[[str, str], None]:
    """Refuses an operation on the paths that end with `name`."""

    def refuse(wanted: str, path: str) -> None:
        if wanted == operation and path.endswith(name):
            raise problem

    return refuse


def test_a_folder_of_files_gets_all_of_it_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    place = Upload.to(f"file://{tmp_path}/new/runs/")
    assert place.send(folder) == f"file://{tmp_path}/new/runs/{folder.name}"
    assert files_of(tmp_path / "new" / "runs") == {
        f"{folder.name}/{name}": content for name, content in files_of(folder).items()
    }


def test_an_object_store_does_too(folder: Path) -> None:
    url = f"memory://{uuid.uuid4()}/runs"
    assert Upload.to(url).send(folder) == f"{url}/{folder.name}"
    store, base = fsspec.core.url_to_fs(url)
    found = {path.removeprefix(f"{base}/{folder.name}/"): store.cat_file(path) for path in store.find(base)}
    assert found == files_of(folder)


def test_another_run_of_the_same_second_keeps_its_copy(folder: Path, tmp_path: Path) -> None:
    place = Upload.to(f"file://{tmp_path}/copies")
    other = tmp_path / folder.name
    facts = json.loads((folder / "records" / "run.json").read_text())
    (other / "records").mkdir(parents=True)
    (other / "records" / "run.json").write_text(json.dumps({**facts, "start_ns": facts["start_ns"] + 1}))
    assert place.send(folder).endswith(folder.name)
    assert place.send(other).endswith(f"{folder.name}_2")
    # The same run again, with a report that was made again.
    (other / "report.html").write_text("newer")
    assert place.send(other).endswith(f"{folder.name}_2")
    assert files_of(tmp_path / "copies" / f"{folder.name}_2") == files_of(other)
    assert files_of(tmp_path / "copies" / folder.name) == files_of(folder)


def test_who_may_only_write_can_upload(folder: Path, lossy: type[Lossy]) -> None:
    def refuse(operation: str, path: str) -> None:
        if operation != "put":
            raise PermissionError(13, "Permission denied")

    lossy.refuse = staticmethod(refuse)
    Upload.to(URL).send(folder)
    assert f"/runs/{folder.name}/summary.json" not in lossy.store
    assert f"/runs/{folder.name}/records/run.json" in lossy.store


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3:/bucket/x", "--upload s3:/bucket/x is not a URL; give one such as s3://BUCKET/FOLDER or file:///FOLDER"),
        ("results", "--upload results is not a URL; give one such as s3://BUCKET/FOLDER or file:///FOLDER"),
        (
            "nope://b/x",
            "--upload nope://b/x cannot be used (ValueError: Protocol not known: nope); give a URL such as s3://BUCKET/FOLDER",
        ),
        (
            "file:///dev/null/x",
            "--upload file:///dev/null/x cannot be written to (Not a directory); give a folder that you may write to, or leave it out",
        ),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_is_refused(url: str, said: str) -> None:
    with pytest.raises(BadInput) as done:
        Upload.to(url)
    assert str(done.value) == said


@pytest.mark.parametrize(
    ("module", "url"), [("s3fs", "s3://b/x"), ("fsspec.core", "s3://b/x"), ("gcsfs", "gs://b/x")]
)
def test_a_missing_package_is_named(module: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BadInput) as done:
        Upload.to(url)
    package = module.partition(".")[0]
    begin, _, command = str(done.value).partition(": ")
    assert begin == f"--upload {url} needs {package}"
    words = shlex.split(command.removesuffix(", or leave it out"))
    assert words[:4] == [sys.executable, "-m", "pip", "install"]
    assert any(word.startswith(package) for word in words[4:])


def test_a_refusal_names_no_secret(lossy: type[Lossy]) -> None:
    lossy.refuse = staticmethod(refusing("put", RuntimeError("no bucket for Secret-pass-1\nand more")))
    with pytest.raises(BadInput) as done:
        Upload.to(URL)
    assert masking.masked_text(str(done.value)) == (
        "--upload lossy://***@host/runs cannot be written to (RuntimeError: no bucket for ***); "
        "give a folder that you may write to, or leave it out"
    )


@pytest.mark.parametrize(("code", "wanted"), [(DONE, RUN_FAILED), (INTERRUPTED, INTERRUPTED)])
def test_a_failed_copy_leaves_the_run_and_says_how_to_go_on(
    code: int, wanted: int, folder: Path, lossy: type[Lossy], capsys: pytest.CaptureFixture[str]
) -> None:
    place, before = Upload.to(URL), files_of(folder)
    lossy.refuse = staticmethod(refusing("put", OSError(28, "No space left on device"), "worker-0.log"))
    assert _uploaded(place, folder, code) == wanted
    assert capsys.readouterr().err.splitlines() == [
        f"error: --upload lossy://***@host/runs failed (No space left on device); the run is in {folder}: "
        f"upload it later with `aisbench report {folder} --upload 'lossy://***@host/runs'`"
    ]
    assert files_of(folder) == before
    # What was broken off is completed under its name.
    lossy.refuse = staticmethod(lambda operation, path: None)
    assert _uploaded(place, folder, code) == code
    assert capsys.readouterr().err == f"uploaded: lossy://***@host/runs/{folder.name}\n"
    assert {path for path in lossy.store if not path.startswith(f"/runs/{folder.name}/")} == set()


def test_a_run_is_uploaded_later_with_its_report(folder: Path, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/copies"
    done = CliRunner().invoke(
        report, [str(folder), "--format", "json", "--upload", url], standalone_mode=False
    )
    assert done.exception is None
    assert done.stderr == f"uploaded: {url}/{folder.name}\n"
    assert json.loads(done.stdout) == json.loads(
        (tmp_path / "copies" / folder.name / "summary.json").read_text()
    )


def test_what_cannot_be_uploaded_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "search.json").write_text("{}")
    for args, said in (
        ((str(folder), "--output", str(tmp_path)), "--upload copies DIR, and --output writes elsewhere"),
        ((str(tmp_path),), "--upload is for runs, and .* holds several"),
    ):
        with pytest.raises(BadInput, match=said):
            CliRunner().invoke(
                report, [*args, "--upload", "memory://x"], standalone_mode=False, catch_exceptions=False
            )


def test_a_failed_copy_of_a_report_is_an_error(folder: Path, lossy: type[Lossy]) -> None:
    lossy.refuse = staticmethod(refusing("put", OSError(28, "No space left on device"), "run.json"))
    with pytest.raises(CannotRun, match=r"^--upload lossy://\*\*\*@host/runs failed"):
        CliRunner().invoke(
            report, [str(folder), "--upload", URL], standalone_mode=False, catch_exceptions=False
        )
