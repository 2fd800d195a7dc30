"""What happens: invented people, their towns, employers, jobs, families, friends and pets, and how these change.

Everything is drawn from one seeded generator, so the same size and seed give the same world on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from graphmem.evaluation.generated.words import table

Phase = Literal["holds", "begins", "returns", "ends", "past", "years", "denied", "wrong", "corrected", "supposed"]
MONTHS = 24
"""Length of a world's history."""
FIRST_YEAR = 2023
SETTLED = 8
"""Months in which people say how things are; changes come after."""
APART = 3
"""Months between two changes of one thing, so that a moment between them has one answer."""
SINGLE = ("lives_in", "works_at", "job_title", "married_to")
"""Predicates with one value at a time."""


class Person(NamedTuple):
    """Somebody; `name` is the only name ever used."""

    name: str
    female: bool


@dataclass
class Event:
    """Something that is told once. `month` counts from the start of the world; `day` is when it happened."""

    predicate: str
    phase: Phase
    subject: str
    value: str = ""
    old: str = ""
    month: int = 0
    day: int = 1
    kind: str = ""
    """Of a pet."""
    years: tuple[int, int] | None = None
    told: int = -1
    """Month of the conversation that tells it; that of the event when it is negative."""

    @property
    def happened(self) -> date:
        """The day of the event."""
        return date(FIRST_YEAR + self.month // 12, self.month % 12 + 1, self.day)

    @property
    def telling(self) -> int:
        """Month of the conversation."""
        return self.told if self.told >= 0 else self.month


@dataclass
class World:
    """People, companies and everything that happens to them, in no particular order."""

    people: list[Person] = field(default_factory=list)
    companies: list[str] = field(default_factory=list)
    towns: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    followed: dict[int, int] = field(default_factory=dict)
    """Index of an event that must be told right before another -> that other (a mistake and its correction)."""


def world(size: int, seed: int) -> World:
    """A world of `size` people."""
    return _Builder(size, random.Random(seed)).build()  # noqa: S311 - a seeded benchmark, not a secret


def names(size: int, dice: random.Random) -> list[Person]:
    """People with distinct names: first names, some that two people share, some that are towns, then full names."""
    words = table("names")
    surnames = list(words["surnames"])
    plain = [Person(n, True) for n in words["female"]] + [Person(n, False) for n in words["male"]]
    towns = [Person(n, s == "f") for n, s in zip(words["homonyms"], words["homonym_sex"], strict=True)]
    for group in (plain, towns, surnames):
        dice.shuffle(group)
    people = towns[: max(1, size // 20)]
    twins = plain[: max(1, size // 25)]
    for n, person in enumerate(twins):
        people += [Person(f"{person.name} {surnames[2 * n % 50]}", person.female),
                   Person(f"{person.name} {surnames[(2 * n + 1) % 50]}", person.female)]  # fmt: skip
    people = list(dict.fromkeys(people))
    people += plain[len(twins) : len(twins) + max(0, size - len(people))]
    rounds = 0
    while len(people) < size:
        rounds += 1
        more = [Person(f"{p.name} {surnames[(n + rounds) % 50]}", p.female) for n, p in enumerate(plain)]
        more = more if rounds <= len(surnames) else [Person(f"{p.name} the {rounds}th", p.female) for p in more]
        people += list(dict.fromkeys(p for p in more if p not in people))[: size - len(people)]
    people = people[:size]
    dice.shuffle(people)
    return people


def employers(size: int, dice: random.Random) -> list[str]:
    """Distinct names of companies: known ones first, then made up, with a number when even these run out."""
    words = table("names")
    found = list(words["companies"])
    dice.shuffle(found)
    made = [f"{head} {tail}" for head in words["company_heads"] for tail in words["company_tails"]]
    dice.shuffle(made)
    found += made
    while len(found) < size:
        found += [f"{name} {len(found) // len(made) + 1}" for name in made]
    return found[:size]


class _Builder:
    """Draws the lives of a world one after the other."""

    def __init__(self, size: int, dice: random.Random) -> None:
        words = table("names")
        self._dice = dice
        self._words = words
        self._world = World(people=names(size, dice))
        self._world.companies = employers(max(4, size // 5), dice)
        self._world.towns = [*words["towns"], *words["homonyms"]]
        self._bound: set[frozenset[str]] = set()
        """Pairs that are already something to each other."""

    def build(self) -> World:
        """Everything there is."""
        people = self._world.people
        for person in people:
            self._career(person.name, "lives_in", self._world.towns, (0.9, 0.55, 0.3))
            self._career(person.name, "works_at", self._world.companies, (0.8, 0.5, 0.25))
            self._career(person.name, "job_title", self._words["jobs"], (0.5, 0.45, 0.15))
            self._animals(person.name)
        self._couples()
        self._families()
        self._friends()
        for company in self._world.companies:
            self._career(company, "headquartered_in", self._world.towns, (0.85, 0.3, 0.0))
        return self._world

    def _chance(self, share: float) -> bool:
        return self._dice.random() < share

    def _tell(self, event: Event) -> int:
        event.day = self._dice.randint(1, 14)
        self._world.events.append(event)
        return len(self._world.events) - 1

    def _other(self, options: list[str] | tuple[str, ...], *without: str) -> str:
        while (found := self._dice.choice(options)) in without:
            pass
        return found

    def _career(self, subject: str, predicate: str, options: object, odds: tuple[float, float, float]) -> None:
        """The life of one single-valued thing: said, changed, perhaps back again or ended, with traps around it."""
        values = [str(o) for o in options if o != subject]  # type: ignore[attr-defined]
        first, change, more = odds
        if not self._chance(first):
            self._traps(subject, predicate, values, "")
            return
        month = self._dice.randint(0, SETTLED - 2)
        value = self._first(subject, predicate, values, month)
        past = [value]
        month = max(SETTLED, month + APART)
        for odd in (change, more, more):
            month += self._dice.randint(0, 4)
            if month > MONTHS - 3 or not self._chance(odd):
                break
            fresh = self._change(subject, predicate, values, past, month)
            if not fresh:
                break
            past.append(fresh)
            month += APART
        self._traps(subject, predicate, values, *past)

    def _first(self, subject: str, predicate: str, values: list[str], month: int) -> str:
        """How it is at the start, sometimes told wrongly and corrected at once."""
        value = self._dice.choice(values)
        corrects = bool(table(predicate).get("corrected"))
        if corrects and self._chance(0.1):
            self._mistaken(Event(predicate, "wrong", subject, self._other(values, value), month=month), value)
        else:
            self._tell(Event(predicate, "holds", subject, value, month=month))
        return value

    def _mistaken(self, wrong: Event, right: str) -> None:
        """Something said wrongly and put right in the same conversation."""
        mistake = self._tell(wrong)
        corrected = Event(wrong.predicate, "corrected", wrong.subject, right, old=wrong.value, month=wrong.month)
        self._world.followed[mistake] = self._tell(corrected)

    def _change(self, subject: str, predicate: str, values: list[str], past: list[str], month: int) -> str:
        """One change; the new value, or nothing when it ended."""
        phases = table(predicate)
        if phases.get("ends") and self._chance(0.2):
            self._tell(Event(predicate, "ends", subject, old=past[-1], month=month, told=self._telling(month)))
            return ""
        if len(past) > 1 and phases.get("returns") and self._chance(0.5):
            back = past[-2]
            self._tell(Event(predicate, "returns", subject, back, old=past[-1], month=month, told=self._telling(month)))
            return back
        fresh = self._other(values, *past)
        late = self._chance(0.12) and len(past) == 1 and month < MONTHS - 8 and predicate in SINGLE[:2]
        if not late and phases.get("corrected") and self._chance(0.1):
            self._mistaken(Event(predicate, "wrong", subject, self._other(values, *past, fresh), month=month), fresh)
            return fresh
        self._tell(Event(predicate, "begins", subject, fresh, old=past[-1], month=month, told=self._telling(month)))
        if late:
            # The newer change is told first, this one months afterwards.
            newest = self._other(values, *past, fresh)
            self._world.events[-1].told = month + APART + 3
            self._tell(Event(predicate, "begins", subject, newest, old=fresh, month=month + APART))
            return ""
        return fresh

    def _telling(self, month: int) -> int:
        return month + 1 if self._chance(0.25) else month

    def _traps(self, subject: str, predicate: str, values: list[str], *held: str) -> None:
        """What is said without being so: former values, years gone by, denials, plans and dreams."""
        phases, kept = table(predicate), [*held]
        for phase, odd in (("past", 0.12), ("years", 0.1), ("denied", 0.1), ("supposed", 0.2)):
            if not phases.get(phase) or not self._chance(odd) or len(kept) >= len(values):
                continue
            old = self._other(values, *kept)
            kept.append(old)
            event = Event(predicate, phase, subject, old=old, month=self._dice.randint(SETTLED, MONTHS - 1))  # type: ignore[arg-type]
            if phase == "years":
                start = self._dice.randint(2005, 2014)
                event.years = (start, start + self._dice.randint(4, 7))
            self._tell(event)

    def _animals(self, subject: str) -> None:
        kind = self._dice.choice(self._words["kinds"])
        if not self._chance(0.35):
            if self._chance(0.15):
                phase: Phase = self._dice.choice(["past", "denied", "supposed"])
                pet = self._dice.choice(self._words["pets"])
                month = self._dice.randint(SETTLED, MONTHS - 1)
                self._tell(Event("has_pet", phase, subject, pet, old=pet, kind=kind, month=month))
            return
        pets = [p for p in self._words["pets"] if p not in {e.value for e in self._world.events[-40:]}]
        one, two = self._dice.sample(pets, 2)
        month = self._dice.randint(0, SETTLED)
        phase = "holds" if self._chance(0.5) else "begins"
        self._tell(Event("has_pet", phase, subject, one, kind=kind, month=month))
        if self._chance(0.4):
            other = self._dice.choice(self._words["kinds"])
            self._tell(Event("has_pet", "begins", subject, two, kind=other, month=month + self._dice.randint(3, 6)))
        if self._chance(0.4):
            self._tell(
                Event("has_pet", "ends", subject, old=one, kind=kind, month=month + self._dice.randint(8, 13))
            )  # fmt: skip

    def _couples(self) -> None:
        """Marriages of two people of the world, some of which end, some of these to marry again."""
        free = [p.name for p in self._world.people]
        self._dice.shuffle(free)
        for one, two in _pairs(free[: int(len(free) * 0.55)]):
            self._binds(one, two)
            married = self._chance(0.6)
            month = self._dice.randint(0, SETTLED - 2) if married else self._dice.randint(2, 12)
            self._tell(Event("married_to", "holds" if married else "begins", one, two, month=month))
            if self._chance(0.4):
                month = max(SETTLED, month + APART) + self._dice.randint(0, 4)
                who, whom = (one, two) if self._chance(0.5) else (two, one)
                self._tell(Event("married_to", "ends", who, old=whom, month=month))
                if self._chance(0.5) and month + APART < MONTHS - 1 and len(free) > int(len(free) * 0.55) + 2:
                    new = free.pop()
                    self._binds(who, new)
                    self._tell(Event("married_to", "begins", who, new, month=month + APART))
        for one, two in _pairs(free[-(len(free) // 8) :]):
            self._binds(one, two)
            phase: Phase = self._dice.choice(["past", "denied", "supposed"])
            self._tell(Event("married_to", phase, one, old=two, month=self._dice.randint(SETTLED, MONTHS - 1)))

    def _families(self) -> None:
        order = [p.name for p in self._world.people]
        self._dice.shuffle(order)
        middle = len(order) // 2
        for predicate, group in (("sibling_of", order[:middle]), ("parent_of", order[middle:])):
            for one, two in _pairs(group):
                if self._binds(one, two):
                    phase: Phase = "denied" if self._chance(0.1) else "holds"
                    self._tell(Event(predicate, phase, one, two, month=self._dice.randint(0, MONTHS - 4)))

    def _binds(self, one: str, two: str) -> bool:
        pair = frozenset((one, two))
        new = pair not in self._bound
        self._bound.add(pair)
        return new

    def _friends(self) -> None:
        order = [p.name for p in self._world.people]
        for one in order:
            two = self._other(order, one)
            if not self._chance(0.6) or not self._binds(one, two):
                continue
            month = self._dice.randint(0, MONTHS - 10)
            if self._chance(0.08):
                self._tell(Event("friend_of", "denied", one, two, month=month))
                continue
            self._tell(Event("friend_of", "holds", one, two, month=month))
            if self._chance(0.2):
                who, whom = (one, two) if self._chance(0.5) else (two, one)
                self._tell(Event("friend_of", "ends", who, old=whom, month=month + self._dice.randint(4, 8)))


def _pairs(names: list[str]) -> Iterator[tuple[str, str]]:
    return zip(names[::2], names[1::2], strict=False)
