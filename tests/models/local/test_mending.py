"""Verbs that the small model takes for nouns are found; what has no verb stays as it is."""

from __future__ import annotations

import pytest

pytest.importorskip("spacy")

from graphmem.models.local.claims.mending import mended
from graphmem.models.local.language import load


@pytest.fixture(scope="module")
def nlp():
    return load()


@pytest.mark.parametrize(
    ("text", "subject", "verb"),
    [
        ("Vic smokes.", "Vic", "smokes"),
        ("Maria drinks coffee every morning.", "Maria", "drinks"),
        ("Liv bites her nails.", "Liv", "bites"),
        ("Uma studies at Boston University.", "Uma", "studies"),
        ("Nico banks with ING.", "Nico", "banks"),
        ("Fred's knee hurts.", "knee", "hurts"),
        ("Chen's contract runs until December.", "contract", "runs"),
    ],
)
def test_the_verb_and_its_subject_are_found(nlp, text, subject, verb):
    """The words, their order and their offsets are those of the text."""
    doc = mended(nlp, nlp(text))
    found = next(t for t in doc if t.dep_ == "nsubj")

    assert text == doc.text
    assert (subject, verb, "VERB") == (found.text, found.head.text, found.head.pos_)
    assert [t.idx for t in nlp(text)] == [t.idx for t in doc]


@pytest.mark.parametrize(
    "text", ["Ann works at Acme.", "Great photos.", "Send parents cards.", "Mountains of books.", "Hello.", "", "?"]
)
def test_other_texts_are_left_alone(nlp, text):
    """Neither good parses nor fragments are touched."""
    doc = nlp(text)

    assert mended(nlp, doc) is doc


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("I really like olives.", "VBP"),
        ("We actually like Porto now.", "VBP"),
        ("It felt really like home.", "IN"),
        ("I was like my dad.", "IN"),
    ],
)
def test_like_is_a_verb_where_somebody_likes(nlp, text, tag):
    """Behind an adverb the small model tags it as the preposition."""
    found = next(token for token in nlp(text) if token.text == "like")

    assert (tag, "like") == (found.tag_, found.lemma_)
