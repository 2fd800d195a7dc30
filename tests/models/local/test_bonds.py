"""Relatives, friends and pets by name; pronouns that mean somebody of the turn before; employers and seats."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graphmem.models.contracts import ExtractionRequest
from graphmem.models.local.extraction.extractor import LocalExtractor
from graphmem.steps.relation_tenses import holds
from graphmem.values import Draft, MessageRecord, Scope

AT = datetime(2024, 5, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def extractor() -> LocalExtractor:
    """One for all: the model takes a second to load."""
    return LocalExtractor()


def said(number: int, speaker: str, text: str) -> MessageRecord:
    """A message of a conversation of Maria and Ben."""
    return MessageRecord(
        id=f"m{number}", episode_id="e", position=number, conversation="c", scope=Scope(user_id="u"), role="user",
        speaker=speaker, content=text, timestamp=AT,
    )  # fmt: skip


def read(extractor: LocalExtractor, *turns: str, recent: tuple[str, ...] = ()) -> Draft:
    """What is taken from turns of Ben and Maria, the last one hers."""
    speakers = ["Ben", "Maria"] * 4
    count = len(turns) + len(recent)
    records = [
        said(n, speakers[len(speakers) - count + n], text) for n, text in enumerate((*recent, *turns))
    ]  # fmt: skip
    return extractor.extract(
        ExtractionRequest(
            messages=tuple(records[len(recent) :]),
            recent=tuple(records[: len(recent)]),
            participants=("Maria", "Ben"),
            at=AT,
        )
    )


def ties(draft: Draft) -> set[tuple[str, str, str]]:
    """The relations that hold by it."""
    return {
        (r.source, r.type, r.target)
        for f in draft.facts
        for r in f.relations
        if r.lasting or holds(r.type, f.modality, f.claims)
    }


@pytest.mark.parametrize(
    ("text", "tie"),
    [
        ("I ran into my friend Oscar at the market.", ("Maria", "friend_of", "Oscar")),
        ("My cousin Rita sold her boat.", ("Maria", "cousin_of", "Rita")),
        ("Rita, my cousin, sold her boat.", ("Maria", "cousin_of", "Rita")),
        ("Did my brother Tom call you?", ("Maria", "sibling_of", "Tom")),
        ("I might visit my daughter Ada.", ("Maria", "parent_of", "Ada")),
        ("I am friends with Oscar.", ("Maria", "friend_of", "Oscar")),
        ("Oscar and I became friends in school.", ("Oscar", "friend_of", "Maria")),
        ("Oscar is an old friend of mine.", ("Maria", "friend_of", "Oscar")),
        ("You know Oscar? That's my brother.", ("Maria", "sibling_of", "Oscar")),
        ("My hamster Biscuit escaped last night.", ("Maria", "has_pet", "Biscuit")),
        ("Acme hired me last month.", ("Maria", "works_at", "Acme")),
        ("My employer is Acme.", ("Maria", "works_at", "Acme")),
        ("I have a new employer: Siemens.", ("Maria", "works_at", "Siemens")),
        ("I started working as a carpenter in March.", ("Maria", "job_title", "carpenter")),
        ("I became a pilot last year.", ("Maria", "job_title", "pilot")),
        ("I make my living as a translator.", ("Maria", "job_title", "translator")),
        ("Siemens has its headquarters in Munich.", ("Siemens", "headquartered_in", "Munich")),
        ("The head office of Siemens moved to Berlin.", ("Siemens", "headquartered_in", "Berlin")),
    ],
)
def test_what_a_sentence_states_or_takes_for_granted(extractor, text, tie):
    """In any tense, asked, and supposed."""
    assert tie in ties(read(extractor, text))


@pytest.mark.parametrize(
    ("text", "tie"),
    [
        ("Oscar is not my brother.", ("Maria", "sibling_of", "Oscar")),
        ("My dog Rex died last month.", ("Maria", "has_pet", "Rex")),
        ("I had to give up my dog Rex in March.", ("Maria", "has_pet", "Rex")),
        ("My ex-husband Tom called.", ("Maria", "married_to", "Tom")),
        ("I wanted to become a pilot as a child.", ("Maria", "job_title", "pilot")),
        ("I live in Nice, not in Lyon.", ("Maria", "lives_in", "Lyon")),
        ("I went to Rome last week.", ("Maria", "works_at", "Rome")),
    ],
)
def test_what_it_does_not_say(extractor, text, tie):
    """Denied, over, wished, or set against what is so."""
    assert tie not in ties(read(extractor, text))


@pytest.mark.parametrize(
    ("before", "text", "tie"),
    [
        ("Any news of Sven?", "He lives in Oslo now.", ("Sven", "lives_in", "Oslo")),
        ("Have you heard from Elif?", "She works at Siemens.", ("Elif", "works_at", "Siemens")),
        ("How is Oscar?", "His wife Nora is a pilot.", ("Oscar", "married_to", "Nora")),
        ("How is Nora?", "Oscar is her brother.", ("Nora", "sibling_of", "Oscar")),
    ],
)
def test_she_is_whom_the_question_named(extractor, before, text, tie):
    """In one add or in two."""
    assert tie in ties(read(extractor, before, text))
    assert tie in ties(read(extractor, text, recent=(before,)))


def test_of_two_names_nobody_knows_who_is_meant(extractor):
    """Rather nothing than somebody else's life."""
    assert () == read(extractor, "Any news of Oscar and Sven?", "He lives in Oslo now.").facts


def test_a_place_is_nobody(extractor):
    """ "She" is not the town that the question named."""
    drafts = read(extractor, "How was it in Paris?", "She lives in Lyon.")

    assert "Paris" not in {end for tie in ties(drafts) for end in tie}


def test_i_meant_that_puts_right(extractor):
    """What follows is the statement, and it is a correction."""
    (fact,) = read(extractor, "Sorry, I meant that I live in Nice, not in Lyon.").facts

    assert fact.correction
    assert [("Maria", "lives_in", "Nice")] == [(r.source, r.type, r.target) for r in fact.relations]
