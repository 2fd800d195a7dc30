"""Relations of what has ended, is planned or only supposed are not stored as holding."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphmem.steps.linking import link
from graphmem.steps.relation_tenses import LASTING, holds
from graphmem.steps.resolution import judge
from graphmem.values import Candidate, Claim, Draft, FactDraft, Memory, MessageRecord, RelationDraft, Scope

AT = datetime(2024, 5, 8, tzinfo=UTC)
MESSAGE = MessageRecord(
    id="m-1", episode_id="ep", position=0, conversation="c", scope=Scope(user_id="u"), role="user", speaker="Ann",
    content="…", timestamp=AT,
)  # fmt: skip


def linked(kind, modality, **more):
    relation = RelationDraft(source="Ann", type=kind, target="Acme")
    draft = FactDraft(text="A fact.", message=0, relations=(relation,), modality=modality, **more)
    return link(Draft(facts=(draft,)), {}, {}, owner="user:u", episode_id="ep", messages=[MESSAGE]).facts[0]


@pytest.mark.parametrize(
    ("kind", "modality", "expected"),
    [
        ("allergic_to", "asserted", True),
        ("allergic_to", "ended", False),
        ("allergic_to", "planned", False),
        ("allergic_to", "hypothetical", False),
        ("allergic_to", "past", False),
        ("works_at", "past", False),
        ("worked_at", "past", True),
        ("worked_at", "ended", True),
        ("left", "ended", True),
        ("married_to", "ended", False),
        ("located in", "past", False),
        ("not_allergic_to", "ended", True),
        ("plans_to_visit", "planned", True),
        ("plans_to_visit", "ended", False),
        ("moved_to", "past", True),
        ("moved_to", "planned", False),
        ("go_to", "past", True),
        ("go_to", "planned", False),
        ("sibling_of", "ended", True),
        ("parent of", "hypothetical", True),
    ],
)
def test_a_type_says_whether_it_holds(kind, modality, expected):
    """Types of a state hold with the fact; types with a tense of their own, and kin, hold anyway."""
    assert expected == holds(kind, modality)


def test_a_claim_outweighs_the_modality():
    """After "moved to Austin last year", a past event, the present state holds."""
    claim = Claim(subject="Ann", predicate="move", object="Austin", slot="lives_in", value="Austin")

    assert holds("lives_in", "past", (claim,))
    assert not holds("lives_in", "past", (claim.model_copy(update={"modality": "planned"}),))


@given(st.text(max_size=30), st.sampled_from(["planned", "hypothetical"]))
def test_what_is_asserted_always_holds(kind, modality):
    """No type is refused to an asserted fact, and lasting types are refused to none."""
    assert holds(kind, "asserted")
    assert all(holds(name, modality) for name in LASTING)


def test_an_ended_relation_is_kept_for_judging_only():
    """It is not stored, yet it closes the memory that said it."""
    fact = linked("works_at", "ended")
    old = linked("works_at", "asserted")
    known = Memory(id="old", text="Ann works at Acme.", scope=Scope(user_id="u"), recorded_at=AT, valid_from=AT)

    assert () == fact.triples
    assert ["end"] == [v.action for v in judge([fact], [[Candidate(memory=known, triples=old.triples)]]).verdicts]


def test_a_relation_with_an_end_is_history():
    """A state whose end is known lies in the past without further words."""
    assert 1 == len(linked("works_at", "past", valid_from=datetime(2020, 1, 1, tzinfo=UTC), valid_to=AT).triples)
