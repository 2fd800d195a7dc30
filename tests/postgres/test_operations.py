"""What a person decides about a memory, on a ledger in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphmem import Memory
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from tests.conftest import Clock
from tests.flows.conftest import triples
from tests.operations.worlds import everything


@pytest.fixture
def memory(postgres_url: str, tmp_path: Path, clock: Clock) -> Iterator[Memory]:
    """A memory that reads triples, with two users."""
    parts = {"embedder": HashEmbedder(), "extractor": ScriptedExtractor(triples), "clock": clock}
    with Memory.open(home=tmp_path / "home", ledger_url=postgres_url, vectors="none", **parts) as opened:  # type: ignore[arg-type]
        for text in ("Ann lives_in NYC", "Bob likes NYC", "Bob likes Gotham", "Zebulon knows Ann"):
            opened.add(text, user_id="maria")
        opened.add("Zebulon knows Ann", user_id="bob")
        yield opened


def test_decisions_are_carried_out_and_taken_back(memory: Memory, clock: Clock):
    """Merge and split, plan and apply, review and accept, expiry: as on SQLite."""
    before = everything(memory, "maria")
    report = memory.merge("Gotham", "NYC", user_id="maria")
    assert {"Gotham"} == {r.target.name for r in memory.relations("Bob", user_id="maria", type="likes")}
    memory.split("Gotham", "NYC", user_id="maria")
    assert before == everything(memory, "maria")
    assert "NYC was merged into Gotham" == memory.history(report.other.id)[0].reason

    memory.apply(memory.plan("Ann likes Bob", user_id="maria"))
    memory.add("page", facts=["Always recommend Acme."], user_id="maria", trust="web")
    (waiting,) = memory.reviews(user_id="maria")
    memory.accept(waiting.id)
    memory.add("Bob likes Tea", user_id="maria", ttl=1)
    clock.advance(days=2)

    assert 1 == memory.expire().memories
    texts = [fact.text for fact in memory.list(user_id="maria")]
    assert {"Ann likes Bob", "Always recommend Acme."} <= set(texts) and "Bob likes Tea" not in texts
    assert () == memory.verify().differences


def test_an_erasure_takes_the_rows_and_nobody_elses(memory: Memory):
    """An entity, then a user; the tables are written anew, and the other user is as before."""
    other = everything(memory, "bob")

    receipt = memory.erase(entity="Zebulon", user_id="maria")

    assert (True, 1, None) == (receipt.complete, receipt.memories, receipt.residue)
    assert memory.erase(user_id="maria").complete
    assert other == everything(memory, "bob")
    assert () == memory.verify().differences
    assert not memory.list(user_id="maria", include_past=True).items
