"""What is mutual is known from both sides, and a correction takes back one statement and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphmem import Memory, Settings
from graphmem.models.scripted import ScriptedExtractor
from graphmem.values import Draft, EntityDraft, FactDraft, RelationDraft
from tests.conftest import Clock

USER = {"user_id": "u"}


def fact(text: str, source: str, kind: str, target: str, **more: Any) -> FactDraft:
    """One fact with one relation between two persons."""
    ends = tuple(EntityDraft(name=name, type="Person") for name in (source, target))
    relation = RelationDraft(source=source, type=kind, target=target)
    return FactDraft(text=text, message=0, subject=source, entities=ends, relations=(relation,), **more)


class Teller:
    """Tells one fact a day."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self._clock = clock
        self._next: list[FactDraft] = []
        settings = Settings(home=home, embedder="hash", extractor="none")
        self.memory = Memory.open(settings, extractor=ScriptedExtractor(self._read), clock=clock)

    def _read(self, request: object) -> Draft:
        return Draft(facts=tuple(self._next))

    def tell(self, *drafts: FactDraft) -> None:
        self._next = list(drafts)
        self._clock.advance(days=30)
        self.memory.add(drafts[0].text, **USER)

    def spouse(self, name: str) -> list[str]:
        return [row["x"] for row in self.memory.match(f"{name} married_to ?x", **USER)]


@pytest.fixture
def teller(home: Path, clock: Clock) -> Iterator[Teller]:
    made = Teller(home, clock)
    yield made
    made.memory.close()


def test_a_marriage_is_found_from_both_sides(teller: Teller):
    """Whoever told it, both are married."""
    teller.tell(fact("Ana married Tom.", "Ana", "married_to", "Tom"))

    assert (["Tom"], ["Ana"]) == (teller.spouse("Ana"), teller.spouse("Tom"))


def test_a_child_is_found_as_its_parents_child(teller: Teller):
    """child_of is parent_of, seen from the other end."""
    teller.tell(fact("Mia is Ana's daughter.", "Mia", "child_of", "Ana"))

    assert [{"x": "Mia"}] == list(teller.memory.match("Ana parent_of ?x", **USER))


def test_the_other_side_may_tell_the_end(teller: Teller):
    """A divorce ends the marriage, also when it was told from the other side."""
    teller.tell(fact("Ana married Tom.", "Ana", "married_to", "Tom"))
    teller.tell(fact("Tom divorced Ana.", "Tom", "married_to", "Ana", modality="ended"))

    assert ([], []) == (teller.spouse("Ana"), teller.spouse("Tom"))


def test_a_new_marriage_ends_the_old_one_from_any_side(teller: Teller):
    """Tom is the target of both sentences, and yet has one spouse at a time."""
    teller.tell(fact("Ana married Tom.", "Ana", "married_to", "Tom"))
    teller.tell(fact("Zoe married Tom.", "Zoe", "married_to", "Tom"))

    assert (["Zoe"], []) == (teller.spouse("Tom"), teller.spouse("Ana"))


def test_having_been_married_is_not_being_married(teller: Teller):
    """ "was_married_to" is kept under its own name."""
    teller.tell(fact("Ana was once married to Tom.", "Ana", "was_married_to", "Tom", modality="past"))

    assert [] == teller.spouse("Ana")


def test_a_correction_leaves_other_people_alone(teller: Teller):
    """That Bob works at Acme too is no mistake, though the sentences differ in one word only."""
    teller.tell(fact("Bob works at Acme.", "Bob", "works_at", "Acme"))
    teller.tell(
        fact("Ana works at Globex.", "Ana", "works_at", "Globex"),
        fact("Ana works at Acme.", "Ana", "works_at", "Acme", correction=True),
    )

    assert ["Ana", "Bob"] == [row["x"] for row in teller.memory.match("?x works_at Acme", **USER)]


def test_a_correction_leaves_what_was_true_before(teller: Teller):
    """Only the mistake is taken back; the job before it ends as jobs do."""
    teller.tell(fact("Ana works at Initech.", "Ana", "works_at", "Initech"))
    teller.tell(
        fact("Ana works at Globex.", "Ana", "works_at", "Globex"),
        fact("Ana works at Acme.", "Ana", "works_at", "Acme", correction=True),
    )

    ever = teller.memory.relations("Ana", type="works_at", include_past=True, **USER)
    held = [r.target.name for r in ever if r.valid_to is None or r.valid_from < r.valid_to]
    assert ["Acme", "Initech"] == held
