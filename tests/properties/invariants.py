"""What holds of a memory at every moment, whatever was done to it. Each function gives what is wrong, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from graphmem import Memory

FUNCTIONAL = "lives_in"
"""A person lives in one place at a time."""
EVERYTHING = 1000


class Fact(NamedTuple):
    """What a memory says, as far as calls may change it."""

    text: str
    valid_from: datetime | None
    valid_to: datetime | None
    retired_at: datetime | None
    superseded_by: str | None
    expires_at: datetime | None
    trust: str
    metadata: tuple[tuple[str, object], ...]

    @property
    def open(self) -> bool:
        """Nothing has ended it."""
        return self.valid_to is None

    def live(self, now: datetime) -> bool:
        """Nothing has ended it, and its time is not over."""
        return self.open and (self.expires_at is None or self.expires_at > now)


class Tie(NamedTuple):
    """One interval of a relation."""

    source: str
    type: str
    target: str
    valid_from: datetime | None
    valid_to: datetime | None
    memory_ids: tuple[str, ...]


class Picture(NamedTuple):
    """Everything that one tenant can see."""

    facts: dict[str, Fact]
    ties: frozenset[Tie]
    entities: frozenset[tuple[str, tuple[str, ...]]]
    waiting: frozenset[tuple[str, str]]
    """Id and text of what waits for a decision."""

    def live(self, now: datetime) -> dict[str, Fact]:
        """Facts that hold."""
        return {i: fact for i, fact in self.facts.items() if fact.live(now)}

    def holds(self, tie: Tie, now: datetime) -> bool:
        """Whether a live fact supports an open interval."""
        return tie.valid_to is None and any(i in self.facts and self.facts[i].live(now) for i in tie.memory_ids)


NOTHING = Picture({}, frozenset(), frozenset(), frozenset())


def picture(memory: Memory, tenant: str) -> Picture:
    """What a tenant sees, ended things too."""
    facts = {
        m.id: Fact(
            m.text, m.valid_from, m.valid_to, m.retired_at, m.superseded_by, m.expires_at, m.trust,
            tuple(sorted(m.metadata.items())),
        )
        for m in memory.list(user_id=tenant, include_past=True, limit=EVERYTHING)
    }  # fmt: skip
    ties = frozenset(
        Tie(r.source.name, r.type, r.target.name, r.valid_from, r.valid_to, tuple(sorted(r.memory_ids)))
        for r in memory.relations(user_id=tenant, include_past=True, limit=EVERYTHING)
    )
    entities = frozenset((e.name, tuple(sorted(e.aliases))) for e in memory.entities(user_id=tenant, limit=EVERYTHING))
    waiting = frozenset((r.id, r.text) for r in memory.reviews(user_id=tenant, limit=EVERYTHING))
    return Picture(facts, ties, entities, waiting)


def wrong(memory: Memory, pictures: dict[str, Picture]) -> list[str]:
    """What must hold of the ledger, and of all tenants together."""
    found = [f"ledger: {problem}" for problem in memory._engine.ledger.check()]
    every = Counter(memory_id for seen in pictures.values() for memory_id in seen.facts)
    return found + [f"{memory_id} is there {count} times" for memory_id, count in every.items() if count > 1]


def wrong_of(seen: Picture, others: Sequence[str], now: datetime, excused: Collection[str] = ()) -> list[str]:
    """What is wrong in what one tenant sees; `others` are the canaries of the rest.

    A person may make one entity of two that live in different places, and nothing ends by it: `excused` are names that
    may live in several.
    """
    at_once = Counter(t.source for t in seen.ties if t.type == FUNCTIONAL and seen.holds(t, now))
    several = [f"{name} lives in {n} places" for name, n in at_once.items() if n > 1 and name not in excused]
    return [*_mixed(seen, others), *_intervals(seen), *several, *_ties(seen)]


def _mixed(seen: Picture, others: Sequence[str]) -> Iterator[str]:
    """Something of another tenant."""
    shown = repr(seen)
    yield from (f"sees {canary}" for canary in others if canary in shown)


def _intervals(seen: Picture) -> Iterator[str]:
    """An interval that ends before it begins, or a successor of what has not ended."""
    for memory_id, fact in seen.facts.items():
        if fact.valid_from and fact.valid_to and fact.valid_to < fact.valid_from:
            yield f"{memory_id} ends before it begins"
        if fact.valid_to is None and (fact.retired_at or fact.superseded_by):
            yield f"{memory_id} is open and retired"
        if fact.superseded_by == memory_id:
            yield f"{memory_id} supersedes itself"


def _ties(seen: Picture) -> Iterator[str]:
    """A relation that no memory supports, or that holds longer than all that support it."""
    for tie in seen.ties:
        supporters = [seen.facts[i] for i in tie.memory_ids if i in seen.facts]
        if not supporters:
            yield f"{tie} is supported by nothing"
        elif tie.valid_to is None and not any(fact.open for fact in supporters):
            yield f"{tie} outlives what supports it"


def pages(memory: Memory, tenant: str, size: int) -> list[str]:
    """Ids of all live memories, a few at a time."""
    found: list[str] = []
    cursor = None
    while True:
        page = memory.list(user_id=tenant, limit=size, cursor=cursor)
        found += [m.id for m in page]
        cursor = page.cursor
        if cursor is None:
            return found


def files_with(home: Path, text: str) -> list[str]:
    """Files of a home that hold a text."""
    forms = (text.encode(), text.encode("utf-16-le"))
    return [p.name for p in home.rglob("*") if p.is_file() and any(form in p.read_bytes() for form in forms)]
