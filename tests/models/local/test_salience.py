"""Plain notes are kept; chat is filtered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

pytest.importorskip("spacy")

from graphmem.models.contracts import ExtractionRequest
from graphmem.models.local.extraction.extractor import LocalExtractor
from graphmem.values import MessageRecord, Scope

AT = datetime(2024, 5, 8, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def extractor():
    return LocalExtractor()


def facts(extractor, text):
    message = MessageRecord(
        id="m", episode_id="e", position=0, conversation="c", scope=Scope(user_id="u"), role="user", speaker="Nora",
        content=text, timestamp=AT,
    )  # fmt: skip
    request = ExtractionRequest(messages=(message,), participants=("Nora",), at=AT)
    return [fact.text for fact in extractor.extract(request).facts]


@pytest.mark.parametrize(
    "text",
    [
        "Leo plays tennis.",
        "Tina is single.",
        "Ann works at Acme.",
        "Josephine is six.",
        "Elias left Volvo.",
        "Cleo hates jogging.",
        "Eli's car is blue.",
        "Bea and Tom live in Rome.",
        "Vic smokes.",
        "Uma studies at Boston University.",
        "Ingrid lives in Stockholm.",
    ],
)
def test_a_short_statement_of_somebody_is_a_note(extractor, text):
    """What is said of a person, a name or a thing of theirs is kept word for word."""
    assert [text] == facts(extractor, text)


def test_a_definite_thing_has_notes_too(extractor):
    """A thing that is pointed out needs no owner."""
    assert ["The shop closes at eight."] == facts(extractor, "The shop closes at eight.")


def test_the_speaker_is_named_in_the_note(extractor):
    """A note about oneself tells whose it is."""
    assert ["Nora is single."] == facts(extractor, "I'm single.")
    assert ["Nora smokes."] == facts(extractor, "I smoke.")


def test_two_sentences_are_still_a_note(extractor):
    """Both sentences are kept."""
    assert ["Ann works at Acme.", "Leo plays tennis."] == facts(extractor, "Ann works at Acme. Leo plays tennis.")


@pytest.mark.parametrize(
    "text",
    [
        "That's great.",
        "I agree with that.",
        "Thanks a lot.",
        "Good morning.",
        "I'm so happy.",
        "I hope so.",
        "Is Tina single?",
        "You look good.",
        "Wow, it was a laugh.",
    ],
)
def test_chat_is_no_note(extractor, text):
    """Greetings, questions, feelings and what points at something unknown go through the filter."""
    assert [] == facts(extractor, text)
