"""Asking a model about open pairs: what it is told, and what of its reply is believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphmem.steps.resolution import Judgement, Pair, apply_model, prompt
from graphmem.steps.resolution.asking import MAX_PAIRS, SCHEMA, read_reply

AT = datetime(2024, 5, 8, tzinfo=UTC)


def pair(number=0, *, new="Tom collects coins.", old="Tom collects stamps.", since=1, similarity=0.7):
    return Pair(
        fact=number, memory_id=f"secret-{number}", fact_text=new, memory_text=old, fact_from=AT + timedelta(days=since),
        memory_from=AT, similarity=similarity,
    )  # fmt: skip


def reply(action, name="p1"):
    return json.dumps({"verdicts": [{"pair": name, "action": action, "reason": "he changed"}]})


def decided(text, *pairs):
    return [(v.memory_id, v.action) for v in apply_model(Judgement(undecided=pairs), text)]


def test_the_prompt_holds_texts_dates_and_local_indices_only():
    """No id of the ledger reaches the model; each text is there once."""
    asked = prompt([pair(0), pair(1, new="Ann is here.")])

    assert "secret" not in asked.user + asked.system
    assert 1 == asked.user.count("Tom collects coins.")
    assert "p1: f1 m1\np2: f2 m2" in asked.user
    assert "2024-05-09" in asked.user
    assert SCHEMA == asked.json_schema


def test_only_the_nearest_pairs_are_asked():
    """A prompt has a bound; the farthest pairs are kept unasked."""
    pairs = [pair(n, similarity=0.6 + n / 1000) for n in range(MAX_PAIRS + 5)]

    assert MAX_PAIRS == prompt(pairs).user.count(": f")


@pytest.mark.parametrize(
    ("action", "expected"),
    [("supersede", "supersede"), ("end", "end"), ("correct", "correct"), ("same", "same"), ("SUPERSEDE ", "supersede")],
)
def test_allowed_actions_become_verdicts(action, expected):
    """A verdict of the model is marked as such."""
    verdicts = apply_model(Judgement(undecided=(pair(),)), reply(action))

    assert [("secret-0", expected, "model")] == [(v.memory_id, v.action, v.decided_by) for v in verdicts]


def test_keep_is_no_verdict():
    """Keeping changes nothing and needs no line."""
    assert [] == decided(reply("keep"), pair())


@pytest.mark.parametrize(
    "text",
    [
        reply("delete"),
        reply("supersede", "p7"),
        reply("supersede", "secret-0"),
        "I think they are the same.",
        "",
        "[1, 2]",
        '{"verdicts": "p1"}',
        '{"verdicts": [{"pair": "p1", "action": "supersede"',
    ],
)
def test_what_is_not_allowed_keeps_the_pair(text):
    """Unknown indices, unknown actions, prose, wrong shapes and cut replies change nothing."""
    assert [] == decided(text, pair())


def test_refused_verdicts_are_counted():
    """An unknown index, a second verdict on one pair and an unknown action: three refusals."""
    said = [("p1", "end"), ("p1", "same"), ("p9", "end"), ("p2", "erase")]
    text = json.dumps({"verdicts": [{"pair": p, "action": a, "reason": ""} for p, a in said]})

    verdicts, dropped = read_reply([pair(0), pair(1)], text)

    assert (1, 3) == (len(verdicts), dropped)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Amy is not allergic to peanuts.", "Amy is allergic to peanuts."),
        ("Amy has 3 cats.", "Amy has 2 cats."),
    ],
)
def test_a_model_cannot_merge_opposites(new, old):
    """ "same" for sentences that differ in a negation or a number is refused."""
    assert [] == decided(reply("same"), pair(new=new, old=old))


def test_an_older_fact_cannot_supersede():
    """When the new fact began earlier, the model's supersede becomes late."""
    assert [("secret-0", "late")] == decided(reply("supersede"), pair(since=-5))
    assert [] == decided(reply("end"), pair(since=-5))


@given(st.text(max_size=200))
def test_any_reply_can_be_read(text):
    """No reply raises, and none names a memory that was not asked about."""
    assert {m for m, _ in decided(text, pair())} <= {"secret-0"}
