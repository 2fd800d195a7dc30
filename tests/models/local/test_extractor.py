"""The local extractor: conversation in, self-contained facts with people, times and relations out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graphmem.models.contracts import ExtractionRequest
from graphmem.models.local import language
from graphmem.models.local.extraction.extractor import LocalExtractor
from graphmem.values import Draft, FactDraft, MessageRecord, Scope

pytest.importorskip("spacy")
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)  # a Saturday


def record(text: str, speaker: str = "maria", role: str = "user", at: datetime = AT, **metadata: str) -> MessageRecord:
    return MessageRecord(
        id="m",
        episode_id="e",
        position=0,
        conversation="c",
        scope=Scope(user_id="maria"),
        role=role,
        speaker=speaker,
        content=text,
        timestamp=at,
        metadata=metadata,
    )


@pytest.fixture(scope="module")
def extractor() -> LocalExtractor:
    return LocalExtractor()


def read(extractor: LocalExtractor, *messages: MessageRecord | str, assistant: bool = False) -> Draft:
    records = tuple(m if isinstance(m, MessageRecord) else record(m) for m in messages)
    return extractor.extract(ExtractionRequest(messages=records, at=AT, include_assistant=assistant))


def texts(draft: Draft) -> list[str]:
    return [fact.text for fact in draft.facts]


def triples(facts: tuple[FactDraft, ...]) -> set[tuple[str, str, str]]:
    return {(r.source, r.type, r.target) for f in facts for r in f.relations}


def test_two_clauses_become_two_facts_with_place_time_and_employer(extractor):
    """The first example of the documentation."""
    draft = read(extractor, "I moved to Lisbon last month and work at Acme now.")
    moved, works = draft.facts

    assert ["maria moved to Lisbon last month (October 2026).", "maria works at Acme now."] == texts(draft)
    assert {("maria", "lives_in", "Lisbon"), ("maria", "works_at", "Acme")} == triples(draft.facts)
    assert datetime(2026, 10, 1, tzinfo=UTC) == moved.valid_from
    assert (None, "asserted", "maria") == (works.valid_from, works.modality, works.subject)
    assert "asserted" == moved.modality
    assert {"lives_in"} == {c.slot for c in moved.claims if c.slot}


def test_every_quote_is_in_its_message_and_every_end_of_a_relation_is_an_entity(extractor):
    """What validation asks of any extractor."""
    messages = [
        record("Hey Bob! My sister Clara lives in Rome. She works as a nurse at St. Mary Hospital.", "Ann"),
        record(
            "Nice!  I've been dating Eva since March 2024,  and I'm allergic to peanuts 😀. You were in Oslo.", "Bob"
        ),
    ]
    draft = read(extractor, *messages)

    assert draft.facts
    for fact in draft.facts:
        names = {e.name for e in fact.entities}
        assert fact.quote and fact.quote in messages[fact.message].content
        assert all({r.source, r.target} <= names for r in fact.relations)
        assert fact.subject is None or fact.subject in names


def test_i_and_you_are_the_people_who_talk(extractor):
    """ "You" is resolved when exactly one other person takes part, and "she" to who was named last."""
    draft = read(
        extractor,
        record("My sister Clara lives in Rome. She works at Fiat.", "Ann"),
        record("I love Rome. You grew up in Milan.", "Bob"),
    )

    assert "Ann's sister Clara lives in Rome." in texts(draft)
    assert "Clara works at Fiat." in texts(draft)
    assert {
        ("Ann", "sibling_of", "Clara"), ("Clara", "lives_in", "Rome"), ("Clara", "works_at", "Fiat"),
        ("Bob", "likes", "Rome"), ("Ann", "grew_up_in", "Milan"),
    } == triples(draft.facts)  # fmt: skip


def test_you_stays_unresolved_among_three(extractor):
    """Nothing is said of "you" when two others listen."""
    draft = read(
        extractor, record("I live in Rome.", "Ann"), record("I live in Oslo.", "Bob"), record("You live in Bari.", "Cy")
    )

    assert ["Ann lives in Rome.", "Bob lives in Oslo."] == texts(draft)


@pytest.mark.parametrize(
    "text",
    [
        "How are you?", "Where do you live", "Thanks so much!", "Good to see you, Bob!", "You should try yoga.",
        "Have a great day!", "If I get the job, I'll move to Rome.", "Wow, that's amazing!", "Congrats on the new job!",
        "I wish I lived in Rome.", "",
    ],
)  # fmt: skip
def test_small_talk_questions_and_suppositions_give_no_facts(extractor, text):
    """What a stranger would not note down is dropped."""
    assert [] == texts(read(extractor, text))


@pytest.mark.parametrize(
    ("text", "modality", "fact"),
    [
        ("I no longer work at Acme.", "ended", "maria no longer works at Acme."),
        ("I don't eat meat anymore.", "ended", "maria doesn't eat meat anymore."),
        ("I quit smoking.", "ended", "maria quit smoking."),
        ("I broke up with Paul yesterday.", "ended", "maria broke up with Paul yesterday (20 November 2026)."),
        ("I sold my car.", "ended", "maria sold their car."),
        ("I used to live in Berlin.", "past", "maria used to live in Berlin."),
        ("I'm moving to Madrid next month.", "planned", "maria is moving to Madrid next month (December 2026)."),
        ("I'm gonna visit Japan in May.", "planned", "maria is going to visit Japan in May 2027."),
        ("I want to adopt a dog in Porto.", "planned", "maria wants to adopt a dog in Porto."),
        ("I've lived in Utrecht since 2020.", "asserted", "maria has lived in Utrecht since 2020."),
        ("I don't like olives.", "asserted", "maria doesn't like olives."),
        ("Went hiking in Sintra yesterday!", "past", "maria went hiking in Sintra yesterday (20 November 2026)."),
    ],
)
def test_modality_and_agreement(extractor, text, modality, fact):
    """How a statement is meant, with verbs that fit the name in place of "I"."""
    (draft,) = read(extractor, text).facts

    assert (fact, modality) == (draft.text, draft.modality)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I joined Microsoft in 2019.", ("maria", "works_at", "Microsoft")),
        ("I got a job at Google.", ("maria", "works_at", "Google")),
        ("I'm a teacher at Hill School.", ("maria", "job_title", "teacher")),
        ("I have a dog named Rex.", ("maria", "has_pet", "Rex")),
        ("I am 34 years old.", ("maria", "age", "34")),
        ("I'm allergic to peanuts.", ("maria", "allergic_to", "peanuts")),
        ("I don't like cats.", ("maria", "dislikes", "cats")),
        ("I love playing tennis and I'm a fan of Nirvana.", ("maria", "likes", "playing tennis")),
        ("I'm a huge fan of Nirvana.", ("maria", "likes", "Nirvana")),
        ("My favorite food is sushi.", ("maria", "favourite_food", "sushi")),
        ("My mom's name is Rosa.", ("maria", "child_of", "Rosa")),
        ("I married Jack in 2020.", ("maria", "married_to", "Jack")),
        ("I used to live in Berlin.", ("maria", "lived_in", "Berlin")),
        ("I'm from Brazil.", ("maria", "from", "Brazil")),
        ("My name is Elizabeth.", ("maria", "also_known_as", "Elizabeth")),
        ("Everyone calls me Liz.", ("maria", "also_known_as", "Liz")),
        ("My friend Bob, short for Robert, lives in Rome.", ("Bob", "also_known_as", "Robert")),
    ],
)
def test_known_constructions_give_typed_relations(extractor, text, expected):
    """The relations that people ask about have the names that the rest of the engine knows."""
    assert expected in triples(read(extractor, text).facts)


@pytest.mark.parametrize("text", ["I no longer live in Rome.", "I might move to Rome.", "I'm moving to Rome next year.",
                                  "I used to live in Rome.", "I don't live in Rome."])  # fmt: skip
def test_what_does_not_hold_is_no_relation_of_the_present(extractor, text):
    """Ended, planned, supposed and denied states never draw `lives_in`."""
    assert ("maria", "lives_in", "Rome") not in triples(read(extractor, text).facts)


def test_a_correction_says_the_statement_again(extractor):
    """ "Sorry, I meant Tuesday" becomes the earlier fact with Tuesday, marked as a correction."""
    facts = read(extractor, "My dentist appointment is on Monday. Sorry, I meant Tuesday.").facts

    assert ("maria's dentist appointment is on Tuesday (24 November 2026).", True) == (
        facts[-1].text,
        facts[-1].correction,
    )
    assert False is facts[0].correction


def test_a_future_time_never_begins_a_fact(extractor):
    """A plan has no `valid_from`: the engine gives it the time it was said."""
    (fact,) = read(extractor, "I'm flying to Tokyo next Friday.").facts

    assert (None, "planned") == (fact.valid_from, fact.modality)


def test_days_are_those_of_the_writer(extractor):
    """ "Yesterday" said after midnight in Tokyo is not the day before in UTC."""
    at = datetime(2026, 11, 20, 16, tzinfo=UTC)
    (utc,) = read(extractor, record("I visited Osaka yesterday.", at=at)).facts
    (tokyo,) = read(extractor, record("I visited Osaka yesterday.", at=at, timezone="Asia/Tokyo")).facts
    (shifted,) = read(extractor, record("I visited Osaka yesterday.", at=at, timezone="+09:00")).facts

    assert "maria visited Osaka yesterday (19 November 2026)." == utc.text
    assert "maria visited Osaka yesterday (20 November 2026)." == tokyo.text == shifted.text
    assert datetime(2026, 11, 19, 15, tzinfo=UTC) == tokyo.valid_from


def test_assistants_give_facts_only_when_asked(extractor):
    """What a model said is no fact about the user; system and tool messages never are."""
    said = [record("I live in Rome.", "assistant", role) for role in ("assistant", "system", "tool")]

    assert [] == texts(read(extractor, *said))
    assert 1 == len(read(extractor, *said, assistant=True).facts)


def test_plural_speakers_keep_their_company(extractor):
    """ "My wife and I" stays two people with a plural verb."""
    (fact,) = read(extractor, "My wife and I live in Ghent.").facts

    assert ("maria's wife and maria live in Ghent.", "maria") == (fact.text, fact.subject)


def test_a_document_speaks_of_its_title(extractor):
    """A pronoun at the head of a sentence of an encyclopedia stands for the page."""
    page = record("He was born in Havana in 1967. He works at Fiat.", "user", title="Aurelio Voltaire")

    assert {("Aurelio Voltaire", "born_in", "Havana"), ("Aurelio Voltaire", "works_at", "Fiat")} == triples(
        read(extractor, page).facts
    )


def test_mentions_cover_questions_and_hold_no_pronouns(extractor):
    """Every message names what it names, also those without facts."""
    mentions = extractor.mentions([record("Did you see the exhibition in Lisbon, Bob?", "Ann")])

    assert {"Lisbon", "Bob", "exhibition"} == {m.entity.name for m in mentions}
    assert {"exhibition"} == {m.entity.name for m in mentions if m.entity.weak}


@pytest.mark.parametrize(
    "text", ["", "   ", "\0\0", "\ud800 I live in Rome.", "I live in Rome.\0", "🎉" * 500, "a" * 3000, "((((", "I"]
)
def test_odd_text_is_read_or_passed_over(extractor, text):
    """NUL, lone surrogates and noise never raise."""
    assert isinstance(read(extractor, text), Draft)


def test_long_messages_are_read_in_pieces(extractor):
    """A fact behind the first piece is found, with its quote."""
    text = "Nothing here. " * (language.PIECE // 10) + "I live in Rome."
    (fact,) = read(extractor, text).facts

    assert ("maria lives in Rome.", "I live in Rome") == (fact.text, fact.quote)


def test_the_same_request_gives_the_same_draft(extractor):
    """No clock, no chance."""
    text = "I moved to Lisbon last month and work at Acme now."

    assert read(extractor, text) == read(LocalExtractor(), text)
