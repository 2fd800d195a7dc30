"""Texts that ship with the package."""

from __future__ import annotations

from pathlib import Path
from string import Template

import pytest

from graphmem import assets
from graphmem.errors import ConfigError

PROMPTS = sorted((Path(__file__).parent.parent / "prompts").glob("*.md"))


@pytest.mark.parametrize("file", PROMPTS, ids=lambda file: file.name)
def test_every_prompt_is_read_and_filled_in(file):
    """System and user text, no placeholder left, values untouched."""
    names = Template(file.read_text("utf-8")).get_identifiers()
    system, user = assets.prompt(file.name, **{name: f"<{name} $5 $$>" for name in names})

    assert file.read_text("utf-8") == assets.text(file.name)
    assert system
    assert all(f"<{name} $5 $$>" in system + user for name in names)


def test_a_missing_file_is_an_error():
    """Never an empty prompt."""
    with pytest.raises(ConfigError, match=r"prompts/nothing\.md is missing"):
        assets.text("nothing.md")


def test_a_missing_value_is_an_error():
    """It names the placeholder."""
    with pytest.raises(ConfigError, match="messages"):
        assets.prompt("extract.md", assistant_rule="", earlier="")


def test_a_prompt_without_two_parts_is_an_error(monkeypatch):
    """The line `===` stands between them."""
    monkeypatch.setattr(assets, "text", lambda _: "only one part")
    with pytest.raises(ConfigError, match="==="):
        assets.prompt("x.md")
