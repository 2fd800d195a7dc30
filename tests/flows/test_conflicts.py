"""What notes do to earlier notes, through the public API and without a model."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("spacy")

from graphmem import Memory

START = datetime(2024, 3, 4, 9, tzinfo=UTC)
DATA = Path(__file__).parent / "data"
PAIRS = json.loads((DATA / "pairs_spoken.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with Memory.open(home=home, extractor="local", embedder="hash", vectors="none") as opened:
        yield opened


def told(memory, user, *notes, hours=24):
    """Add notes of Nora's, so many hours apart; the memories with whether each still holds."""
    for number, note in enumerate(notes):
        at = START + timedelta(hours=hours * number)
        memory.add([{"content": note, "name": "Nora", "timestamp": at}], user_id=user, run_id="talk")
    return {m.text: m.valid_to is None for m in memory.list(user_id=user, include_past=True)}


def retired(memory, pair, user):
    first = memory.add(pair["old"], user_id=user, at=START)
    memory.add(pair["new"], user_id=user, at=START + timedelta(days=1))
    return any(memory.get(c.memory_id).valid_to for c in first.changes)


def test_spoken_pairs(memory):
    """Of forty pairs no fact is retired wrongly, and nearly every change is seen."""
    found = [(pair, retired(memory, pair, f"pair-{n}")) for n, pair in enumerate(PAIRS)]

    assert [] == [pair for pair, gone in found if gone and pair["gold"] == "keep"]
    assert 18 <= sum(gone for pair, gone in found if pair["gold"] == "retire")


TURNS = json.loads((DATA / "pairs_turns.json").read_text(encoding="utf-8"))
EVERYDAY = json.loads((DATA / "pairs_everyday.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("pair", TURNS, ids=lambda p: p["new"])
def test_turns_of_a_life(memory, pair):
    """Opinions, plans, appointments, numbers, addresses, titles, habits, health: what changes ends, what adds stays."""
    assert (pair["gold"] == "retire") == retired(memory, pair, f"turn-{TURNS.index(pair)}")


@pytest.mark.parametrize("pair", EVERYDAY, ids=lambda p: p["new"])
def test_everyday_changes(memory, pair):
    """Hours, appointments, tools and habits, said as people say them; what is said of somebody else ends nothing."""
    assert (pair["gold"] == "retire") == retired(memory, pair, f"kim{EVERYDAY.index(pair)}")


@pytest.mark.parametrize(
    ("notes", "holds", "over"),
    [
        (
            ("I work at Harbour Vets.", "I moved to Bristol."),
            {"Nora works at Harbour Vets.", "Nora moved to Bristol."},
            set(),
        ),
        (
            ("My mother Ingrid lives in Malmö.", "Ingrid lives in Copenhagen now."),
            {"Ingrid lives in Copenhagen now."},
            {"Nora's mother Ingrid lives in Malmö."},
        ),
        (
            ("My boyfriend is Sam Carter.", "My boyfriend is Amir Haddad."),
            {"Nora's boyfriend is Amir Haddad."},
            {"Nora's boyfriend is Sam Carter."},
        ),
        (
            ("My sister Clara has a daughter called Mila.", "Oh, sorry, I meant Mira."),
            {"Nora's sister Clara has a daughter called Mira."},
            {"Nora's sister Clara has a daughter called Mila."},
        ),
    ],
)
def test_notes_after_notes(memory, notes, holds, over):
    """Slots do not mix, named kin are themselves, a bond ends a bond, a correction takes back."""
    found = told(memory, notes[0], *notes)

    assert holds == {text for text, live in found.items() if live}
    assert over == {text for text, live in found.items() if not live}


def test_what_is_over_is_no_live_relation(memory):
    """Having outgrown an allergy is no allergy."""
    told(memory, "cats", "I am allergic to cats.", "I am no longer allergic to cats!")

    assert () == memory.relations(user_id="cats")


def test_notes_that_arrive_late_take_their_place_in_the_past(memory):
    """Rome in January, Oslo in May, and only then Paris in March: the order of time, not of arrival."""
    for month, note in ((1, "I live in Rome."), (5, "I moved to Oslo."), (3, "I moved to Paris.")):
        at = datetime(2024, month, 1, tzinfo=UTC)
        memory.add([{"content": note, "name": "Nora", "timestamp": at}], user_id="late")
    intervals = {
        m.text: (m.valid_from and m.valid_from.month, m.valid_to and m.valid_to.month)
        for m in memory.list(user_id="late", include_past=True)
    }

    assert {
        "Nora lives in Rome.": (1, 3),
        "Nora moved to Paris.": (3, 5),
        "Nora moved to Oslo.": (5, None),
    } == intervals
