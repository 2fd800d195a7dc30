"""Noise of a recogniser must not split an entity; real homonyms stay apart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graphmem.steps.entity_types import asserted, compatible, settled
from graphmem.steps.linking import link
from graphmem.values import Claim, Draft, Entity, EntityDraft, FactDraft, MessageRecord, RelationDraft, Scope

AT = datetime(2024, 5, 8, tzinfo=UTC)
MESSAGE = MessageRecord(
    id="m-1", episode_id="ep", position=0, conversation="c", scope=Scope(user_id="u"), role="user", speaker="Ann",
    content="…", timestamp=AT,
)  # fmt: skip


def fact(*entities, relations=(), claims=()):
    drafts = tuple(EntityDraft(name=n, type=t) for n, t in entities)
    triples = tuple(RelationDraft(source=s, type=t, target=o) for s, t, o in relations)
    return FactDraft(text="A fact.", message=0, entities=drafts, relations=triples, claims=claims)


def entities(*facts, known=()):
    by_key = {e.name.casefold(): (e,) for e in known}
    found = link(Draft(facts=facts), by_key, {}, owner="user:u", episode_id="ep", messages=[MESSAGE])
    return [(e.name, e.type) for e in found.entities]


@pytest.mark.parametrize(
    ("one", "other", "name", "sure", "expected"),
    [
        ("Group", "Person", "Maria", False, True),
        ("Organisation", "Person", "Eva", False, True),
        ("Product", "Organisation", "Globex", False, True),
        ("Thing", "Place", "chess club", False, True),
        ("Person", "Place", "Paris", False, False),
        ("Place", "Person", "Paris", True, False),
        ("Organisation", "Place", "Bristol", True, True),
        ("Place", "Organisation", "Bristol", False, True),
        ("Place", "Organisation", "Phoenix", True, False),
        ("Person", "Organisation", "Morgan Stanley", False, False),
        ("Animal", "Person", "Rex", False, False),
    ],
)
def test_which_types_can_be_one_entity(one, other, name, sure, expected):
    """Guesses about a bare name are compatible; a person and a place never are."""
    assert expected == compatible(one, other, name=name, sure=sure)


def test_a_name_that_is_typed_otherwise_later_is_the_same_entity():
    """Maria, a Group by mistake, is the Maria who works somewhere, and becomes a Person."""
    group = Entity(id="e-m", name="Maria", type="Group")

    assert [("Maria", "Person"), ("Acme", "Organisation")] == entities(
        fact(("Maria", "Person"), ("Acme", "Organisation"), relations=[("Maria", "works_at", "Acme")]), known=[group]
    )


def test_a_relation_says_what_its_ends_are():
    """Where somebody lives is a place, and who lives there is a person, whatever the recogniser said."""
    drafted = fact(("Ingrid", "Group"), ("Bristol", "Organisation"), relations=[("Ingrid", "lives_in", "Bristol")])

    assert {"Ingrid": "Person", "Bristol": "Place"} == {e.name: e.type for e in settled(drafted).entities}


def test_a_slot_says_who_is_a_person():
    """Claims are enough."""
    claim = Claim(subject="Eva", predicate="be", slot="relationship", value="single")

    assert {"Eva": "Person"} == asserted(fact(("Eva", "Organisation"), claims=(claim,)))


def test_the_sister_and_the_city_stay_two():
    """Each was asserted: one by kinship, one by living there."""
    assert [("Nora", "Person"), ("Paris", "Person"), ("Paris", "Place")] == entities(
        fact(("Nora", "Person"), ("Paris", "Place"), relations=[("Nora", "sibling_of", "Paris")]),
        fact(("Nora", "Person"), ("Paris", "Person"), relations=[("Nora", "lives_in", "Paris")]),
    )


def test_unsure_relations_assert_nothing():
    """A relation of low confidence does not type its ends."""
    relation = RelationDraft(source="Eva", type="works_at", target="Nina", confidence=0.4)

    assert {} == asserted(FactDraft(text="A fact.", message=0, relations=(relation,)))
