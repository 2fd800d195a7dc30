"""Fact sentences read as claims."""

from __future__ import annotations

import pytest

pytest.importorskip("spacy")

from graphmem.models.local.claims.reader import Reader
from graphmem.models.local.language import load
from graphmem.steps.resolution.constructions import Construction, builtin, expand, parse


@pytest.fixture(scope="module")
def reader():
    return Reader(load())


def claims(reader, text):
    return reader.claims([text])[0]


def slots(reader, text):
    return {(c.subject, c.slot, c.value) for c in claims(reader, text) if c.slot and c.modality == "asserted"}


@pytest.mark.parametrize("construction", builtin(), ids=lambda c: c.frame)
def test_every_construction_reads_its_example(reader, construction):
    """A frame without an example that it reads is of no use."""
    found = claims(reader, construction.example)

    if construction.does in {"sets", "sets by"}:
        assert construction.slot in {(c.slot or "").split(":")[0] for c in found}
    elif construction.does == "switches":
        assert "switch to" in {c.predicate for c in found}
    else:
        assert "ended" in {c.modality for c in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tom lives in Denver.", ("Tom", "lives_in", "Denver")),
        ("Tom moved to Austin last month.", ("Tom", "lives_in", "Austin")),
        ("Tom settled in Utrecht for good.", ("Tom", "lives_in", "Utrecht")),
        ("Tom moved to Austin last month (February 2024).", ("Tom", "lives_in", "Austin")),
        ("They pushed the review to the 21st.", ("review", "date", "21st")),
        ("The meeting is on Tuesday.", ("meeting", "date", "Tuesday")),
        ("Eva changed her email to eva@new.org.", ("Eva's email", "value", "eva@new.org")),
        ("Eli's car is blue.", ("Eli's car", "value", "blue")),
        ("Eli painted his car red.", ("Eli's car", "value", "red")),
        ("Ben turned 30 yesterday.", ("Ben", "age", "30")),
        ("Quinn has two cats.", ("Quinn", "count:cat", "two")),
        ("Bruno and Carla tied the knot.", ("Carla", "relationship", "married Bruno")),
        ("Cleo loves jogging.", ("Cleo", "attitude:jog", "likes")),
        ("Sid cycles to work these days.", ("Sid", "commute", "cycle")),
    ],
)
def test_slots(reader, text, expected):
    """What fills a slot, in plain and in lively words."""
    assert expected in slots(reader, text)


@pytest.mark.parametrize(
    "text",
    [
        "Tom might move to Austin.",
        "Tom wants to move to Austin.",
        "Tom plans to move to Austin next year.",
        "Tom is thinking of moving to Austin.",
        "Tom will move to Austin.",
        "If the job works out, Tom moves to Austin.",
        "Did Tom move to Austin?",
        "Tom visited Austin.",
        "Tom went back to Austin for the weekend.",
        "Tom lived in Austin.",
    ],
)
def test_plans_visits_and_the_past_fill_nothing(reader, text):
    """Only what is said to hold fills a slot."""
    assert set() == {found for found in slots(reader, text) if found[1] == "lives_in"}


@pytest.mark.parametrize(
    ("text", "subject", "thing"),
    [
        ("Amy has outgrown her allergy.", "Amy", "allergy"),
        ("Yuri left the chess club.", "Yuri", "chess club"),
        ("Leo stopped playing tennis because of his knee.", "Leo", "tennis"),
        ("Ravi let his gym membership lapse.", "Ravi", "gym membership"),
        ("Nadia and Felix called it quits.", "Felix", "Nadia"),
        ("Walt's dog Rex passed away.", "Walt", "dog Rex"),
        ("Sam swapped his Toyota for a Volvo.", "Sam", "Toyota"),
    ],
)
def test_endings_name_what_has_ended(reader, text, subject, thing):
    """The noun after the construction is what ends, for each of the subjects."""
    assert (subject, thing) in {(c.subject, c.object) for c in claims(reader, text) if c.modality == "ended"}


def test_negation_is_in_the_claim(reader):
    """ "no longer" denies."""
    found = claims(reader, "Amy is no longer allergic to peanuts.")

    assert [("be allergic to", "peanuts", False)] == [(c.predicate, c.object, c.affirmed) for c in found]


def test_pronouns_stay_within_the_sentence(reader):
    """ "her thesis" belongs to the one person that the sentence names."""
    found = claims(reader, "Asa got an extension, so her thesis is due in July.")

    assert ("Asa's thesis", "date", "July") in {(c.subject, c.slot, c.value) for c in found}


@pytest.mark.parametrize("text", ["", "   ", "Hm.", "🎉🎉", "\u0000", "the of and", "你好，世界。"])
def test_odd_text_has_no_claims_or_few(reader, text):
    """Anything can be read; what is no clause gives nothing."""
    assert claims(reader, text) == claims(reader, text)


def test_texts_and_parsed_docs_read_alike(reader):
    """A batch, a Doc and a Span of one sentence give the same claims."""
    nlp = load()
    text = "Tom lives in Denver."
    doc = nlp(text)

    assert claims(reader, text) == reader.read(doc) == reader.read(doc[:])


def test_users_add_constructions():
    """A construction of one's own works like a shipped one."""
    own = parse('[[construction]]\nframe = "retire hurt from {object}"\ndoes = "ends"\nexample = "…"\n')

    found = claims(Reader(load(), own), "Leo retired hurt from tennis.")

    assert ("Leo", "tennis") in {(c.subject, c.object) for c in found if c.modality == "ended"}


def test_a_malformed_construction_is_an_error():
    """A wrong effect is refused when the file is read."""
    with pytest.raises(ValueError, match="does"):
        parse('[[construction]]\nframe = "x"\ndoes = "vanishes"\nexample = "…"\n')


def test_frames_expand_to_all_their_rows():
    """Optional words, alternative words and alternative frames."""
    own = Construction(frame="give up (on) {object} / quit|stop {object}", does="ends", example="…")

    assert {
        ("give", "up", "on", "{object}"),
        ("give", "up", "{object}"),
        ("quit", "{object}"),
        ("stop", "{object}"),
    } == set(expand(own.frame))
