"""Names become entities: exact keys, aliases, homonyms, proposals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphmem.steps.linking import key, link, names
from graphmem.steps.relation_types import cardinality, relation_type
from graphmem.values import Draft, Entity, EntityDraft, FactDraft, Mention, MessageRecord, RelationDraft, Scope

AT = datetime(2024, 5, 8, tzinfo=UTC)
MESSAGE = MessageRecord(
    id="m-1", episode_id="ep", position=0, conversation="c", scope=Scope(user_id="u"), role="user", speaker="Ann",
    content="…", timestamp=AT,
)  # fmt: skip


def linked(*facts, known=None, near=None, mentions=()):
    return link(
        Draft(facts=facts, mentions=mentions), known or {}, near or {}, owner="user:u", episode_id="ep",
        messages=[MESSAGE],
    )  # fmt: skip


def fact(*entities, relations=(), subject=None, text="A fact."):
    drafts = tuple(EntityDraft(name=n, type=t) for n, t in entities)
    triples = tuple(RelationDraft(source=s, type=t, target=o) for s, t, o in relations)
    return FactDraft(text=text, message=0, entities=drafts, relations=triples, subject=subject)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Alice  Smith", "alice smith"),
        ("“ALICE”,", "alice"),
        ("Alice's", "alice"),
        ("James’", "james"),
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", "full width"),
        ("Straße", "strasse"),
        ("C++", "c++"),
        ("...", "..."),
        ("😀", "😀"),
        ("  ", ""),
    ],
)
def test_key_folds_what_does_not_part_names(name, expected):
    """Case, width, spaces, outer punctuation and the possessive do not make another name."""
    assert expected == key(name)


@given(st.text(max_size=60))
def test_key_is_stable(name):
    """The key of a key is itself, and only blank names have none."""
    assert key(name) == key(key(name))
    assert bool(key(name)) == bool(name.strip()) or not key(name)


def test_one_name_in_two_spellings_is_one_entity():
    """Exact keys come first: no vector is asked."""
    found = linked(fact(("Alice Smith", "Person")), fact(("alice  smith", "Thing")))

    assert ["Alice Smith"] == [e.name for e in found.entities]
    assert found.facts[0].entity_ids == found.facts[1].entity_ids


def test_known_entities_are_reused_and_nothing_changes():
    """An entity that is known as it is does not come back as changed."""
    ann = Entity(id="e-ann", name="Ann", type="Person")

    found = linked(fact(("ann", "Person"), subject="Ann"), known={"ann": (ann,)})

    assert () == found.entities
    assert "e-ann" == found.facts[0].subject_id


def test_a_better_type_refines_a_thing():
    """Thing is no type; the first concrete one takes its place."""
    known = Entity(id="e-1", name="Acme", type="Thing")

    found = linked(fact(("Acme", "Organisation")), known={"acme": (known,)})

    assert (known.model_copy(update={"type": "Organisation"}),) == found.entities


def test_two_concrete_types_are_homonyms():
    """Paris the person is not Paris the city."""
    city = Entity(id="e-city", name="Paris", type="Place")

    found = linked(fact(("Paris", "Person")), known={"paris": (city,)})

    assert "e-city" not in found.facts[0].entity_ids
    assert ["Person"] == [e.type for e in found.entities]


def test_homonyms_get_their_own_ids_within_one_draft():
    """The ordinal keeps two entities of one name apart."""
    found = linked(fact(("Jordan", "Person")), fact(("Jordan", "Place")))

    assert 2 == len({f.entity_ids for f in found.facts})


def test_an_alias_is_the_entity_from_then_on():
    """After "Elizabeth, also known as Liz", Liz means Elizabeth, in this draft and with what is known."""
    elizabeth = Entity(id="e-eli", name="Elizabeth", type="Person")

    found = linked(
        fact(("Elizabeth", "Person"), relations=[("Elizabeth", "nickname", "Liz")]),
        fact(("Liz", "Person"), subject="Liz"),
        known={"elizabeth": (elizabeth,)},
    )

    assert ("Liz",) == found.entities[0].aliases
    assert "e-eli" == found.facts[1].subject_id
    assert 1 == len(found.entities)


def test_a_fuzzy_match_is_only_proposed():
    """A near name with a compatible type is a proposal; it is never merged."""
    known = Entity(id="e-kat", name="Katharine", type="Person")
    place = Entity(id="e-pl", name="Katarina", type="Place")
    near = {"Katherine": [(known, 0.93), (place, 0.95)], "Ann": [(known, 0.5)]}

    found = linked(fact(("Katherine", "Person"), ("Ann", "Person")), near=near)

    assert [("e-kat", 0.93)] == [(other, cosine) for _, other, cosine in found.similar]
    assert "e-kat" not in found.facts[0].entity_ids


def test_self_loops_are_dropped():
    """A relation of an entity with itself says nothing."""
    found = linked(fact(relations=[("Ann", "knows", "ANN"), ("Ann", "knows", "Bob")]))

    assert ["knows"] == [t.type for t in found.facts[0].triples]


def test_time_and_ids_are_derived():
    """A fact without a date begins when it was said; the same call gives the same ids."""
    first, second = (linked(fact(("Ann", "Person"), text="Ann is here.")) for _ in range(2))

    assert AT == first.facts[0].valid_from
    assert first == second


def test_mentions_tie_messages_to_entities():
    """A message that names an entity is tied to it once."""
    mention = Mention(message=0, entity=EntityDraft(name="Acme", weak=True))

    found = linked(mentions=(mention, mention))

    assert [("m-1", found.entities[0].id)] == list(found.message_entities)


def test_a_message_names_what_its_facts_name():
    """Entities, subject and ends of relations, each once; mere words of facts are left out."""
    weak = EntityDraft(name="river", weak=True)
    told = fact(("Ann", "Person"), relations=[("Ann", "lives_in", "Rome")], subject="Ann")

    found = linked(told.model_copy(update={"entities": (*told.entities, weak)}))

    names_by_id = {entity.id: entity.name for entity in found.entities}
    assert [("m-1", "Ann"), ("m-1", "Rome")] == [(m, names_by_id[e]) for m, e in found.message_entities]


def test_names_lists_every_name_once():
    """The names to look up are those of entities, subjects, relation ends and mentions."""
    draft = Draft(facts=(fact(("Ann", "Person"), relations=[("Ann", "knows", "Bob")], subject="Ann"),))

    assert ("Ann", "Bob") == names(draft)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("works for", "works_at"),
        ("employed_by", "works_at"),
        ("WORKS_AT", "works_at"),
        ("WorksAt", "works_at"),
        ("likes, loves", "likes_loves"),
        ("1st_met", "n1st_met"),
        ("😀", "related_to"),
        ("", "related_to"),
        ("is dating", "dating"),
        ('"; DROP TABLE x; --', "drop_table_x"),
    ],
)
def test_relation_types_are_normalised(text, expected):
    """Synonyms share one name, and any text gives a valid one."""
    assert expected == relation_type(text)


@given(st.text(max_size=200))
def test_any_text_is_a_relation_type(text):
    """Whatever a model writes becomes `[a-z][a-z0-9_]{0,62}`, and stays what it is when normalised again."""
    name = relation_type(text)

    assert name.isascii()
    assert 0 < len(name) <= 63
    assert name[0].isalpha()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


def test_users_pin_cardinalities():
    """What the settings say wins over the shipped table."""
    assert "one" == cardinality("works_at")
    assert "many" == cardinality("works_at", {"works_at": "many"})
    assert "many" == cardinality("never_heard_of")
