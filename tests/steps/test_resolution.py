"""What a new fact does to a known one, written as tables of claims and triples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from graphmem.steps.linking import Linked
from graphmem.steps.resolution import Settings, judge, plan
from graphmem.values import Candidate, Claim, FactDraft, LinkedFact, Memory, MessageRecord, Scope, Triple

DAY = timedelta(days=1)
START = datetime(2024, 5, 8, tzinfo=UTC)
SCOPE = Scope(user_id="u")


def message(role="user"):
    return MessageRecord(
        id="m", episode_id="ep", position=0, conversation="c", scope=SCOPE, role=role, speaker="u", content="…",
        timestamp=START,
    )  # fmt: skip


def slot(value, *, name="lives_in", subject="Tom", **more):
    return Claim(subject=subject, predicate="live in", object=value, slot=name, value=value, **more)


def state(predicate, thing="", *, subject="Tom", **more):
    return Claim(subject=subject, predicate=predicate, object=thing, **more)


def ending(thing, *, subject="Tom", **more):
    return Claim(subject=subject, predicate="", object=thing, modality="ended", **more)


def memory(*claims, text="old", at=START, **more):
    return Memory(
        id=more.pop("id", "old"), text=text, scope=SCOPE, recorded_at=at, valid_from=at, claims=claims, **more
    )


def known(*claims, similarity=0.8, triples=(), **more):
    return Candidate(memory=memory(*claims, **more), similarity=similarity, triples=triples)


def new(*claims, text="new", at=START + DAY, id="new", triples=(), **more):
    draft = FactDraft(text=text, message=0, claims=claims, **more)
    return LinkedFact(draft=draft, memory_id=id, valid_from=at, triples=triples)


def actions(fact, candidate, **settings):
    return [v.action for v in judge([fact], [[candidate]], Settings(**settings)).verdicts]


@pytest.mark.parametrize(
    ("old_claim", "new_claim", "expected"),
    [
        (slot("Denver"), slot("Austin"), ["supersede"]),
        (slot("Denver"), slot("Austin", subject="Ann"), []),
        (slot("Denver"), slot("Austin", subject="Tom's sister"), []),
        (slot("Denver"), slot("Austin", modality="planned"), []),
        (slot("Denver"), slot("Austin", modality="hypothetical"), []),
        (slot("Denver"), slot("Austin", modality="past"), []),
        (slot("Denver", modality="past"), slot("Austin"), []),
        (slot("Denver"), slot("Austin", markers=("weak",)), []),
        (slot("Denver"), slot("Austin", markers=("+also",)), []),
        (slot("Denver"), slot("Austin", markers=("~for a week",)), []),
        (slot("Oslo"), slot("small flat in Oslo"), []),
        (slot("3", name="count:cat"), slot("2", name="count:dog"), []),
        (state("play", "tennis"), ending("tennis"), ["end"]),
        (state("play", "tennis"), ending("golf"), []),
        (state("own", "bakery"), ending("old car"), []),
        (state("go to", "gym"), ending("gym membership"), ["end"]),
        (state("be", "member of chess club"), ending("chess club"), ["end"]),
        (state("be", "member of chess club"), ending("book club"), []),
        (state("be allergic to", "cats"), ending("allergy"), ["end"]),
        (state("be afraid of", "dogs"), ending("fear of dogs"), ["end"]),
        (state("be afraid of", "dogs"), ending("fear of flying"), []),
        (state("smoke"), state("smoke", modality="ended"), ["end"]),
        (state("eat", "fish", affirmed=False), state("eat", "fish"), ["supersede"]),
        (state("eat", "fish"), state("eat", "fish", affirmed=False), ["supersede"]),
        (state("eat", "fish"), state("eat", "meat", affirmed=False), []),
        (state("like", "tea"), state("like", "coffee"), []),
        (ending("tennis"), state("play", "tennis", markers=("again",)), ["supersede"]),
        (slot("married Jack", name="relationship"), ending("Jack", slot="relationship"), ["end"]),
        (slot("married Jack", name="relationship"), ending("Paul", slot="relationship"), []),
        (slot("Ford", name="works_at"), ending("", slot="work"), ["end"]),
        (slot("Denver"), ending("", slot="work"), []),
    ],
)
def test_claims_decide(old_claim, new_claim, expected):
    """One row a rule: the claims alone say what happens."""
    assert expected == actions(new(new_claim), known(old_claim))


def test_the_reason_can_be_read_by_its_owner():
    """A reason names the slot, what ended and what began."""
    verdict = judge([new(slot("Austin"))], [[known(slot("Denver"))]]).verdicts[0]

    assert "lives in has one value at a time: Denver ended when Austin began" == verdict.reason


def test_opposites_are_never_duplicates():
    """ "not allergic to peanuts" is no repetition of "allergic to peanuts", however near the vectors are."""
    old = known(state("be allergic to", "peanuts"), text="Amy is allergic to peanuts.", similarity=0.99)
    fact = new(state("be allergic to", "peanuts", affirmed=False), text="Amy is not allergic to peanuts.")

    assert ["supersede"] == actions(fact, old)


@pytest.mark.parametrize(
    ("old_text", "new_text", "similarity", "expected"),
    [
        ("Tom plays tennis.", "tom plays tennis", 0.5, ["same"]),
        ("Tom plays tennis.", "Tom plays tennis regularly with Ann.", 0.85, ["revise"]),
        ("Tom plays tennis.", "Tom plays tennis regularly with Ann.", 0.3, []),
        ("Tom plays 2 hours.", "Tom plays 3 hours.", 0.99, []),
    ],
)
def test_repetition_and_detail(old_text, new_text, similarity, expected):
    """The same words are a repetition; more words about the same are a better text; other numbers are neither."""
    claim = state("play", "tennis")

    assert expected == actions(new(claim, text=new_text), known(claim, text=old_text, similarity=similarity))


def test_a_late_fact_is_closed_by_what_is_known():
    """A fact that began before the known one slots into the past and closes nothing."""
    fact = new(slot("Boston"), at=START - 400 * DAY)

    assert ["late"] == actions(fact, known(slot("Denver")))


def test_a_recent_change_reaches_behind_an_undated_fact():
    """ "Moved last month", told after an undated "lives in Denver", takes its place."""
    fact = new(slot("Austin"), at=START - 30 * DAY)

    assert ["supersede"] == actions(fact, known(slot("Denver", markers=("undated",))))


def test_what_was_said_earlier_and_gives_no_date_is_late():
    """Messages that arrive out of order are put in order; only a date of its own lets a fact reach back."""
    fact = new(slot("Austin", markers=("undated",)), at=START - 30 * DAY)

    assert ["late"] == actions(fact, known(slot("Denver", markers=("undated",))))


def test_a_correction_says_that_the_old_fact_never_held():
    """The corrected fact ends where it began."""
    fact = new(slot("Thursday", name="date"), correction=True)

    assert ["correct"] == actions(fact, known(slot("Tuesday", name="date")))


def test_triples_alone_are_enough():
    """Facts of a model without claims are judged by relation types and their cardinality."""
    old = known(triples=(Triple(source_id="tom", type="works_at", target_id="ford"),))
    fact = new(triples=(Triple(source_id="tom", type="works_at", target_id="ibm"),))
    many = new(triples=(Triple(source_id="tom", type="likes", target_id="ibm"),))

    assert ["supersede"] == actions(fact, old)
    assert [] == actions(fact, old, cardinality={"works_at": "many"})
    assert [] == actions(many, known(triples=(Triple(source_id="tom", type="likes", target_id="tea"),)))
    assert ["supersede"] == actions(
        many, known(triples=(Triple(source_id="tom", type="likes", target_id="tea"),)), cardinality={"likes": "one"}
    )


@pytest.mark.parametrize(
    ("modality", "expected"), [("ended", ["end"]), ("planned", []), ("past", []), ("asserted", [])]
)
def test_the_modality_of_a_triple(modality, expected):
    """The same triple, said to be over, ends the known one; planned and past it does nothing."""
    triple = Triple(source_id="tom", type="works_at", target_id="ford")

    assert expected == actions(new(triples=(triple,), modality=modality), known(triples=(triple,)))


def test_facts_of_one_add_are_judged_in_order():
    """The later sentence of one message wins over the earlier one."""
    facts = [new(slot("Denver"), id="a", text="a"), new(slot("Austin"), id="b", text="b")]

    verdicts = judge(facts, [[], []]).verdicts

    assert [(1, "a", "supersede")] == [(v.fact, v.memory_id, v.action) for v in verdicts]


def undecided(old, fact, **more):
    return judge([fact], [[old.model_copy(update=more)]]).undecided


def test_near_pairs_that_speak_of_change_are_left_to_a_model():
    """Same subject, near, a sign of change, but no rule: undecided. Far, or about somebody else: kept."""
    old = known(state("collect", "stamps"), similarity=0.7)
    changed = state("collect", "coins", markers=("these days",))

    assert 1 == len(undecided(old, new(changed)))
    assert 0 == len(undecided(old, new(changed.model_copy(update={"subject": "Ann"}))))
    assert 0 == len(undecided(old, new(changed), similarity=0.3))


def test_two_facts_on_one_theme_are_not_worth_a_call():
    """Without a sign of change only what may be one fact in two wordings is asked about."""
    old = known(state("collect", "stamps"))

    assert 0 == len(undecided(old, new(state("collect", "coins")), similarity=0.8))
    assert 1 == len(undecided(old, new(state("collect", "coins")), similarity=0.9))


def test_two_events_with_other_ends_are_not_worth_a_call():
    """Taking up chess is not taking up archery, and neither undoes the other; states may be one in other words."""

    def took_up(kind, hobby):
        triple = Triple(source_id="tom", type="took_up", target_id=hobby)
        draft = FactDraft(text=f"Tom took up {hobby}.", message=0, kind=kind)
        return LinkedFact(draft=draft, memory_id="new", subject_id="tom", valid_from=START + DAY, triples=(triple,))

    def open_pairs(kind, hobby):
        chess = Triple(source_id="tom", type="took_up", target_id="chess")
        old = known(text="Tom took up chess.", subject_id="tom", triples=(chess,), kind=kind, similarity=0.9)
        return len(judge([took_up(kind, hobby)], [[old]]).undecided)

    assert (0, 1) == (open_pairs("episodic", "archery"), open_pairs("semantic", "archery"))


def test_an_event_with_the_thing_of_a_fact_is_left_to_a_model():
    """ "Bo bought the van" may be the end of "Bo is saving for a van"."""
    old = known(state("save for", "van"), similarity=0.7)

    assert 1 == len(undecided(old, new(state("buy", "van", modality="past"))))
    assert 0 == len(undecided(old, new(state("buy", "boat", modality="past"))))


def test_facts_without_claims_are_asked_about_by_their_words_and_relations():
    """An extractor that gives no claims says change in words."""
    old = known(similarity=0.7, text="Tom collects stamps.", subject_id="tom")
    draft = FactDraft(text="Tom no longer cares for stamps.", message=0)
    other = draft.model_copy(update={"text": "Tom bought stamps."})

    def told(fact):
        return LinkedFact(draft=fact, memory_id="new", subject_id="tom", valid_from=START + DAY)

    assert (1, 0) == (len(undecided(old, told(draft))), len(undecided(old, told(other))))


def make_plan(facts, candidates, role="user"):
    judgement = judge(facts, candidates)
    return plan(
        Linked(facts=tuple(facts)), candidates, judgement.verdicts, scope=SCOPE, at=START + 9 * DAY, episode_id="ep",
        messages=[message(role)],
    )  # fmt: skip


def test_a_plan_adds_closes_and_tells():
    """The old memory is closed when the new one begins, in the same plan that adds it."""
    made = make_plan([new(slot("Austin"))], [[known(slot("Denver"))]])

    assert ["new"] == [a.memory.id for a in made.additions]
    assert [("old", START + DAY, "new")] == [(c.memory_id, c.valid_to, c.superseded_by) for c in made.closures]
    assert ["ADD", "DELETE"] == [c.event for c in made.changes]


def test_an_ending_is_itself_a_memory():
    """ "Leo stopped playing tennis" is kept, and closes "Leo plays tennis"."""
    made = make_plan([new(ending("tennis"), modality="ended")], [[known(state("play", "tennis"))]])

    assert "ended" == made.additions[0].memory.modality
    assert made.additions[0].memory.valid_to is None
    assert 1 == len(made.closures)


def test_there_and_back_again_gives_three_memories():
    """A, then B, then A again: three intervals, none of which is lost or revived."""
    first = memory(slot("A"), id="1", text="Tom lives in A.", valid_to=START + DAY)
    second = memory(slot("B"), id="2", text="Tom lives in B.", at=START + DAY)
    again = new(slot("A"), text="Tom lives in A.", at=START + 2 * DAY)

    made = make_plan([again], [[Candidate(memory=first, similarity=1.0), Candidate(memory=second, similarity=0.9)]])

    assert ["new"] == [a.memory.id for a in made.additions]
    assert [("2", START + 2 * DAY)] == [(c.memory_id, c.valid_to) for c in made.closures]


def test_a_late_fact_is_born_closed():
    """It is added with the end at which the known fact begins; the known fact stays open."""
    made = make_plan([new(slot("Boston"), at=START - 400 * DAY)], [[known(slot("Denver"))]])

    assert START == made.additions[0].memory.valid_to
    assert () == made.closures


def test_a_correction_leaves_no_time_in_which_it_was_true():
    """valid_to of the corrected memory is its valid_from."""
    made = make_plan([new(slot("Thu", name="date"), correction=True)], [[known(slot("Tue", name="date"))]])

    assert START == made.closures[0].valid_to


def test_a_repetition_adds_nothing_but_evidence():
    """The known memory is counted once more."""
    claim = state("play", "tennis")
    made = make_plan([new(claim, text="Tom plays tennis")], [[known(claim, text="Tom plays tennis.")]])

    assert () == made.additions
    assert ["old"] == [r.memory_id for r in made.repeats]
    assert ["NONE"] == [c.event for c in made.changes]


def test_more_detail_becomes_the_text_and_the_old_one_is_told():
    """A revision keeps the id and reports the previous text."""
    claim = state("play", "tennis")
    made = make_plan([new(claim, text="Tom plays tennis on clay.")], [[known(claim, text="Tom plays tennis.")]])

    assert ("Tom plays tennis on clay.", "Tom plays tennis.") == (
        made.revisions[0].text,
        made.changes[0].previous_text,
    )


@pytest.mark.parametrize(("role", "closed"), [("user", 1), ("assistant", 0), ("tool", 0), ("system", 1)])
def test_only_equal_trust_retires(role, closed):
    """What a user said is not retired by what an assistant or a tool says."""
    made = make_plan([new(slot("Austin"))], [[known(slot("Denver"))]], role)

    assert closed == len(made.closures)
    assert 1 == len(made.additions)
