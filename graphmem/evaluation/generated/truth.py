"""What is so: the facts of each telling, and the intervals in which everything in the world held.

A fact that is told with its date begins on that day; one without begins when it is told, for nobody can know better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from graphmem.evaluation.generated.sentences import article
from graphmem.evaluation.generated.world import SINGLE, Event
from graphmem.values import EntityDraft, FactDraft, Modality, RelationDraft

SYMMETRIC = frozenset({"married_to", "sibling_of", "friend_of"})
_ONE_AT_A_TIME = frozenset({*SINGLE, "headquartered_in"})
_TARGET: Mapping[str, str] = {
    "lives_in": "Place", "headquartered_in": "Place", "works_at": "Organisation", "job_title": "Occupation",
    "has_pet": "Animal",
}  # fmt: skip
PAST: Mapping[str, str] = {
    "lives_in": "lived_in", "works_at": "worked_at", "job_title": "worked_as", "married_to": "was_married_to",
    "has_pet": "had_pet",
}  # fmt: skip
_SAYS: Mapping[str, str] = {
    "lives_in": "lives in", "works_at": "works at", "job_title": "works as", "married_to": "is married to",
    "sibling_of": "is a sibling of", "parent_of": "is a parent of", "friend_of": "is a friend of",
    "has_pet": "has a pet named", "headquartered_in": "is headquartered in",
}  # fmt: skip
_MODALITY: Mapping[str, Modality] = {"ends": "ended", "past": "past", "years": "past", "supposed": "planned"}


@dataclass(frozen=True)
class Told:
    """An event as it was told: by which line, when, and whether with its date."""

    event: Event
    line: str
    said: datetime
    dated: bool

    @property
    def since(self) -> datetime:
        """From when on a reader can take it to be so."""
        return midnight(self.event.happened) if self.dated else self.said


@dataclass(frozen=True)
class Interval:
    """Something that held from `start` until `end` (None: still), and the lines that say so."""

    subject: str
    predicate: str
    value: str
    start: datetime
    end: datetime | None = None
    lines: tuple[str, ...] = ()

    def holds(self, moment: datetime) -> bool:
        """Whether it was so at a moment."""
        return self.start <= moment and (self.end is None or moment < self.end)


def midnight(day: date) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime.combine(day, time(), UTC)


def facts(event: Event, quote: str, since: datetime | None) -> tuple[FactDraft, ...]:
    """What a perfect reader takes from the telling; `since` is the date that it gives, if it gives one."""
    value = event.old if event.phase in {"ends", "past", "years", "supposed"} else event.value
    value = value or event.old
    predicate = PAST[event.predicate] if event.phase == "past" else event.predicate
    relation = RelationDraft(source=event.subject, type=predicate, target=value)
    kind = "Organisation" if event.predicate == "headquartered_in" else "Person"
    ends = (
        EntityDraft(name=event.subject, type=kind),
        EntityDraft(name=value, type=_TARGET.get(event.predicate, "Person")),
    )
    start, end = since, None
    if event.years is not None:
        start, end = (midnight(date(year, 1, 1)) for year in event.years)
    return (
        FactDraft(
            text=_statement(event, value), message=0, quote=quote, subject=event.subject, entities=ends,
            relations=() if event.phase == "denied" else (relation,), modality=_MODALITY.get(event.phase, "asserted"),
            correction=event.phase == "corrected", valid_from=start, valid_to=end,
        ),
    )  # fmt: skip


def _statement(event: Event, value: str) -> str:
    who, says = event.subject, _SAYS[event.predicate]
    named = article(value) if event.predicate == "job_title" else value
    if event.phase == "denied":
        return f"It is not so that {who} {says} {named}."
    if event.phase == "ends":
        return f"It is over that {who} {says} {named}."
    if event.phase == "past":
        return f"It was once so that {who} {says} {named}."
    if event.phase == "years" and event.years is not None:
        return f"From {event.years[0]} to {event.years[1]}: {who} {says} {named}."
    if event.phase == "supposed":
        return f"One day it may be that {who} {says} {named}."
    return f"{who} {says} {named}."


def intervals(told: Iterable[Told]) -> tuple[Interval, ...]:
    """Everything that held, in the order of its start."""
    by_key: dict[tuple[object, ...], list[Told]] = {}
    for one in told:
        by_key.setdefault(_key(one.event), []).append(one)
    found = [i for group in by_key.values() for i in _fold(group)]
    return tuple(sorted(found, key=lambda i: (i.start, i.subject, i.predicate, i.value)))


def former(told: Iterable[Told]) -> tuple[Interval, ...]:
    """What once was ("lived_in"), which is known from when it is told on."""
    return tuple(
        Interval(t.event.subject, PAST[t.event.predicate], t.event.old, t.said, None, (t.line,))
        for t in told
        if t.event.phase == "past"
    )


def _key(event: Event) -> tuple[object, ...]:
    """What one life line is about: a subject's only value, a pair, or a subject and one of its values."""
    value = event.value or event.old
    if event.predicate in SYMMETRIC:
        return event.predicate, frozenset((event.subject, value))
    if event.predicate in _ONE_AT_A_TIME:
        return event.predicate, event.subject
    return event.predicate, event.subject, value


def _fold(group: Sequence[Told]) -> list[Interval]:
    """The intervals of one life line: each change ends what held before it."""
    held: list[Interval] = []
    for one in sorted(group, key=lambda t: (t.since, t.said, t.line)):
        event, since, lines = one.event, one.since, (one.line,)
        if event.phase == "years" and event.years is not None:
            first, last = (midnight(date(year, 1, 1)) for year in event.years)
            held.insert(0, Interval(event.subject, event.predicate, event.old, first, last, lines))
        elif event.phase in {"corrected", "holds", "begins", "returns", "ends"}:
            if held and held[-1].end is None:
                held[-1] = _until(held[-1], since, lines)
            if event.phase != "ends":
                held.append(Interval(event.subject, event.predicate, event.value, since, None, lines))
    return held


def _until(interval: Interval, end: datetime, lines: tuple[str, ...]) -> Interval:
    return Interval(interval.subject, interval.predicate, interval.value, interval.start, end, interval.lines + lines)
