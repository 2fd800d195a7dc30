"""Named signals become one ranking."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphmem.steps import fusion, signals
from graphmem.steps.fusion import CHAT, DOCUMENTS, RECIPES, Recipe
from graphmem.steps.question import parse
from graphmem.stores.contracts import Near
from graphmem.values import Memory, MessageRecord, Scope

AT = datetime(2023, 5, 10, tzinfo=UTC)


def message(text, speaker="Ann"):
    return MessageRecord(
        id="m", episode_id="e", position=0, conversation="c", scope=Scope(user_id="u"), role="user", speaker=speaker,
        content=text, timestamp=AT,
    )  # fmt: skip


def test_a_list_is_scaled_over_itself():
    """The best has 1, the last 0; with a floor the last keeps its part."""
    near = [Near("a", 4.0), Near("b", 3.0), Near("c", 2.0)]

    assert {"a": 1.0, "b": 0.5, "c": 0.0} == signals.normalised(near)
    assert {"a": 1.0, "b": 0.75, "c": 0.5} == signals.normalised(near, floor=0.0)
    assert {"a": 1.0} == signals.normalised([Near("a", 0.3)])
    assert {} == signals.normalised([])


def test_a_message_counts_what_its_facts_have():
    """By maximum, for each message that the fact was derived from."""
    messages = {"m": {"dense_turn": 0.2}}
    facts = {"f": {"dense_fact": 0.9}, "g": {"dense_fact": 0.4}}

    signals.share(messages, facts, {"f": ("m",), "g": ("m",)})

    assert {"dense_turn": 0.2, "dense_fact": 0.9} == messages["m"]


def test_a_fact_found_by_itself_stands_for_its_message():
    """It takes the signals of the message; one that the question hardly touches does not."""
    messages = {"m": {"dense_turn": 0.7}}
    facts = {"near": {"dense_fact": 0.9}, "far": {"dense_fact": 0.1}}

    standing = signals.share(messages, facts, {"near": ("m",), "far": ("m",)})

    assert {"near"} == standing
    assert {"dense_fact": 0.9, "dense_turn": 0.7} == facts["near"]
    assert {"dense_fact": 0.1} == facts["far"]


def test_priors_of_a_message():
    """Speaker, date, time expression, question mark and length are told apart by name."""
    found = signals.of_message(message("Shall we go tomorrow?"), parse("When did Ann go on 8 May 2023?"), "Ann")

    assert {"speaker", "time", "when", "asks", "length"} == found.keys()


def test_priors_of_a_fact():
    """A fact is about the participant, or begins near the date."""
    memory = Memory(id="f", text="Ann went to Rome in May", scope=Scope(user_id="u"), recorded_at=AT, valid_from=AT)
    found = signals.of_fact(memory, parse("When did Ann go on 8 May 2023?"), "Ann", AT)

    assert {"speaker": 1.0, "time": 1.0, "when": 1.0} == found


def test_two_participants_named_favour_neither():
    """The speaker prior needs exactly one name."""
    assert signals.asked_about(parse("Did Ann call Bob?"), ("Ann", "Bob")) is None
    assert "Ann" == signals.asked_about(parse("Did Ann call?"), ("Ann", "Bob"))


def test_the_score_is_the_weighted_sum_of_known_signals():
    """Absent signals are 0, and signals without a weight do not count."""
    recipe = Recipe(name="x", weights={"a": 2.0, "b": -1.0})

    assert {"one": 1.5, "two": 0.0} == fusion.weighted({"one": {"a": 1.0, "b": 0.5}, "two": {"c": 9.0}}, recipe)


def test_what_a_fact_takes_keeps_the_order_of_the_lists():
    """In each process: a sum in another order differs in its last digit, and decides ties."""
    names = [f"list {n}" for n in range(20)]
    messages = {"m": dict.fromkeys(names, 0.1)}
    facts = {"f": {"dense_fact": 0.9}}

    signals.share(messages, facts, {"f": ("m",)})

    assert ["dense_fact", *names] == list(facts["f"])


def test_a_session_shares_its_three_best():
    """Every candidate of a session has the mean of its three best."""
    base = {"a": 4.0, "b": 3.0, "c": 2.0, "d": 0.0, "e": 1.0}

    means = fusion.session_means(base, {"a": 1, "b": 1, "c": 1, "d": 1, "e": 2})

    assert {"a": 3.0, "b": 3.0, "c": 3.0, "d": 3.0, "e": 1.0} == means


def test_the_walk_adds_to_a_chat_and_decides_for_documents():
    """With CHAT the base weighs twice the walk; with DOCUMENTS it only breaks ties."""
    base, walk = {"a": 1.0, "b": 0.0, "c": 0.5}, {"a": 0.0, "b": 0.2, "c": 0.0}

    assert ["a", "b", "c"] == _order(fusion.combine(base, walk, CHAT))
    assert ["b", "a", "c"] == _order(fusion.combine(base, walk, DOCUMENTS))


def _order(scores):
    return sorted(scores, key=lambda key: (-scores[key], key))


def test_a_repeat_is_set_back():
    """A message whose fact was shown comes after what is new; facts and messages without sources keep their place."""
    placed = fusion.order({"fact": 0.9, "message": 0.9, "other": 0.6}, {"fact": ("m",), "message": ("m",)}, 0.5)

    assert [("fact", 0.9), ("other", 0.6), ("message", 0.45)] == placed


def test_recipes_ask_only_for_lists_they_weigh():
    """A list costs a query."""
    assert ("dense_turn",) == RECIPES["vectors"].lists
    assert "dense_fact" in DOCUMENTS.lists
    assert set(CHAT.lists) <= set(signals.LEXICAL + signals.DENSE)


scores = st.dictionaries(st.text(max_size=3), st.floats(-5, 5), min_size=1, max_size=20)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
@given(base=scores)
def test_scores_stay_in_range_and_keep_every_candidate(recipe, base):
    """Whatever the base and the walk, all candidates come out, between 0 and 1, best first."""
    combined = fusion.combine(base, dict.fromkeys(list(base)[:3], 0.1), recipe)
    placed = fusion.order(combined, {}, recipe.repeat)

    assert base.keys() == dict(placed).keys()
    assert all(0.0 <= score <= 1.0 for _, score in placed)
    assert placed == sorted(placed, key=lambda item: -item[1])
