"""Values as they look at a prompt, in a notebook and in an f-string."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path as File

from graphmem import Memory
from graphmem.values import Entity, Hit, Message, Path, Relation, Scope, Usage

DAY = datetime(2024, 3, 1, tzinfo=UTC)
ANN, ACME = Entity(id="e1", name="Ann", type="Person"), Entity(id="e2", name="Acme", type="Organisation")
WORKS = Relation(id="r1", source=ANN, type="works_at", target=ACME, fact="Ann works at Acme.", valid_from=DAY)


def test_a_value_shows_what_is_not_as_usual():
    """Fields that have their default are left out, times and numbers are short."""
    hit = Hit(id="h", text="Ann", score=0.123456789, source="fact", scope=Scope(user_id="ann"), valid_from=DAY)
    said = Message(content="hi", timestamp=datetime(2024, 3, 1, 12, 30, 5, 99, tzinfo=UTC), metadata={"a": 1.23456})

    assert (
        "Hit(id='h', text='Ann', score=0.1235, source='fact', valid_from=2024-03-01, scope=Scope(user_id='ann'))"
        == repr(hit)
    )
    assert "Message(content='hi', timestamp=2024-03-01T12:30:05Z, metadata={'a': 1.2346})" == repr(said)
    assert "Usage()" == repr(Usage())


def test_a_relation_names_its_ends():
    """As a value with its fields, as text with its time."""
    ended = WORKS.model_copy(update={"valid_to": datetime(2024, 9, 1, tzinfo=UTC)})

    assert (
        "Relation(id='r1', source='Ann', type='works_at', target='Acme', fact='Ann works at Acme.', "
        "valid_from=2024-03-01)" == repr(WORKS)
    )
    assert ["Ann", "Ann -works_at-> Acme (since 2024-03-01)", "Ann -works_at-> Acme (2024-03-01 to 2024-09-01)"] == [
        str(ANN),
        str(WORKS),
        str(ended),
    ]


def test_a_path_is_a_chain():
    """Each step in the direction in which it was said."""
    bob = Entity(id="e3", name="Bob", type="Person")
    back = Relation(id="r2", source=bob, type="works_at", target=ACME)

    assert "Ann -works_at-> Acme <-works_at- Bob" == str(Path(entities=(ANN, ACME, bob), relations=(WORKS, back)))


def test_a_memory_shows_its_home(tmp_path: File):
    """Which of several it is."""
    with Memory.open(home=tmp_path / "h", embedder="hash", extractor="none", vectors="none") as memory:
        assert f"Memory(home='{tmp_path / 'h'}')" == repr(memory)
