"""Laws that hold for any facts, found by random search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from graphmem.steps.linking import Linked
from graphmem.steps.resolution import judge, plan
from graphmem.values import Candidate, Claim, FactDraft, LinkedFact, Memory, MessageRecord, Scope

START = datetime(2024, 1, 1, tzinfo=UTC)
SCOPE = Scope(user_id="u")
MESSAGE = MessageRecord(
    id="m", episode_id="ep", position=0, conversation="c", scope=SCOPE, role="user", speaker="u", content="…",
    timestamp=START,
)  # fmt: skip

people = st.sampled_from(["Tom", "Ann", "Tom's sister"])
things = st.sampled_from(["Denver", "Austin", "tennis", "chess club", "Rex", ""])
modalities = st.sampled_from(["asserted", "ended", "planned", "hypothetical", "past"])
claims = st.builds(
    Claim,
    subject=people,
    predicate=st.sampled_from(["live in", "play", "own", "be", "like", ""]),
    object=things,
    affirmed=st.booleans(),
    modality=modalities,
    slot=st.sampled_from([None, "lives_in", "works_at", "work", "relationship"]),
    value=things,
    markers=st.lists(st.sampled_from(["now", "+also", "~for a week", "weak", "ends subject", "undated"])).map(tuple),
)
days = st.integers(0, 40).map(lambda n: START + timedelta(days=n))
facts = st.builds(
    lambda found, at, text: LinkedFact(
        draft=FactDraft(text=f"{text}.", message=0, claims=tuple(found)), memory_id=f"id-{text}", valid_from=at
    ),
    st.lists(claims, min_size=1, max_size=2),
    days,
    st.uuids(version=4),
)


def remembered(fact):
    return Memory(
        id=fact.memory_id, text=fact.draft.text, scope=SCOPE, recorded_at=START, valid_from=fact.valid_from,
        claims=fact.draft.claims, modality=fact.draft.modality,
    )  # fmt: skip


def applied(memories, made):
    """The memories after a plan, as a ledger would hold them."""
    after = dict(memories)
    for addition in made.additions:
        after[addition.memory.id] = addition.memory
    for closure in made.closures:
        after[closure.memory_id] = after[closure.memory_id].model_copy(update={"valid_to": closure.valid_to})
    return after


def step(memories, new):
    near = [[Candidate(memory=m, similarity=0.8) for m in memories.values()] for _ in new]
    verdicts = judge(new, near).verdicts
    made = plan(
        Linked(facts=tuple(new)), near, verdicts, scope=SCOPE, at=START, episode_id="ep", messages=[MESSAGE]
    )  # fmt: skip
    return made, verdicts


RETIRING = {"supersede", "end", "correct"}


@given(facts, facts)
def test_another_subject_is_never_retired(old, new):
    """Whatever the claims say, two facts without a common subject leave each other alone."""
    subjects = [{c.subject for c in f.draft.claims} for f in (old, new)]
    _, verdicts = step({old.memory_id: remembered(old)}, [new])

    touched = any(v.action in RETIRING for v in verdicts)
    named = any("Rex" in s for s in subjects[1])
    assert not touched or bool(subjects[0] & subjects[1]) or named


@given(facts, facts)
def test_plans_and_past_events_retire_nothing(old, new):
    """A fact all of whose claims are planned, hypothetical or past changes no known fact."""
    _, verdicts = step({old.memory_id: remembered(old)}, [new])

    silent = all(c.modality in {"planned", "hypothetical", "past"} for c in new.draft.claims)
    assert not (silent and any(v.action in RETIRING for v in verdicts))


@given(st.lists(facts, min_size=1, max_size=5))
def test_judging_twice_changes_nothing(new):
    """The second time everything is a repetition."""
    made, _ = step({}, new)
    after = applied({}, made)
    again = [f for f in new if f.memory_id in after]

    second, verdicts = step(after, again)

    assert {"same"} == {v.action for v in verdicts}
    assert ((), (), ()) == (second.additions, second.closures, second.revisions)


homes = st.builds(
    lambda place, at, text: LinkedFact(
        draft=FactDraft(
            text=f"Tom lives in {place}.",
            message=0,
            claims=(Claim(subject="Tom", predicate="live in", object=place, slot="lives_in", value=place),),
        ),
        memory_id=f"id-{text}",
        valid_from=at,
    ),
    st.sampled_from(["Denver", "Austin", "Oslo"]),
    days,
    st.uuids(version=4),
)


@settings(max_examples=300)
@given(st.lists(homes, min_size=1, max_size=7))
def test_intervals_of_one_slot_never_overlap(told):
    """Told in any order and with any dates, one person lives in one place at a time."""
    memories = {}
    for fact in told:
        made, _ = step(memories, [fact])
        memories = applied(memories, made)
    spans = sorted((m.valid_from, m.valid_to) for m in memories.values() if m.valid_to != m.valid_from)

    ends = [end for _, end in spans]
    assert all(end is not None and end <= later for end, (later, _) in zip(ends, spans[1:], strict=False))


@given(st.lists(facts, min_size=1, max_size=4))
def test_a_plan_is_deterministic(new):
    """The same facts give the same plan."""
    assert step({}, new) == step({}, new)
