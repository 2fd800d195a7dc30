"""Users whose id is no name: facts about them are read as facts about a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphmem import Memory
from graphmem.models.scripted import HashEmbedder


@pytest.mark.parametrize("user", ["12345", "Alex-704779ca", "8f3c22d0-9d7e-4b9a-8f0e-0c6a4d1b2e3f"])
def test_a_move_ends_the_old_home_whatever_the_user_is_called(user: str, tmp_path: Path) -> None:
    """The claim is about the user under the id, and the id stays in the text."""
    with Memory.open(home=tmp_path, embedder=HashEmbedder(), extractor="local", vectors="none") as memory:
        memory.add("I live in Lisbon.", user_id=user, at="2024-01-01")
        memory.add("I moved to Madrid.", user_id=user, at="2024-12-01")

        assert ["Madrid"] == [r.target.name for r in memory.relations(type="lives_in", user_id=user)]
        assert all(user in item.text for item in memory.list(user_id=user).items)
        assert {user} == {c.subject for item in memory.list(user_id=user).items for c in item.claims}
