"""The documents: all are in the index, their links work, and each page begins with its purpose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [*PAGES, *sorted((ROOT / "docs" / "zh").glob("*.md")), *sorted(ROOT.glob("*.md"))]


def prose(path: Path) -> str:
    """The text of a document without its code blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes from a document's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_index_names_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    linked = set(re.findall(r"\]\(([\w-]+\.md)", index.read_text()))
    assert linked == {page.name for page in PAGES} - {index.name}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(path: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", prose(path)) if "://" not in link]
    broken = []
    for link in links:
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_opens_with_a_title_and_a_sentence(path: Path) -> None:
    title, _, rest = path.read_text().partition("\n")
    assert re.match(r"# \w", title)
    opening = rest.strip().partition("\n\n")[0]
    assert re.match(r"[A-Z`\[]", opening)
    assert re.search(r"[.:]$", opening)
