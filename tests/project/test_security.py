"""SECURITY.md: what it says about defaults is true, and what it names exists."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from aisbench.cli.options.types import HostPort
from aisbench.cli.simulate import simulate
from aisbench.config.run_config import RunConfig
from aisbench.engine.target.transport import tls_context

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text()
# Calls that would make objects from input, or run it.
UNSAFE = re.compile(
    r"\bpickle\.|allow_pickle=True|yaml\.(unsafe_|full_)?load(_all)?\(|(?<!\.)\b(eval|exec)\(|shell=True|os\.system\("
)


def test_the_files_that_it_links_to_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_certificates_are_verified_unless_told_otherwise() -> None:
    assert not RunConfig().insecure
    context = tls_context(None, insecure=False)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_what_listens_is_for_this_host() -> None:
    assert HostPort().convert("9100", None, None) == ("127.0.0.1", 9100)
    (host,) = (parameter for parameter in simulate.params if parameter.name == "host")
    assert host.default == "127.0.0.1"


def test_no_code_comes_with_data() -> None:
    assert not RunConfig().trust_remote_code
    sources = {path: path.read_text() for path in (ROOT / "aisbench").rglob("*.py")}
    unsafe = {path for path, source in sources.items() if UNSAFE.search(source)}
    # Only the confined process runs code written by a model, as SECURITY.md says, and only for tasks that declare it.
    assert unsafe == {ROOT / "aisbench/accuracy/scoring/code/confined.py"}
    assert "--allow-code" in TEXT
