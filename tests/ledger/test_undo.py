"""Undoing: each kind of change goes back to what was, and never over something that stands on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graphmem.errors import ConflictError, NotFound
from graphmem.ledger.sql import SqlLedger
from graphmem.values import Entity, MessageRecord, Plan, Repeat, Revision, Triple
from tests.ledger.worlds import MARIA, close, day, fact, item, live, now, plan, rows, say, vector

OLD = "maria#lives in Lisbon"


def _known(ledger: SqlLedger) -> MessageRecord:
    before, source, _ = say(ledger, "hello", "I live in Lisbon", "bye")
    first = fact("lives in Lisbon", source, ("Maria", "lives_in", "Lisbon"), metadata={"n": 1, "tags": ["a", "b"]})
    vectors = [
        item(OLD, 1, 0),
        *(item(m.id, 1, 1, view="window") for m in (before, source)),
        item("maria/Lisbon", 0, 1, view="entity"),
    ]
    ledger.commit(plan("first", first, message_entities=((source.id, "maria/Lisbon"),)), vectors)
    return source


def _reworded(text: str, kind: str) -> Plan:
    change = Revision(
        memory_id=OLD,
        text=text,
        previous_text="lives in Lisbon",
        reason="more detail",
        entity_ids=("maria/Maria", "maria/Alfama"),
        triples=(Triple(source_id="maria/Maria", type=kind, target_id="maria/Alfama"),),
    )
    return plan("second", revisions=(change,), on=1).model_copy(
        update={"entities": (Entity(id="maria/Alfama", name="Alfama"),)}
    )


def _revision(_: MessageRecord) -> Plan:
    return _reworded("lives in Lisbon, Alfama", "lives_in")


def _closure(source: MessageRecord) -> Plan:
    new = fact("lives in Porto", source, ("Maria", "lives_in", "Porto"), on=1)
    return plan("second", new, on=1, closures=(close("lives in Lisbon", 1, "lives in Porto"),))


def _repeat(source: MessageRecord) -> Plan:
    span = fact("x", source).evidence[0].model_copy(update={"quote": "another span"})
    return plan("second", on=1, repeats=(Repeat(memory_id=OLD, evidence=(span,)),))


def _names(source: MessageRecord) -> Plan:
    better = Entity(id="maria/Lisbon", name="Lisbon", type="City", aliases=("Lisboa",))
    other = Entity(id="maria/Lissabon", name="Lissabon")
    return plan("second", fact("Lissabon is nice", source, ("Lissabon", "is", "Lissabon")), on=1).model_copy(
        update={
            "entities": (better, other),
            "similar": (("maria/Lisbon", "maria/Lissabon", 0.9),),
            "message_entities": ((source.id, "maria/Lissabon"),),
        }
    )


@pytest.mark.parametrize("change", [_revision, _closure, _repeat, _names])
def test_undo_puts_back_what_a_plan_changed(ledger: SqlLedger, change: Callable[[MessageRecord], Plan]) -> None:
    """After undo everything but history and outbox reads as before, and nothing is orphaned."""
    source = _known(ledger)
    before = rows(ledger, MARIA)
    second = change(source)
    ledger.commit(second)
    changed = rows(ledger, MARIA)
    undone = ledger.undo("second", day(2))

    assert second == undone
    assert before != changed
    assert before == rows(ledger, MARIA)
    assert () == ledger.check()


def test_undo_brings_deleted_memories_back(ledger: SqlLedger) -> None:
    """Text, metadata, relations, vectors, full text and the withdrawn message are there again."""
    source = _known(ledger)
    before = rows(ledger, MARIA)
    report = ledger.delete([OLD], day(1))
    empty = (live(ledger), ledger.lexical("turn", "lisbon", MARIA), ledger.nearest("fact", vector(1, 0), MARIA))
    assert () == ledger.check()
    ledger.undo(str(report.resolution_id), day(2))

    assert ([], (), ()) == empty
    assert before == rows(ledger, MARIA)
    assert [OLD] == [near.item_id for near in ledger.nearest("fact", vector(1, 0), MARIA)]
    assert {source.id} <= {near.item_id for near in ledger.lexical("window3", "lisbon", MARIA)}
    assert () == ledger.check()


def test_undo_takes_an_update_back(ledger: SqlLedger) -> None:
    """Text, metadata and vector go back together."""
    _known(ledger)
    before = rows(ledger, MARIA)
    ledger.update(OLD, day(1), text="lives in Faro", metadata={"m": 2}, vectors=[item(OLD, 0, 1)])
    ledger.undo(str(ledger.history(OLD)[-1].resolution_id), day(2))

    assert before == rows(ledger, MARIA)


def test_undo_of_an_addition_removes_it_and_what_only_it_named(ledger: SqlLedger) -> None:
    """An empty ledger is empty again."""
    _known(ledger)
    ledger.undo("first", day(1))

    assert [] == live(ledger, everything=True)
    assert () == ledger.find_entities(MARIA) == ledger.graph.relations(MARIA, now())
    assert () == ledger.check()
    assert ["ADD", "DELETE"] == [entry.event for entry in ledger.history(OLD)]


def test_a_name_that_only_messages_had_is_weak_again(ledger: SqlLedger) -> None:
    """It has no vector and is not listed, unless a fact names it in a resolution since."""
    _, source, _ = say(ledger, "hello", "I was in Porto", "bye")
    weak = plan("first", message_entities=((source.id, "maria/Porto"),))
    ledger.commit(weak.model_copy(update={"entities": (Entity(id="maria/Porto", name="Porto", weak=True),)}))
    before = rows(ledger, MARIA)
    for name, on in (("second", 1), ("third", 2)):
        likes = fact(f"likes Porto, said {name}", source, ("Maria", "likes", "Porto"), on=on)
        ledger.commit(plan(name, likes, on=on), [item("maria/Porto", 0, 1, view="entity")])
        if name == "second":
            ledger.undo("second", day(1))
            assert before == rows(ledger, MARIA)
            ledger.commit(plan("again", likes, on=1), [item("maria/Porto", 0, 1, view="entity")])
    ledger.undo("again", day(3))

    assert ["maria/Porto"] == [near.item_id for near in ledger.nearest("entity", vector(0, 1), MARIA)]
    assert "Porto" in [entity.name for entity in ledger.find_entities(MARIA)]
    assert () == ledger.check()


def test_a_name_that_a_message_took_up_since_is_left_weak(ledger: SqlLedger) -> None:
    """The fact that made it known goes, and a later message that has the name alone does not make it known."""
    _, source, other = say(ledger, "hello", "I was in Porto", "Porto, again")
    ledger.commit(plan("first", fact("likes Porto", source, ("Maria", "likes", "Porto"))))
    ledger.commit(plan("second", on=1, message_entities=((other.id, "maria/Porto"),)))
    ledger.undo("first", day(2))

    assert [] == [entity.name for entity in ledger.find_entities(MARIA)]
    assert [True] == [entity.weak for entity in ledger.entities("user:maria", ["porto"])["porto"]]
    assert () == ledger.check()


def test_undo_is_refused_twice_and_under_a_later_resolution(ledger: SqlLedger) -> None:
    """The error names the resolution that stands on it; undone in order, all goes back."""
    source = _known(ledger)
    ledger.commit(_closure(source))
    with pytest.raises(ConflictError, match="second"):
        ledger.undo("first", day(2))
    ledger.undo("second", day(2))
    with pytest.raises(ConflictError, match="before"):
        ledger.undo("second", day(3))
    ledger.undo("first", day(3))
    with pytest.raises(NotFound):
        ledger.undo("never", day(3))

    assert () == ledger.check()


def test_undo_is_refused_beside_a_newer_value(ledger: SqlLedger) -> None:
    """What was deleted does not come back where another value has come since; where both may hold, it does."""
    source = _known(ledger)
    gone = ledger.delete([OLD], day(1))
    ledger.commit(plan("second", fact("lives in Porto", source, ("Maria", "lives_in", "Porto"), on=2), on=2))
    before = rows(ledger, MARIA)

    with pytest.raises(ConflictError, match="'lives in Lisbon' would come back beside 'lives in Porto'"):
        ledger.undo(str(gone.resolution_id), day(3))
    assert before == rows(ledger, MARIA)
    ledger.undo(str(gone.resolution_id), day(3), {"lives_in": "many"})
    assert {"lives in Lisbon", "lives in Porto"} == {memory.text for memory in ledger.list(MARIA, now()).items}


def test_undo_of_a_rewording_is_refused_beside_a_newer_value(ledger: SqlLedger) -> None:
    """What the text said before does not hold again where another value has come since."""
    source = _known(ledger)
    ledger.commit(_reworded("likes Alfama", "likes"))
    ledger.commit(plan("third", fact("lives in Porto", source, ("Maria", "lives_in", "Porto"), on=2), on=2))
    before = rows(ledger, MARIA)

    with pytest.raises(ConflictError, match="'lives in Lisbon' would come back beside 'lives in Porto'"):
        ledger.undo("second", day(3))
    assert before == rows(ledger, MARIA)


def test_undo_is_refused_beside_a_newer_value_when_time_is_up(ledger: SqlLedger) -> None:
    """Whoever says again what is past its time gives it more: it would hold beside the other from then on."""
    _, source, _ = say(ledger, "hello", "I live in Lisbon", "bye")
    ledger.commit(plan("first", fact("lives in Lisbon", source, ("Maria", "lives_in", "Lisbon"), expires_at=day(2))))
    lisbon = ledger.delete([OLD], day(1))
    porto = fact("lives in Porto", source, ("Maria", "lives_in", "Porto"), on=1, expires_at=day(2))
    ledger.commit(plan("second", porto, on=1))
    before = rows(ledger, MARIA)

    with pytest.raises(ConflictError, match="'lives in Lisbon' would come back beside 'lives in Porto'"):
        ledger.undo(str(lisbon.resolution_id), day(3))
    assert before == rows(ledger, MARIA)
    assert [] == live(ledger)


def test_what_is_newer_in_one_moment_is_told_by_the_order(ledger: SqlLedger) -> None:
    """The clock stands still: what was said behind a deletion is newer than it, and what was said before is not."""
    source = _known(ledger)
    porto = fact("lives in Porto", source, ("Maria", "lives_in", "Porto"), on=1)
    beside = ledger.delete([OLD], day(1))
    ledger.commit(plan("second", porto, on=1))

    with pytest.raises(ConflictError, match="'lives in Lisbon' would come back beside 'lives in Porto'"):
        ledger.undo(str(beside.resolution_id), day(1))
    moved = ledger.delete(["maria#lives in Porto"], day(1))
    ledger.undo(str(beside.resolution_id), day(1))
    with pytest.raises(ConflictError, match="'lives in Porto' would come back beside 'lives in Lisbon'"):
        ledger.undo(str(moved.resolution_id), day(1))


def test_two_values_that_stood_together_come_back_so(ledger: SqlLedger) -> None:
    """What held beside another value before it was deleted does so again, whatever the other has got since."""
    source = _known(ledger)
    ledger.commit(plan("second", fact("lives in Porto", source, ("Maria", "lives_in", "Porto"), on=1), on=1))
    gone = ledger.delete([OLD], day(1))
    ledger.commit(plan("third", on=1, repeats=(Repeat(memory_id="maria#lives in Porto", evidence=()),)))

    ledger.undo(str(gone.resolution_id), day(1))
    assert ["lives in Lisbon", "lives in Porto"] == live(ledger)


def test_history_tells_of_closures_and_their_undoing(ledger: SqlLedger) -> None:
    """A closure is a DELETE with its reason; reopening is an ADD."""
    source = _known(ledger)
    ledger.commit(_closure(source))
    ledger.undo("second", day(2))

    assert [("ADD", ""), ("DELETE", "moved"), ("ADD", "undo of second")] == [
        (entry.event, entry.reason) for entry in ledger.history(OLD)
    ]
