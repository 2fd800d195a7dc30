"""What is visible when: as_of, known_at, intervals, corrections, expiry."""

from __future__ import annotations

import pytest

from graphmem.ledger.sql import SqlLedger
from graphmem.values import Memory
from tests.ledger.worlds import MARIA, START, close, day, fact, live, now, plan, say

LISBON, PORTO, AGAIN = "lives in Lisbon", "lives in Porto", "lives in Lisbon again"


def _moves(ledger: SqlLedger) -> None:
    (source,) = say(ledger, "I move a lot")
    home = ("Maria", "lives_in", "Lisbon")
    ledger.commit(plan("first", fact(LISBON, source, home, on=10), on=10))
    second = fact(PORTO, source, ("Maria", "lives_in", "Porto"), on=20, recorded=25)
    ledger.commit(plan("second", second, on=25, closures=(close(LISBON, 20, PORTO),)))
    third = fact(AGAIN, source, home, on=30, recorded=35)
    ledger.commit(plan("third", third, on=35, closures=(close(PORTO, 30, AGAIN),)))


@pytest.mark.parametrize(
    ("as_of", "known_at", "expected"),
    [
        (None, None, [AGAIN]),
        (5, None, []),
        (10, None, [LISBON]),
        (19, None, [LISBON]),
        (20, None, [PORTO]),
        (29, None, [PORTO]),
        (30, None, [AGAIN]),
        (None, 5, []),
        (None, 24, [LISBON]),
        (None, 25, [PORTO]),
        (None, 34, [PORTO]),
        (22, 24, [LISBON]),
        (22, 25, [PORTO]),
        (31, 26, [PORTO]),
        (31, 35, [AGAIN]),
    ],
)
def test_a_read_sees_what_was_true_then_as_believed_then(
    ledger: SqlLedger, as_of: int | None, known_at: int | None, expected: list[str]
) -> None:
    """World time chooses the interval; transaction time ignores closures learned later."""
    _moves(ledger)
    how = {name: day(at) for name, at in (("as_of", as_of), ("known_at", known_at)) if at is not None}

    assert expected == live(ledger, **how)


def test_there_and_back_again_is_two_intervals_of_one_relation(ledger: SqlLedger) -> None:
    """A -> B -> A gives two values for A and one for B."""
    _moves(ledger)
    found = ledger.graph.relations(MARIA, now(everything=True))

    assert [
        ("Lisbon", day(30), None, (f"maria#{AGAIN}",)),
        ("Porto", day(20), day(30), (f"maria#{PORTO}",)),
        ("Lisbon", day(10), day(20), (f"maria#{LISBON}",)),
    ] == [(r.target.name, r.valid_from, r.valid_to, r.memory_ids) for r in found]
    assert 3 == len({r.id for r in found})


def test_relations_follow_what_was_believed(ledger: SqlLedger) -> None:
    """Before the move was known, the first home was still open."""
    _moves(ledger)
    (found,) = ledger.graph.relations(MARIA, now(known_at=day(24)))

    assert ("Lisbon", None, LISBON) == (found.target.name, found.valid_to, found.fact)


def test_touching_supports_make_one_interval(ledger: SqlLedger) -> None:
    """Two memories whose intervals meet support one value, told by the newer."""
    (source,) = say(ledger, "work")
    tie = ("Maria", "works_at", "Acme")
    parts = (
        fact("a", source, tie, on=1, until=5),
        fact("b", source, tie, on=5, until=9),
        fact("c", source, tie, on=20),
    )
    ledger.commit(plan("r", *parts))
    found = ledger.graph.relations(MARIA, now(everything=True))

    assert [("c", day(20), None, 1), ("b", day(1), day(9), 2)] == [
        (r.fact, r.valid_from, r.valid_to, len(r.memory_ids)) for r in found
    ]
    assert (source.episode_id,) == found[0].episode_ids


def test_a_corrected_fact_was_never_true(ledger: SqlLedger) -> None:
    """An empty interval is seen by no moment of the world, only by what was believed before the correction."""
    (source,) = say(ledger, "the party is on Monday")
    ledger.commit(plan("wrong", fact("Monday", source, on=50, recorded=1), on=1))
    ledger.commit(plan("right", on=2, closures=(close("Monday", 50),)))

    assert [] == live(ledger, number=3) == live(ledger, as_of=day(50)) == live(ledger, as_of=day(60))
    assert ["Monday"] == live(ledger, known_at=day(1)) == live(ledger, as_of=day(60), known_at=day(1))
    assert ["Monday"] == live(ledger, everything=True)


def test_expired_memories_are_hidden(ledger: SqlLedger) -> None:
    """`expires_at` hides from its moment on, except when everything is asked for."""
    (source,) = say(ledger, "parking spot 12")
    ledger.commit(plan("r", fact("spot", source, expires_at=day(7))))

    assert ["spot"] == live(ledger, number=6) == live(ledger, number=8, everything=True)
    assert [] == live(ledger, number=7)


def test_messages_are_seen_once_said_and_known(ledger: SqlLedger) -> None:
    """A message belongs to the moment it was said, and to what the ledger knew then."""
    (early,) = say(ledger, "early", on=1)
    (late,) = say(ledger, "late", on=9)
    both = [early.id, late.id]

    assert {early.id} == ledger.visible(both, MARIA, now(as_of=day(5)), "message")
    assert {early.id} == ledger.visible(both, MARIA, now(known_at=day(5)), "message")
    assert set(both) == ledger.visible(both, MARIA, now(), "message")


def test_times_come_back_exact(ledger: SqlLedger) -> None:
    """Microseconds and the ends of the calendar survive."""
    (source,) = say(ledger, "time")
    moments = [START.replace(year=1), START.replace(year=9999), START.replace(microsecond=123_457)]
    facts = [fact(str(n), source).memory.model_copy(update={"valid_from": at}) for n, at in enumerate(moments)]
    ledger.commit(plan("r", *(fact(str(n), source).model_copy(update={"memory": m}) for n, m in enumerate(facts))))
    found: dict[str, Memory] = dict(ledger.memories([m.id for m in facts]))

    assert moments == [found[m.id].valid_from for m in facts]
