"""Opinions, plans, addresses and what was not done, as claims."""

from __future__ import annotations

import pytest

pytest.importorskip("spacy")

from graphmem.models.local.claims.reader import Reader
from graphmem.models.local.language import load


@pytest.fixture(scope="module")
def reader():
    return Reader(load())


def read(reader, text):
    return reader.claims([text])[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Ulla thinks flexible hours are a bad idea.", "dislikes"),
        ("Ulla thinks flexible hours are great.", "likes"),
        ("Ulla believes flexible hours are not fair.", "dislikes"),
        ("Ulla thinks flexible hours are common.", ""),
        ("Ulla thought flexible hours were great.", ""),
    ],
)
def test_an_opinion_is_an_attitude(reader, text, value):
    """What is called good or bad is liked or not; a neutral word and a former opinion say neither."""
    found = {c.value for c in read(reader, text) if (c.slot or "").startswith("attitude")}

    assert ({value} if value else set()) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ida plans to buy a boat.", ("buy", "boat", True)),
        ("Ida is thinking of buying a boat.", ("buy", "boat", True)),
        ("Ida is going to run the marathon.", ("run", "marathon", True)),
        ("Ida is not going to buy a boat.", ("buy", "boat", False)),
    ],
)
def test_what_is_planned_is_read_from_the_verb_below(reader, text, expected):
    """A plan names what is to be done, and stays a plan."""
    found = {(c.predicate, c.object, c.affirmed) for c in read(reader, text) if c.modality == "planned"}

    assert expected in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Clara's work email is clara@brightco.com.", ("Clara", "contact:work email", "clara@brightco.com")),
        ("Clara has got a new mobile number: 0489 55 66 77.", ("Clara's mobile number", "value", "0489 55 66 77")),
        ("Clara has a new address, 3 Orchard Road.", ("Clara's address", "value", "3 Orchard Road")),
        ("Clara can be reached at clara@northlab.io.", ("Clara", "contact", "clara@northlab.io")),
        ("Clara changed her phone number to 0489 55 66 77.", ("Clara's phone number", "value", "0489 55 66 77")),
    ],
)
def test_addresses(reader, text, expected):
    """Numbers and addresses are whole values, whoever's they are."""
    assert expected in {(c.subject, c.slot, c.value) for c in read(reader, text)}


@pytest.mark.parametrize(
    ("text", "marker"),
    [
        ("Ida hasn't run since her operation.", "lasting"),
        ("Ida hasn't smoked for two years.", "lasting"),
        ("Ida hasn't run since Monday.", "~lately"),
        ("Ida hasn't eaten yet.", "~lately"),
    ],
)
def test_what_was_not_done_for_long_differs_from_what_was_not_done_lately(reader, text, marker):
    """Years without a cigarette end a habit, a week without running does not."""
    found = read(reader, text)

    assert marker in found[0].markers
    assert [False] == [c.affirmed for c in found]


def test_dropping_out_is_no_accident(reader):
    """With a particle, "drop" lets nothing fall."""
    ended = {c.object for c in read(reader, "Kofi dropped out of his pottery course.") if c.modality == "ended"}

    assert {"pottery course"} == ended
    assert not [c for c in read(reader, "Kofi dropped his phone in the sink.") if c.modality == "ended"]
