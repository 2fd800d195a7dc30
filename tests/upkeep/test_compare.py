"""diff: the net change between two moments, told once for each memory."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphmem import InputError, Memory
from tests.conftest import Clock
from tests.upkeep.worlds import opened, say


def told(memory: Memory, since: object, until: object = None, **labels: str) -> set[tuple[str, str, str | None]]:
    """(change, text, previous text) of every memory in a diff."""
    found = memory.diff(since, until, **labels)  # type: ignore[arg-type]
    return {(d.change, d.text, d.previous_text) for d in found.memories}


def test_each_kind_of_change_is_told_once(tmp_path: Path, clock: Clock) -> None:
    """Added, changed, ended, removed, restored; what came and went is only counted."""
    with opened(tmp_path / "home", clock) as memory:
        say(memory, clock, "Maria lives in Lisbon", ("Maria", "lives_in", "Lisbon"))
        tea = say(memory, clock, "Maria likes tea", ("Maria", "likes", "tea")).changes[0].memory_id
        dog = say(memory, clock, "Maria owns a dog", ("Maria", "owns", "dog")).changes[0].memory_id
        cat = say(memory, clock, "Maria owns a cat", ("Maria", "owns", "cat")).changes[0].memory_id
        back = memory.delete(cat).resolution_id
        middle = clock.advance(hours=1)
        clock.advance(hours=1)
        say(memory, clock, "Maria lives in Porto", ("Maria", "lives_in", "Porto"))
        memory.update(tea, "Maria loves tea")
        memory.delete(dog)
        memory.undo(str(back))
        passing = say(memory, clock, "Maria owns a yak", ("Maria", "owns", "yak")).changes[0].memory_id
        memory.delete(passing)
        found = memory.diff(middle, user_id="maria")

        assert {
            ("added", "Maria lives in Porto", None),
            ("ended", "Maria lives in Lisbon", None),
            ("changed", "Maria loves tea", "Maria likes tea"),
            ("removed", "Maria owns a dog", None),
            ("restored", "Maria owns a cat", None),
        } == told(memory, middle)
        assert 1 == found.passing
        assert ["Porto"] == [r.target.name for r in found.relations_added if r.type == "lives_in"]
        assert ["Lisbon"] == [r.target.name for r in found.relations_ended]


def test_a_period_in_the_past_and_the_periods_together(one: Path, clock: Clock) -> None:
    """From the beginning everything is new; nothing changed since the last write; two halves tell all that is told."""
    start = datetime(2000, 1, 1, tzinfo=UTC)
    with opened(one, clock) as memory:
        everything = told(memory, start)
        facts = {fact.text for user in ("maria", "bob") for fact in memory.list(user_id=user, include_past=True)}
        moments = sorted(line.at for fact in memory.list(user_id="maria") for line in memory.history(fact.id))
        halves = [told(memory, start, moments[1]), told(memory, moments[1])]

        assert facts == {text for _, text, _ in everything}
        assert {"added"} == {change for change, _, _ in everything}
        assert set() == told(memory, clock.now)
        assert facts <= {text for half in halves for _, text, _ in half}


def test_a_scope_sees_its_own_changes(one: Path, clock: Clock) -> None:
    """Also those of memories that are gone with their whole scope."""
    start = datetime(2000, 1, 1, tzinfo=UTC)
    with opened(one, clock) as memory:
        before = clock.now
        clock.advance(hours=1)
        memory.delete_all(user_id="bob")

        assert {("removed", "Bob works at Acme", None)} == told(memory, before, user_id="bob")
        assert set() == told(memory, before, user_id="maria")
        assert not any("Bob" in text for _, text, _ in told(memory, start, user_id="maria"))
        with pytest.raises(InputError, match="since"):
            memory.diff(clock.now, before)
