"""An adoption that was cut off goes on where it stopped, and what it found is kept once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphmem import faults
from graphmem.adopting import Mem0Source
from tests.adopting.conftest import opened
from tests.faults.states import differences, state


@pytest.fixture
def source(tmp_path: Path) -> Mem0Source:
    """Two facts of Ann with one text, and one more; two of Bea."""
    ann, bea = ("Lives in Oslo", "Lives in Oslo", "Likes tea"), ("Sings", "Reads")
    texts = [*(("ann", text) for text in ann), *(("bea", text) for text in bea)]
    when = "2023-01-01T00:00:00Z"
    found = [{"id": f"m{n}", "memory": t, "user_id": user, "created_at": when} for n, (user, t) in enumerate(texts)]
    (tmp_path / "found.json").write_text(json.dumps({"results": found}), encoding="utf-8")
    return Mem0Source(vectors=tmp_path / "found.json")


@pytest.mark.parametrize("hit", [1, 2, 3, 4])
def test_the_next_run_finishes_the_episode_that_was_begun(tmp_path: Path, source: Mem0Source, hit: int) -> None:
    """The end is that of a run that nobody cut off: no text is kept a second time, where an erasure would miss it."""
    left = hit

    def cut(place: str) -> None:
        nonlocal left
        left -= place == "adopt.committed"
        if not left:
            raise KeyboardInterrupt

    with opened(tmp_path / "whole", vectors="none") as memory:
        memory.adopt(source)
    with opened(tmp_path / "cut", vectors="none") as memory:
        with faults.listening(cut), pytest.raises(KeyboardInterrupt):
            memory.adopt(source)
        memory.adopt(source)
        assert 0 == memory.adopt(source).memories.adopted

    assert [] == differences(state(tmp_path / "whole"), state(tmp_path / "cut"))
