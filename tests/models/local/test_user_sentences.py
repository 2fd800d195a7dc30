"""What people tell a memory about themselves, as they type it: the facts and relations that come out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graphmem import Memory
from graphmem.models.contracts import ExtractionRequest
from graphmem.models.local.extraction.extractor import LocalExtractor
from graphmem.values import Draft, MessageRecord, Scope

pytest.importorskip("spacy")
AT = datetime(2024, 9, 20, 12, tzinfo=UTC)  # a Friday


@pytest.fixture(scope="module")
def extractor() -> LocalExtractor:
    return LocalExtractor()


def record(text: str, speaker: str = "maria") -> MessageRecord:
    return MessageRecord(
        id="m", episode_id="e", position=0, conversation="c", scope=Scope(user_id="maria"), role="user",
        speaker=speaker, content=text, timestamp=AT,
    )  # fmt: skip


def read(extractor: LocalExtractor, *said: str, recent: tuple[str, ...] = ()) -> Draft:
    request = ExtractionRequest(
        messages=tuple(map(record, said)), recent=tuple(map(record, recent)), participants=("maria",), at=AT
    )
    return extractor.extract(request)


SPLIT = [
    ("I live in Porto and work at Acme.", "maria lives in Porto.", "maria works at Acme."),
    ("I quit my job at Acme and joined Globex.", "maria quit their job at Acme.", "maria joined Globex."),
    ("I've quit my job at Acme and joined Globex.", "maria has quit their job at Acme.", "maria joined Globex."),
    ("I'm vegan and hate mushrooms.", "maria is vegan.", "maria hates mushrooms."),
    ("We have a garden and grow tomatoes.", "maria has a garden.", "maria grows tomatoes."),
    ("I like pizza and play the guitar.", "maria likes pizza.", "maria plays the guitar."),
    ("I sold my car and bought a bike.", "maria sold their car.", "maria bought a bike."),
    ("I moved to Porto and no longer need a car.", "maria moved to Porto.", "maria no longer needs a car."),
    ("Tom lives in Bern and works at Acme.", "Tom lives in Bern.", "Tom works at Acme."),
]


@pytest.mark.parametrize(("said", "first", "second"), SPLIT)
def test_joined_predicates_become_facts_of_their_own(extractor, said, first, second):
    """Each with its subject and a verb that agrees, also when the tagger took the second verb for a noun."""
    facts = read(extractor, said).facts

    assert (first, second) == tuple(f.text for f in facts)
    assert all(f.quote in said for f in facts)


@pytest.mark.parametrize("said", ["I like tea and coffee.", "I don't eat meat and drink milk.", "I went and saw Rome."])
def test_what_belongs_together_stays_together(extractor, said):
    """Joined nouns, a shared negation and a mere motion do not make a second fact."""
    assert 1 == len(read(extractor, said).facts)


@pytest.mark.parametrize("said", [s for s, _, _ in SPLIT])
def test_no_fact_is_both_over_and_holding(extractor, said):
    """What has ended and what has begun are two facts, so that each can be judged."""
    for fact in read(extractor, said).facts:
        assert fact.modality != "ended" or not any(
            c.slot == "works_at" and c.modality == "asserted" for c in fact.claims
        )


RELATIONS = [
    ("I joined Oracle as a consultant.", ("works_at", "Oracle", "Organisation")),
    ("I joined Oracle as a consultant.", ("job_title", "consultant", "Occupation")),
    ("I took a job at Stripe.", ("works_at", "Stripe", "Organisation")),
    ("I joined Globex today.", ("works_at", "Globex", "Organisation")),
    ("I got promoted to senior engineer.", ("job_title", "senior engineer", "Occupation")),
    ("I became a data analyst.", ("job_title", "data analyst", "Occupation")),
    ("I gave up my apartment in Porto and moved to Faro.", ("lives_in", "Faro", "Place")),
    ("My phone number is 555-0101.", ("phone", "555-0101", "Contact")),
    ("My phone number is +44 20 7946 0958.", ("phone", "+44 20 7946 0958", "Contact")),
    ("I'm allergic to penicillin and shellfish.", ("allergic_to", "shellfish", "Thing")),
    ("I'm divorced and have three kids.", ("marital_status", "divorced", "Status")),
    ("I'm here with my boyfriend Lukas.", ("dating", "Lukas", "Person")),
]  # fmt: skip


@pytest.mark.parametrize(("said", "expected"), RELATIONS)
def test_a_claim_with_a_slot_is_a_typed_relation(extractor, said, expected):
    """Named as the relation types are, the target typed by the relation; no vague edge to the same target is left."""
    facts = read(extractor, said).facts
    types = {e.name: e.type for f in facts for e in f.entities}
    found = {(r.type, r.target, types[r.target]) for f in facts for r in f.relations}

    assert [expected] == [r for r in found if r[1] == expected[1]]


@pytest.mark.parametrize(
    "said",
    ["Ben and I are getting married in June.", "I'm selling my car.", "I start at Google on Monday.",
     "I'm quitting my job next week."],
)  # fmt: skip
def test_what_is_arranged_is_a_plan(extractor, said):
    """A plan holds nothing yet: neither its claims nor its relations say that it does."""
    (fact,) = read(extractor, said).facts

    assert "planned" == fact.modality
    assert not any(c.slot and c.modality == "asserted" for c in fact.claims)
    assert not {r.type for r in fact.relations} & {"married_to", "works_at"}


@pytest.mark.parametrize(
    ("old", "new", "retired"),
    [
        ("I work at Acme.", "I no longer work at Acme.", True),
        ("I work at Acme.", "I left Acme.", True),
        ("I work at Acme.", "I quit my job at Acme and joined Globex as a designer.", True),
        ("I work at Acme.", "I left Acme at five.", False),
        ("I live in Rome.", "I left Rome at noon.", False),
        ("I work at Acme.", "I'm thinking of leaving Acme.", False),
    ],
)
def test_what_an_ending_retires(tmp_path, old, new, retired):
    """The old fact ends when what it says is over, and stays for a single act or a mere thought."""
    with Memory.open(home=tmp_path, extractor="local", embedder="hash") as memory:
        for day, text in enumerate((old, new), start=10):
            said = {"role": "user", "name": "maria", "content": text, "timestamp": f"2024-09-{day}T10:00:00Z"}
            memory.add([said], user_id="maria")
        first = min(memory.list(user_id="maria", include_past=True), key=lambda m: m.recorded_at)

    assert retired == (first.valid_to is not None)


CORRECTIONS = [
    ("My dentist appointment is on Monday.", "Sorry, I meant Tuesday.",
     "maria's dentist appointment is on Tuesday (24 September 2024)."),
    ("The meeting is on Tuesday.", "actually the meeting is on Wednesday, not Tuesday",
     "The meeting is on Wednesday (25 September 2024)."),
    ("I went to school with Quincy.", "it's not Quincy, it's Milton", "maria went to school with Milton."),
    ("My neighbour's name is Quincy.", "It's Milton, not Quincy.", "maria's neighbour's name is Milton."),
    ("Sam Carter has a concert on 14 June.", "Oh, and sorry, I meant 21 June. Sam Carter has a concert on 21 June.",
     "Sam Carter has a concert on 21 June 2025."),
    ("My boss is Amara Bell.", "Sorry, I meant Amelia Bell.", "maria's boss is Amelia Bell."),
    ("My flight is at 9:40.", "Correction: it's at 10:15.", "maria's flight is at 10:15."),
    ("I live in Porto.", "No wait, I live in Braga.", "maria lives in Braga."),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fact"), CORRECTIONS)
def test_a_correction_restates_what_was_said_before(extractor, old, new, fact):
    """Once, marked as a correction, whether the mended statement is in this episode or in the last messages."""
    together = read(extractor, old, new).facts
    apart = read(extractor, new, recent=(old,)).facts

    assert [(fact, True)] == [(f.text, f.correction) for f in together[1:]] == [(f.text, f.correction) for f in apart]
    assert all(f.quote in new and f.message == 0 for f in apart)


def test_a_correction_renames_the_end_of_a_relation(extractor):
    """The relation goes to the new name, with the type that the old one had."""
    fact = read(extractor, "My boss is Amara Bell.", "Sorry, I meant Amelia Bell.").facts[-1]

    assert [("maria", "reports_to", "Amelia Bell")] == [(r.source, r.type, r.target) for r in fact.relations]
    assert "Amara Bell" not in {e.name for e in fact.entities}


@pytest.mark.parametrize("new", ["That's not fair, it's Tuesday already.", "It's Milton, not Quincy."])
def test_a_correction_of_nothing_mends_nothing(extractor, new):
    """Only a statement that holds the old value gives way."""
    assert not any(f.correction for f in read(extractor, "I live in Porto.", new).facts)


def test_nobody_mends_what_another_said(extractor):
    """A correction is about what its own speaker said."""
    messages = (record("The party is on Monday.", "Ben"), record("Sorry, I meant Tuesday."))
    draft = extractor.extract(ExtractionRequest(messages=messages, participants=("maria", "Ben"), at=AT))

    assert ["The party is on Monday (23 September 2024)."] == [f.text for f in draft.facts]


READ_WELL = [
    ("My brother Tom sold his car.", "maria's brother Tom sold his car."),
    ("My friends call me Max.", "maria's friends call maria Max."),
    ("My dad gave me his watch.", "maria's dad gave maria his watch."),
    ("My sister Ana told me that she's pregnant.", "maria's sister Ana told maria that she is pregnant."),
    ("I sold my car.", "maria sold their car."),
    ("Tim is my new manager.", "Tim is maria's new manager."),
]


@pytest.mark.parametrize(("said", "fact"), READ_WELL)
def test_sentences_read_well_and_leave_no_doubt_who_is_meant(extractor, said, fact):
    """A pronoun only where a subject before it means the same person; no name where a pronoun is sure."""
    assert [fact] == [f.text for f in read(extractor, said).facts]


def test_whom_nobody_named_is_no_subject(extractor):
    """ "Her brother Tom" is Tom when nobody knows who she is."""
    (fact,) = read(extractor, "She works at Google in Zurich and her brother Tom lives in Bern.").facts

    assert ("Tom lives in Bern.", "Tom") == (fact.text, fact.subject)
    assert [("Tom", "lives_in", "Bern")] == [(r.source, r.type, r.target) for r in fact.relations]
    assert () == read(extractor, "Her brother lives in Bern.").facts


TOLD = [
    ("Remember that I'm vegan and that my wife is allergic to nuts.",
     ["maria is vegan.", "maria's wife is allergic to nuts."],
     [("maria", "diet", "vegan"), ("maria's wife", "allergic_to", "nuts")]),
    ("Please remember my birthday is on 5 May.", ["maria's birthday is on 5 May."], []),
    ("Call me Liz.", ["maria is also called Liz."], [("maria", "also_known_as", "Liz")]),
    ("I am Anna.", ["maria is Anna."], [("maria", "also_known_as", "Anna")]),
    ("I have two cats, Milo and Luna.", ["maria has two cats, Milo and Luna."],
     [("maria", "has_pet", "Milo"), ("maria", "has_pet", "Luna")]),
    ("My dog is called Rex.", ["maria's dog is called Rex."], [("maria", "has_pet", "Rex")]),
    ("My flatmate is called Sam.", ["maria's flatmate is called Sam."], [("maria", "roommate_of", "Sam")]),
    ("I work for a startup called Nimbus.", ["maria works for a startup called Nimbus."],
     [("maria", "works_at", "Nimbus")]),
    ("I am no longer allergic to cats!", ["maria is no longer allergic to cats."], []),
    ("I'm moving to Faro.", ["maria is moving to Faro."], [("maria", "plans_to_move_to", "Faro")]),
    ("My son Leo is 7 and plays football.", ["maria's son Leo is 7.", "maria's son Leo plays football."],
     [("maria", "parent_of", "Leo"), ("Leo", "plays", "football")]),
    ("We broke up.", ["maria broke up."], []),
    ("My boss Karen is leaving the company.", ["maria's boss Karen is leaving the company."],
     [("maria", "reports_to", "Karen")]),
    ("I hate cilantro but I love seeds.", ["maria hates cilantro.", "maria loves seeds."],
     [("maria", "likes", "seeds")]),
    ("My flight to Tokyo leaves at 9:40.", ["maria's flight to Tokyo leaves at 9:40."], []),
    ("I got a new job as a data scientist at Spotify.", ["maria got a new job as a data scientist at Spotify."],
     [("maria", "works_at", "Spotify"), ("maria", "job_title", "data scientist")]),
    ("Karen got promoted, so Tim is my new manager.", ["Karen got promoted.", "Tim is maria's new manager."],
     [("maria", "reports_to", "Tim")]),
    ("i live in paris and work as a baker", ["maria lives in paris.", "maria works as a baker."],
     [("maria", "lives_in", "paris"), ("maria", "job_title", "baker")]),
    ("We have a son, Hugo.", ["maria has a son, Hugo."], [("maria", "parent_of", "Hugo")]),
    ("My sister Clara has a daughter called Mila.", ["maria's sister Clara has a daughter called Mila."],
     [("maria", "sibling_of", "Clara"), ("Clara", "parent_of", "Mila")]),
    ("Ben and Mia are my kids.", ["Ben and Mia are maria's kids."],
     [("maria", "parent_of", "Ben"), ("maria", "parent_of", "Mia")]),
    ("I'm learning Spanish because I'm moving to Madrid in May.",
     ["maria is learning Spanish because they are moving to Madrid in May 2025."],
     [("maria", "learn", "Spanish"), ("maria", "plans_to_move_to", "Madrid")]),
    ("Rain brings luck, my mother says.", ["Rain brings luck."], []),
]  # fmt: skip


@pytest.mark.parametrize(("said", "facts", "relations"), TOLD)
def test_what_people_tell(extractor, said, facts, relations):
    """Moves, jobs, family, pets, names and dislikes, as they are typed."""
    draft = read(extractor, said)

    assert facts == [f.text for f in draft.facts]
    assert set(relations) == {(r.source, r.type, r.target) for f in draft.facts for r in f.relations}
    assert all(f.quote and f.quote in said for f in draft.facts)


def test_a_plain_fact_that_fills_a_slot_is_kept(extractor):
    """What says little by itself ("lives alone now") counts when it fills a slot of somebody's life."""
    draft = read(extractor, "I moved out of my parents' house and live alone now.")

    assert ["maria moved out of their parents' house.", "maria lives alone now."] == [f.text for f in draft.facts]
    assert {"household"} == {c.slot for c in draft.facts[1].claims if c.slot}
