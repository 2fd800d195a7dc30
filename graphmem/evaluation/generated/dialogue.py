"""Who tells what to whom: the events of a world as dated conversations, with everything that people say around them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from graphmem.evaluation.generated.documents import Line, Talk
from graphmem.evaluation.generated.sentences import Filling, Voice, article, dated, is_dated, render
from graphmem.evaluation.generated.truth import Told, facts
from graphmem.evaluation.generated.words import Half, table, templates
from graphmem.evaluation.generated.world import FIRST_YEAR, MONTHS, Event, World

FIRST_PERSON = 0.55
"""Share of the facts that people tell of themselves."""


@dataclass
class _Meeting:
    """Two people and what one of them tells the other."""

    one: str
    two: str
    events: list[Event]


def talks(world: World, seed: int, half: Half = "all") -> tuple[tuple[Talk, ...], tuple[Told, ...]]:
    """The conversations of a world in the order of their dates, and how every event was told."""
    dice = random.Random(f"talks {seed}")  # noqa: S311 - a seeded benchmark, not a secret
    writer = _Writer(world, dice, half)
    held: list[Talk] = []
    for month in range(MONTHS):
        meetings = list(_meetings(world, month, dice))
        days = sorted((dice.randint(16, 28), dice.randint(8, 21), dice.randint(0, 59)) for _ in meetings)
        for meeting, (day, hour, minute) in zip(meetings, days, strict=True):
            at = datetime(FIRST_YEAR + month // 12, month % 12 + 1, day, hour, minute, tzinfo=UTC)
            held.append(writer.talk(meeting, at, f"s{len(held) + 1}"))
    return tuple(held), tuple(writer.told)


def _meetings(world: World, month: int, dice: random.Random) -> Iterator[_Meeting]:
    """The conversations of a month; a correction comes with its mistake."""
    people = [p.name for p in world.people]
    known = set(people)
    follows = set(world.followed.values())
    waiting = [n for n, e in enumerate(world.events) if e.telling == month and n not in follows]
    dice.shuffle(waiting)
    while waiting:
        first = world.events[waiting[-1]]
        involved = {first.subject, first.value, first.old}
        own = first.subject in known and dice.random() < FIRST_PERSON
        one = first.subject if own else dice.choice([p for p in people if p not in involved])
        others = [world.events[n].subject for n in waiting]
        fitting = [p for p in others if p in known and p != one and p not in involved]
        two = dice.choice(fitting or [p for p in people if p != one and p not in involved])
        events, waiting = _chosen(world, waiting, one, two, dice)
        yield _Meeting(one, two, events)


def _chosen(world: World, waiting: list[int], one: str, two: str, dice: random.Random) -> tuple[list[Event], list[int]]:
    """What a pair talks about: their own news and some of others, never of each other; the rest waits."""
    taken: list[int] = []
    rest: list[int] = []
    room = dice.randint(3, 6)
    for number in reversed(waiting):
        event = world.events[number]
        fits = not {event.value, event.old} & {one, two}
        own = event.subject in (one, two)
        wanted = not taken or own or dice.random() < 0.3
        (taken if fits and wanted and len(taken) < room else rest).append(number)
    events = []
    for number in taken:
        events.append(world.events[number])
        if number in world.followed:
            events.append(world.events[world.followed[number]])
    return events, rest[::-1]


class _Writer:
    """Writes conversations; keeps how each event was told."""

    def __init__(self, world: World, dice: random.Random, half: Half) -> None:
        self._dice = dice
        self._half = half
        self._world = world
        self._female = {p.name: p.female for p in world.people}
        self._talk = table("talk")
        self.told: list[Told] = []

    def talk(self, meeting: _Meeting, at: datetime, identity: str) -> Talk:
        """One conversation."""
        lines = [(meeting.one, self._idle("greetings", meeting.two), None), (meeting.two, self._idle("answers"), None)]
        found: list[tuple[str, str, tuple[Event, str] | None]] = [*lines]
        speaker = meeting.one
        for event in meeting.events:
            if self._dice.random() < 0.4:
                found.append((self._dice.choice([meeting.one, meeting.two]), self._distraction(), None))
            if event.phase != "corrected":
                speaker = self._speaker(event, meeting)
            other = meeting.two if speaker == meeting.one else meeting.one
            found += self._telling(event, speaker, other, at.date())
            if self._dice.random() < 0.5:
                found.append((other, self._idle("reactions"), None))
        return Talk(id=identity, at=at, lines=tuple(self._lines(found, at, identity)))

    def _lines(
        self, said: Sequence[tuple[str, str, tuple[Event, str] | None]], at: datetime, talk: str
    ) -> Iterator[Line]:
        for number, (speaker, text, telling) in enumerate(said, 1):
            identity = f"{talk}:{number}"
            if telling is None:
                yield Line(id=identity, speaker=speaker, text=text)
                continue
            event, template = telling
            told = Told(event, identity, at, is_dated(template))
            self.told.append(told)
            drafts = facts(event, text, told.since if told.dated else None)
            name = f"{event.predicate}.{event.phase}: {template}"
            yield Line(id=identity, speaker=speaker, text=text, facts=drafts, template=name)

    def _speaker(self, event: Event, meeting: _Meeting) -> str:
        if event.subject in (meeting.one, meeting.two):
            return event.subject
        return self._dice.choice([meeting.one, meeting.two])

    def _telling(
        self, event: Event, speaker: str, other: str, today: date
    ) -> Iterator[tuple[str, str, tuple[Event, str] | None]]:
        """The turns that tell an event: perhaps a question before it, and something around it."""
        own = speaker == event.subject
        company = event.subject not in self._female
        manner = "name" if own or event.phase == "corrected" else self._dice.choice(["name", "name", "lead", "ask"])
        if company and manner == "lead":
            manner = "name"
        voice = Voice(event.subject, self._female.get(event.subject, False), first=own,
                      pronoun=manner != "name" or event.phase == "corrected")  # fmt: skip
        template = self._template(event)
        text = render(template, voice, self._filling(event, today))
        if manner == "ask":
            yield other, self._idle("company_asks" if company else "asks", event.subject), None
        if manner == "lead":
            text = f"{self._idle('leads', event.subject)} {text}"
        elif manner == "name" and event.phase != "corrected" and self._dice.random() < 0.2:
            text = f"{self._idle('before')} {text}"
        if self._dice.random() < 0.12:
            text = f"{text} {self._idle('after')}"
        yield speaker, text, (event, template)

    def _template(self, event: Event) -> str:
        phase = "holds" if event.phase == "wrong" else event.phase
        fitting = list(templates(event.predicate, phase, self._half))
        if event.telling > event.month + 1:
            # Told long after: without its date it would be taken for news.
            fitting = [t for t in fitting if "{when}" in t or "{When}" in t] or fitting
        return self._dice.choice(fitting)

    def _filling(self, event: Event, today: date) -> Filling:
        when, since = dated(event.happened, today, self._dice.randint(0, 99))
        return Filling(
            value=event.value, old=event.old, value_female=self._female.get(event.value, False),
            old_female=self._female.get(event.old, False), kind=event.kind, when=when, since=since,
            years=event.years or (0, 0),
        )  # fmt: skip

    def _idle(self, kind: str, name: str = "") -> str:
        return self._dice.choice(self._talk[kind]).replace("{name}", name)

    def _distraction(self) -> str:
        kind = self._dice.choice(["chat", "chat", "questions", "hypotheticals", "others"])
        job = self._dice.choice(table("names")["jobs"])
        traps = {
            "{name}": self._dice.choice(self._world.people).name, "{town}": self._dice.choice(self._world.towns),
            "{company}": self._dice.choice(self._world.companies), "{job}": job, "{a_job}": article(job),
        }  # fmt: skip
        text = self._dice.choice(self._talk[kind])
        for mark, word in traps.items():
            text = text.replace(mark, word)
        return text
