"""Corrections take back what was said in the same words but for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from graphmem.steps.linking import Linked
from graphmem.steps.resolution import judge, plan
from graphmem.values import Candidate, FactDraft, LinkedFact, Memory, MessageRecord, Scope

START = datetime(2024, 5, 8, tzinfo=UTC)
SCOPE = Scope(user_id="u")
MESSAGE = MessageRecord(
    id="m", episode_id="ep", position=0, conversation="c", scope=SCOPE, role="user", speaker="u", content="…",
    timestamp=START,
)  # fmt: skip


def fact(text, **more):
    draft = FactDraft(text=text, message=0, **more)
    return LinkedFact(draft=draft, memory_id=f"new: {text}", valid_from=START + timedelta(days=1))


def known(text):
    memory = Memory(id="old", text=text, scope=SCOPE, recorded_at=START, valid_from=START)
    return Candidate(memory=memory, similarity=0.9)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Clara has a daughter called Mila.", "Clara has a daughter called Mira.", True),
        ("Sam has a concert on 14 June.", "Sam has a concert on 21 June.", True),
        ("Sam has a concert on 30 June.", "Sam has a concert on 2 July.", True),
        ("Nora's boss is Amara Bell.", "Nora's boss is Amelia Bell.", True),
        ("The shop is on the left.", "The shop is on the right.", True),
        ("Nora climbs at Redpoint every Thursday.", "Nora climbs at Redpoint every Mira.", False),
        ("Nora has 3 cats.", "Nora has Rex cats.", False),
        ("Clara has a daughter.", "Clara has a daughter called Mira.", False),
        ("Clara has a daughter called Mila.", "Nora climbs at Redpoint every Thursday.", False),
        ("Mila.", "Mira.", False),
    ],
)
def test_one_value_for_another_of_its_kind(old, new, expected):
    """Only what differs in one name, date, number or word is taken back."""
    verdicts = judge([fact(new, correction=True)], [[known(old)]]).verdicts

    assert expected == (["correct"] == [v.action for v in verdicts])


def test_without_a_word_of_correction_both_stay():
    """Two daughters are no contradiction."""
    old, new = "Clara has a daughter called Mila.", "Clara has a daughter called Mira."

    assert () == judge([fact(new)], [[known(old)]]).verdicts


def test_a_correction_in_the_same_add_leaves_only_the_corrected_fact():
    """The first wording is kept for the history, with no time in which it was true."""
    facts = (fact("Nora's boss is Amara."), fact("Nora's boss is Amelia.", correction=True))
    made = plan(
        Linked(facts=facts), [[], []], judge(facts, [[], []]).verdicts, scope=SCOPE, at=START, episode_id="ep",
        messages=[MESSAGE],
    )  # fmt: skip
    wrong, right = (a.memory for a in made.additions)

    assert (wrong.valid_from, right.id) == (wrong.valid_to, wrong.superseded_by)
    assert right.valid_to is None


def test_the_corrected_fact_was_true_all_along():
    """It begins when the wrong one was said, unless it names a date."""
    new = fact("Nora's boss is Amelia.", correction=True)
    candidates = [[known("Nora's boss is Amara.")]]
    made = plan(
        Linked(facts=(new,)), candidates, judge([new], candidates).verdicts, scope=SCOPE, at=START, episode_id="ep",
        messages=[MESSAGE],
    )  # fmt: skip

    assert START == made.additions[0].memory.valid_from
    assert START == made.closures[0].valid_to
