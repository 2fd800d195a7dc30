"""Partners, bosses and named kin; places and employers told apart by their verb; whole dates."""

from __future__ import annotations

import pytest

pytest.importorskip("spacy")

from graphmem.models.local.claims.reader import Reader
from graphmem.models.local.language import load


@pytest.fixture(scope="module")
def reader():
    return Reader(load())


def slots(reader, text):
    return {(c.subject, c.slot, c.value) for c in reader.claims([text])[0] if c.slot and "weak" not in c.markers}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nora's boyfriend is Sam Carter.", ("Nora", "relationship", "dating Sam Carter")),
        ("Amir is Nora's boyfriend.", ("Nora", "relationship", "dating Amir")),
        ("Nora's wife is Ana.", ("Nora", "relationship", "married Ana")),
        ("Nora's husband Tom plays chess.", ("Nora", "relationship", "married Tom")),
        ("Kim is Nora's boss.", ("Nora", "bond:boss", "Kim")),
        ("Nora's mother Ingrid lives in Malmö.", ("Ingrid", "lives_in", "Malmö")),
        ("Nora's mother Ingrid lives in Malmö.", ("Nora's mother", "lives_in", "Malmö")),
        ("Nora's sister Clara works at IKEA.", ("Clara", "works_at", "IKEA")),
        ("Nora moved to Bristol.", ("Nora", "lives_in", "Bristol")),
        ("Ingrid lives in Copenhagen now.", ("Ingrid", "lives_in", "Copenhagen")),
        ("Nora moved to Google.", ("Nora", "works_at", "Google")),
        ("Nora moved on to Stripe.", ("Nora", "works_at", "Stripe")),
        ("The deadline is now 20 May 2024.", ("deadline", "date", "20 May 2024")),
        ("The recital is on May 3rd.", ("recital", "date", "May 3rd")),
    ],
)
def test_slots(reader, text, expected):
    """Verb, preposition and noun decide the slot."""
    assert expected in slots(reader, text)


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("Nora moved to Bristol.", "works_at"),
        ("Nora moved to Bath for work.", "works_at"),
        ("Nora moved to Google.", "lives_in"),
        ("Nora's ex-boyfriend is Leo.", "relationship"),
        ("Leo was Nora's boyfriend.", "relationship"),
        ("Leo is not Nora's boyfriend.", "relationship"),
        ("Nora's sister is Clara.", "relationship"),
        ("The deadline is now 20 May 2024.", "amount"),
    ],
)
def test_other_slots_stay_empty(reader, text, slot):
    """A place is no employer, a friend of the past no partner, a day no amount."""
    assert slot not in {found[1] for found in slots(reader, text)}


def test_only_those_who_are_alone_of_their_kind_go_by_the_noun(reader):
    """Of two sisters, what one does says nothing of "Nora's sister"."""
    claims = reader.claims(["Nora's sister Clara works at IKEA."])[0]

    assert {"Clara"} == {c.subject for c in claims}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oskar is 41.", ("Oskar", "age", "41")),
        ("Oskar turned 42 today.", ("Oskar", "age", "42")),
        ("Wes went back to Belfast for good.", ("Wes", "lives_in", "Belfast")),
        ("Nora went back to eating meat this spring.", ("Nora", "diet", "meat")),
        ("Zita has fallen in love with running.", ("Zita", "attitude:run", "likes")),
        ("Chen's contract runs until December.", ("Chen's contract", "until", "December")),
    ],
)
def test_events_that_set_a_state(reader, text, expected):
    """An event of the past leaves something that holds; its day is no limit."""
    assert expected in slots(reader, text)
