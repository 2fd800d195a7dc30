"""Documents say what is so: the examples in them run, and the change log keeps its form."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.source import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(python[^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
RELEASE = re.compile(r"Unreleased|\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2}")
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
TITLE = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Page(NamedTuple):
    """The examples of one document; they run in order, as a reader would type them."""

    path: Path
    blocks: tuple[str, ...]


def pages() -> list[Page]:
    """Every document with examples; a block marked `python no-run` is left out."""
    found = []
    for path in PAGES:
        blocks = FENCE.findall(path.read_text(encoding="utf-8")) if path.exists() else []
        if runnable := tuple(code for mark, code in blocks if "no-run" not in mark):
            found.append(Page(path, runnable))
    return found


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.path.name)
def test_the_examples_of_a_document_run(page: Page, tmp_path: Path):
    """Each document's Python blocks run one after the other, in an empty folder, with no key and no network."""
    script = tmp_path / "blocks.py"
    script.write_text("\n".join(page.blocks), encoding="utf-8")
    quiet = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")}
    environment = quiet | {"GRAPHMEM_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert 0 == done.returncode, done.stderr


@pytest.mark.parametrize("path", [p for p in PAGES if p.exists()], ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path):
    """A relative link names a file that exists, and a heading in it."""
    found = [(path.parent / file if file else path, title) for file, title in LINK.findall(path.read_text("utf-8"))]

    assert [] == [(file, title) for file, title in found if not file.exists() or (title and title not in anchors(file))]


def anchors(path: Path) -> set[str]:
    """The names by which the headings of a document are linked to."""
    titles = TITLE.findall(path.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


def test_the_change_log_keeps_its_form():
    """Newest first; every entry under a known heading."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = HEADING.findall(text)
    sections = re.findall(r"^### (.+)$", text, re.MULTILINE)

    assert [] == [release for release in releases if not RELEASE.fullmatch(release)]
    assert releases[0] == "Unreleased" or "Unreleased" not in releases
    assert set() == set(sections) - SECTIONS
