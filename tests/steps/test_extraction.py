"""From messages to a prompt, and from a reply to facts that hold up."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphmem.errors import ModelReplyError
from graphmem.models.contracts import ExtractionRequest
from graphmem.steps import extraction
from graphmem.steps.partial_dates import first_moment, last_moment
from graphmem.steps.quotes import Quotable
from graphmem.steps.replies import is_cut, read_json
from graphmem.values import Draft, EntityDraft, MessageRecord, RelationDraft, Scope
from tests.steps.malformed_replies import DOGS, ENTITIES, GOOD, LISBON, MESSAGES, TEXT, Case, cases

NOON = datetime(2024, 5, 8, 12, tzinfo=UTC)


def message(content: str, index: int = 0, *, speaker: str = "Ann", role: str = "user") -> MessageRecord:
    return MessageRecord(
        id=f"id-{index}", episode_id="e", position=index, conversation="c", scope=Scope(user_id="ann"), role=role,
        speaker=speaker, content=content, timestamp=NOON,
    )  # fmt: skip


def request(*contents: str, **options) -> ExtractionRequest:
    messages = tuple(message(content, index) for index, content in enumerate(contents))
    return ExtractionRequest(messages=messages, participants=("Ann",), at=NOON, **options)


ASKED = request(*MESSAGES)


def reply(*facts: dict, entities: list | None = None) -> str:
    return json.dumps({"entities": ENTITIES if entities is None else entities, "facts": list(facts)})


def changed(**changes) -> dict:
    return {**LISBON, **changes}


def only(draft: Draft):
    (fact,) = draft.facts
    return fact


# the prompt


def test_the_prompt_shows_messages_with_index_date_weekday_and_speaker():
    """Which is what quotes and relative dates are resolved by."""
    user = extraction.prompt(ASKED).user

    assert f"m1 [2024-05-08 Wed 12:00] Ann (user): {MESSAGES[0]}" in user
    assert f"m2 [2024-05-08 Wed 12:00] Ann (user): {MESSAGES[1]}" in user


def test_earlier_messages_are_context_without_an_index():
    """The last four, cut to what a pronoun needs."""
    recent = tuple(message(f"earlier {n} " + "x" * 1000, n) for n in range(6))
    user = extraction.prompt(request("She likes it.", recent=recent)).user

    assert ["earlier 2", "earlier 3", "earlier 4", "earlier 5"] == [
        f"earlier {n}" for n in range(6) if f"earlier {n}" in user
    ]
    assert 1 == user.count("m1 [")
    assert len(user) < 2000


def test_without_earlier_messages_nothing_is_said_of_them():
    """No empty heading."""
    assert not extraction.prompt(ASKED).user.startswith("Earlier")


def test_instructions_come_last_in_the_system_text():
    """They may hold a dollar sign."""
    system = extraction.prompt(request("x", instructions="Only money: $5 and $name")).system

    assert system.endswith("Only money: $5 and $name")


def test_the_rule_about_the_assistant_depends_on_the_request():
    """Nothing from its mouth, unless asked."""
    without = extraction.prompt(ASKED).system
    asked = extraction.prompt(request("x", include_assistant=True)).system

    assert "Take nothing from messages of the assistant" in without
    assert "Take facts from what the assistant says, too" in asked


def test_an_exchange_costs_few_tokens():
    """Prompt and schema of two messages: at most 1,200 tokens at four characters each (Mem0 2.x sends 8,414)."""
    prompt = extraction.prompt(ASKED)
    sent = prompt.system + prompt.user + json.dumps(prompt.json_schema, default=dict, separators=(",", ":"))

    assert len(sent) / 4 <= 1200


def test_everything_in_the_schema_is_bounded():
    """Every string and array has a maximum, every object is closed: a grammar always ends."""

    def check(schema: dict) -> None:
        if schema["type"] == "string":
            assert "maxLength" in schema or "enum" in schema
        if schema["type"] == "array":
            assert schema["maxItems"] <= 300
            check(schema["items"])
        if schema["type"] == "object":
            assert schema["additionalProperties"] is False
            assert list(schema["properties"]) == schema["required"]
            for part in schema["properties"].values():
                check(part)

    check(json.loads(json.dumps(extraction.SCHEMA, default=dict)))


def test_a_problem_is_named_in_the_second_question():
    """So that it is another prompt, and says what to do better."""
    first, second = extraction.prompt(ASKED), extraction.prompt(ASKED, problem="It was cut off.")

    assert first.user != second.user
    assert "It was cut off." in second.user


# a good reply


def test_a_good_reply_becomes_facts():
    """Text, exact quote, index, entities with types, relations, dates."""
    lisbon, dogs = extraction.parse(TEXT, ASKED).facts

    assert ("Ann moved to Lisbon in April 2024.", 0, "I moved to Lisbon last month", "episodic", "Ann") == (
        lisbon.text, lisbon.message, lisbon.quote, lisbon.kind, lisbon.subject,
    )  # fmt: skip
    assert (EntityDraft(name="Ann", type="Person"), EntityDraft(name="Lisbon", type="Place")) == lisbon.entities
    assert (RelationDraft(source="Ann", type="lives_in", target="Lisbon"),) == lisbon.relations
    assert (datetime(2024, 4, 1, tzinfo=UTC), None) == (lisbon.valid_from, lisbon.valid_to)
    assert (1, 2) == (dogs.message, len(dogs.relations))


def test_nothing_is_dropped_from_a_good_reply():
    """The count of dropped items means something."""
    assert () == extraction.parse(TEXT, ASKED).dropped


def test_a_hundred_and_fifty_facts_fit_one_reply():
    """With all their relations."""
    content = " ".join(f"Person{n} works at Company{n}." for n in range(150))
    facts = [
        {
            **LISBON,
            "quote": f"Person{n} works at Company{n}.",
            "text": f"Person{n} works at Company{n}.",
            "subject": f"Person{n}",
            "relations": [[f"Person{n}", "works_at", f"Company{n}"]],
        }
        for n in range(150)
    ]
    names = [{"name": f"{kind}{n}", "type": kind} for n in range(150) for kind in ("Person", "Company")]
    draft = extraction.parse(reply(*facts, entities=names), request(content))

    assert (150, 150, ()) == (len(draft.facts), sum(len(fact.relations) for fact in draft.facts), draft.dropped)
    bounds = extraction.SCHEMA["properties"]
    assert bounds["facts"]["maxItems"] >= 150
    assert bounds["entities"]["maxItems"] >= 300


# replies as they come


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.kind)
def test_every_reply_has_a_typed_outcome(case: Case):
    """A draft with the facts that hold up, or one error for the whole reply."""
    if case.facts is None:
        with pytest.raises(ModelReplyError):
            extraction.parse(case.reply, ASKED)
    else:
        assert case.facts == len(extraction.parse(case.reply, ASKED).facts)


def test_the_corpus_is_wide():
    """At least 100 replies in 50 classes."""
    kinds = Counter(case.kind for case in cases())

    assert (True, True) == (sum(kinds.values()) >= 100, len(kinds) >= 50)


def test_a_reply_cut_at_any_byte_never_loses_facts_silently():
    """Either refused, or everything that the whole reply held is there."""
    outcomes: Counter[str] = Counter()
    for end in range(len(TEXT)):
        try:
            draft = extraction.parse(TEXT[:end], ASKED)
        except ModelReplyError:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
            assert 2 == len(draft.facts), TEXT[:end][-30:]

    assert outcomes["refused"] >= len(TEXT) - 3


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutations_of_a_good_reply_never_escape(data):
    """Characters changed, removed or inserted: a draft or a ModelReplyError, and quotes are always in the message."""
    characters = list(TEXT)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(characters) - 1))
        characters[at] = data.draw(st.sampled_from(['"', "{", "}", "[", "]", ",", ":", "\\", "", "null", "x", "\n"]))
    try:
        draft = extraction.parse("".join(characters), ASKED)
    except ModelReplyError:
        return
    for fact in draft.facts:
        assert fact.quote in MESSAGES[fact.message]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*LISBON, "facts", "entities", "name", "type", "source"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(json_values)
def test_any_json_in_the_place_of_a_fact_is_survived(value):
    """The good fact beside it is kept."""
    draft = extraction.parse(json.dumps({"facts": [value, DOGS], "entities": [value, *ENTITIES]}), ASKED)

    assert DOGS["text"] in [fact.text for fact in draft.facts]


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_any_json_as_a_reply_is_survived(value):
    """A draft or a ModelReplyError."""
    try:
        assert isinstance(extraction.parse(json.dumps(value), ASKED), Draft)
    except ModelReplyError as exc:
        assert exc.message


# validation


def test_every_dropped_item_has_a_reason():
    """Facts, relations, entities and dates."""
    facts = [
        changed(quote="never said"),
        changed(text=""),
        changed(relations=[["Ann", "is", "Ann"], ["Ann", "knows", "Zoltan"], ["Ann", "", "Lisbon"]], valid_from="soon"),
    ]
    draft = extraction.parse(reply(*facts, entities=[*ENTITIES, {"name": ""}]), ASKED)

    assert 1 == len(draft.facts)
    assert {
        "the quote is not in the message": 1,
        "no text": 1,
        "relation of an entity with itself": 1,
        "relation with an unknown entity": 1,
        "relation without a type": 1,
        "valid_from is no ISO date": 1,
        "entity without a name": 1,
        "entity that no fact uses": 4,
    } == Counter(dropped.reason for dropped in draft.dropped)


def test_the_quote_is_kept_as_the_message_has_it():
    """Not as the model wrote it."""
    draft = extraction.parse(reply(changed(quote="my sister BEA 'never' liked it - she")), ASKED)

    assert "My sister Bea “never” liked it — she" == only(draft).quote


def test_a_quote_of_another_message_moves_the_fact_there():
    """When only one message holds it."""
    assert 1 == only(extraction.parse(reply(changed(quote="Bea has two dogs", message="m1")), ASKED)).message


def test_a_quote_in_two_messages_needs_its_index():
    """A guess would be no provenance."""
    twice = request("I like tea.", "I like tea.")
    told = extraction.parse(reply(changed(quote="I like tea", message="m2")), twice)
    untold = extraction.parse(reply(changed(quote="I like tea", message="m7")), twice)

    assert 1 == only(told).message
    assert "unknown message" in [dropped.reason for dropped in untold.dropped]


def test_facts_from_context_are_dropped():
    """Earlier messages had their own turn."""
    recent = (message("I own a boat."),)
    draft = extraction.parse(reply(changed(quote="I own a boat.")), request("Hello!", recent=recent))

    assert () == draft.facts


@pytest.mark.parametrize("role", ["assistant", "system", "tool"])
def test_what_the_assistant_says_is_no_fact_unless_asked(role):
    """Pain of other systems: suggestions remembered as the user's life."""
    messages = (message("You live in Lisbon.", role=role, speaker=role),)
    text = reply(changed(quote="You live in Lisbon."))
    closed = ExtractionRequest(messages=messages, at=NOON)

    assert (f"said by the {role}", ()) == (
        extraction.parse(text, closed).dropped[0].reason,
        extraction.parse(text, closed).facts,
    )
    assert 1 == len(extraction.parse(text, closed.model_copy(update={"include_assistant": True})).facts)


def test_local_ids_name_entities():
    """By position or by the id that the reply gives."""
    entities = [{"id": "e5", "name": "Ann", "type": "Person"}, {"name": "Lisbon", "type": "city state"}]
    fact = only(
        extraction.parse(reply(changed(subject="e5", relations=[["e5", "Lives In", "e2"]]), entities=entities), ASKED)
    )

    assert "Ann" == fact.subject
    assert (RelationDraft(source="Ann", type="lives_in", target="Lisbon"),) == fact.relations
    assert "CityState" == fact.entities[1].type


def test_names_that_were_not_listed_must_occur_in_the_fact():
    """A speaker is known anyway; an invented one is dropped."""
    text = "Someone moved to Lisbon with Acme."
    fact = only(
        extraction.parse(
            reply(changed(text=text, relations=[["ann", "works at", "Acme"], ["Ann", "knows", "Zoë"]]), entities=[]),
            ASKED,
        )
    )

    assert (RelationDraft(source="Ann", type="works_at", target="Acme"),) == fact.relations
    assert EntityDraft(name="Ann", type="Person") in fact.entities


@pytest.mark.parametrize(
    ("written", "type"),
    [("works at", "works_at"), ("worksAt", "works_at"), ("WORKS-AT", "works_at"), ("knows: well", "knows_well"),
     ("1st_met", "1st_met"), ("любит", "любит"), ("a" * 200, "a" * 60),
     ("x`) DETACH DELETE n //", "x_detach_delete_n")],
)  # fmt: skip
def test_relation_types_become_snake_case(written, type):
    """Whatever the model wrote, hostile or not."""
    fact = only(extraction.parse(reply(changed(relations=[["Ann", written, "Lisbon"]])), ASKED))

    assert type == fact.relations[0].type


@pytest.mark.parametrize(
    ("modality", "correction"), [("ended", False), ("planned", True), ("past", False), ("hypothetical", False)]
)
def test_modality_and_correction_are_kept(modality, correction):
    """They decide what a fact may retire."""
    fact = only(extraction.parse(reply(changed(modality=modality, correction=correction)), ASKED))

    assert (modality, correction) == (fact.modality, fact.correction)


def test_what_is_over_ends_when_it_is_told_at_the_latest():
    """ "Until this year", said in May, is over in May; a plan may end later."""
    told = changed(modality="past", valid_from="2020", valid_to="2024")
    over = only(extraction.parse(reply(told), ASKED))
    planned = only(extraction.parse(reply({**told, "modality": "planned"}), ASKED))

    assert NOON == over.valid_to
    assert datetime(2025, 1, 1, tzinfo=UTC) == planned.valid_to


# dates


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01T00:00", "2025-01-01T00:00"),
        ("2024-12", "2024-12-01T00:00", "2025-01-01T00:00"),
        ("2024-2", "2024-02-01T00:00", "2024-03-01T00:00"),
        (" 2024-02-28 ", "2024-02-28T00:00", "2024-02-29T00:00"),
        ("2024-05-08T13:56", "2024-05-08T13:56", "2024-05-08T13:56"),
        ("2024-05-08 13:56:07.25Z", "2024-05-08T13:56:07", "2024-05-08T13:56:07"),
        ("2024-05-08T01:00+02:00", "2024-05-07T23:00", "2024-05-07T23:00"),
        ("2024-05-08T01:00-0530", "2024-05-08T06:30", "2024-05-08T06:30"),
    ],
)
def test_partial_dates_are_completed(text, first, last):
    """To the first and to the last moment of what they name."""
    moments = [datetime.fromisoformat(m).replace(tzinfo=UTC) for m in (first, last)]

    assert moments == [first_moment(text), last_moment(text)]


@pytest.mark.parametrize(
    "text", ["", "May 2024", "24-05", "2024-13", "2024-02-30", "0000", "2024-05-08T25:00", "next year", "2024-W05"]
)
def test_other_dates_are_none(text):
    """A guess would be worse."""
    assert (None, None) == (first_moment(text), last_moment(text))


def test_the_end_of_the_calendar_is_open():
    """Models write 9999-12-31 for "for ever"."""
    assert last_moment("9999-12-31") is None


# quotes


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=80), st.data())
def test_every_whole_piece_of_a_message_is_found(text, data):
    """And what is found stands in the message word for word."""
    start = data.draw(st.sampled_from([0, *(i + 1 for i, c in enumerate(text[:-1]) if c.isspace())]))
    found = Quotable(text).find(text[start:])

    assert bool(text[start:].strip()) == (found is not None)
    assert found is None or found in text


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=20))
def test_what_is_found_is_always_in_the_message(text, quote):
    """Whatever is asked for."""
    found = Quotable(text).find(quote)

    assert found is None or found in text


# JSON


def test_syntax_that_was_repaired_says_so():
    """For the statistics of a model."""
    assert (False, True) == (read_json(TEXT).repaired, read_json(TEXT[:-2] + ",]}").repaired)


def test_a_long_reply_is_read_quickly_enough_to_finish():
    """Five thousand facts in one reply."""
    text = json.dumps({"entities": ENTITIES, "facts": [{**DOGS, "text": f"Bea has {n} dogs."} for n in range(5000)]})

    assert 5000 == len(extraction.parse(text, ASKED).facts)


@pytest.mark.parametrize(
    ("text", "cut"),
    [('{"a": [1', True), ('{"a": "b', True), ('{"a": ["b"]', False), ('{"a": ["b"]}', False), ('{"a": "b"', True)],
)
def test_a_cut_is_told_from_a_missing_bracket(text, cut):
    """Only after a complete list is one bracket forgiven."""
    assert cut == is_cut(text)


def test_parsing_is_pure():
    """The same reply gives the same draft, and the reply is not changed by it."""
    assert extraction.parse(json.dumps(GOOD), ASKED) == extraction.parse(json.dumps(GOOD), ASKED)
