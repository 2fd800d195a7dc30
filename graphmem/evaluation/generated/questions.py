"""Questions about a world with their exact answers, all computed from its intervals.

A question about a moment is only asked when the answer is the same five weeks before and after, for "last month" is no
date.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from graphmem.evaluation.generated.documents import Ask, Kind, Question
from graphmem.evaluation.generated.graph import Facts, Node, typed
from graphmem.evaluation.generated.truth import Interval, Told, former
from graphmem.evaluation.generated.world import FIRST_YEAR, MONTHS, SINGLE, World

NOW = datetime(FIRST_YEAR + MONTHS // 12, 1, 10, 12, tzinfo=UTC)
MARGIN = timedelta(days=35)
_BONDS = ("married_to", "sibling_of", "friend_of", "parent_of")
_ASKED = {
    "lives_in": "Where does {} live", "works_at": "Who does {} work for", "job_title": "What is the job of {}",
    "married_to": "Who is {} married to", "sibling_of": "Who are the siblings of {}", "has_pet": "Which pets has {}",
    "friend_of": "Who are the friends of {}", "parent_of": "Who are the children of {}",
    "headquartered_in": "Where is {} headquartered",
}  # fmt: skip
_WHO = {
    "lives_in": "Who lives in {}", "works_at": "Who works at {}", "job_title": "Who works as {}",
    "headquartered_in": "Which companies are headquartered in {}",
}  # fmt: skip
_STEP = {
    "married_to": "the spouse of", "sibling_of": "a sibling of", "friend_of": "a friend of", "parent_of": "a child of",
    "works_at": "the employer of",
}  # fmt: skip

Draft = tuple[Kind, str, Ask, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Kind, text, ask, answer, never, evidence."""


def questions(world: World, held: Sequence[Interval], told: Sequence[Told], seed: int) -> tuple[Question, ...]:
    """Up to a fifth as many questions of each kind as there are people, six at least where there is enough to ask."""
    maker = _Maker(world, held, told, random.Random(f"questions {seed}"))  # noqa: S311 - seeded, not a secret
    most = max(6, len(world.people) // 5)
    groups: dict[Kind, list[Draft]] = {}
    for draft in maker.all(most):
        groups.setdefault(draft[0], []).append(draft)
    chosen = [d for group in groups.values() for d in maker.sample(group, most)]
    return tuple(
        Question(id=f"q{n}", kind=kind, text=f"{text}?", ask=ask, answer=answer, never=never, evidence=evidence)
        for n, (kind, text, ask, answer, never, evidence) in enumerate(chosen, 1)
    )


class _Maker:
    """Makes the questions of one world."""

    def __init__(self, world: World, held: Sequence[Interval], told: Sequence[Told], dice: random.Random) -> None:
        self._facts = Facts([*held, *former(told)])
        self._held = held
        self._told = told
        self._dice = dice
        towns = {i.value for i in held if i.predicate in {"lives_in", "headquartered_in"}}
        self._people = {p.name for p in world.people}
        firsts = [p.name.split(" ")[0] for p in world.people]
        self._twins = {p.name for p in world.people if " " in p.name and firsts.count(p.name.split(" ")[0]) > 1}
        self._places = self._people & towns

    def sample(self, group: Sequence[Draft], most: int) -> list[Draft]:
        """At most so many, each asked once."""
        distinct = list({(d[1], d[2].model_dump_json()): d for d in group}.values())
        return distinct if len(distinct) <= most else self._dice.sample(distinct, most)

    def all(self, most: int) -> Iterator[Draft]:
        """Every question there may be; of the many-hop ones as many as are wanted."""
        subjects = list(dict.fromkeys((i.subject, i.predicate) for i in self._held))
        for subject, predicate in subjects:
            yield from self._present(subject, predicate)
            yield from self._history(subject, predicate)
        for value, predicate in dict.fromkeys((i.value, i.predicate) for i in self._held if i.predicate in _WHO):
            yield from self._reverse(value, predicate)
        for told in self._told:
            yield from self._trap(told)
        for _ in range(most * 6):
            yield from self._changes()
            yield from self._ways()
        for _ in range(most * 12):
            for hops in (2, 3, 4):
                yield from self._hops(hops)

    def _match(self, *patterns: str, as_of: datetime | None = None) -> Ask:
        return Ask(call="match", patterns=patterns, as_of=as_of)

    def _name(self, name: str, predicate: str = "", *, value: bool = False) -> str:
        """A name as patterns take it, with its type where two things bear it."""
        node = typed(name, predicate, value=value)
        told = f"{name} ({node.type})" if name in self._places else name
        return f'"{told}"' if " " in told else told

    def _present(self, subject: str, predicate: str) -> Iterator[Draft]:
        answer = self._facts.values(subject, predicate, NOW)
        ask = self._match(f"{self._name(subject, predicate)} {predicate} ?x")
        text = _ASKED[predicate].format(subject)
        past = tuple(sorted({i.value for i in self._held if (i.subject, i.predicate) == (subject, predicate)}))
        never = tuple(v for v in past if v not in answer)
        if not answer:
            if past and self._before(subject, predicate):
                yield "ended", text, ask, answer, past, ()
            return
        kind: Kind = "homonyms" if subject in self._places | self._twins else "now"
        yield kind, text, ask, answer, never, ()
        current = [i for i in self._held if (i.subject, i.predicate) == (subject, predicate) and i.holds(NOW)]
        if len(answer) == 1 and current:
            plain = text.format(subject)
            found = Ask(call="search", name=subject, type=predicate)
            yield "search", plain, found, answer, (), current[0].lines[:1]

    def _before(self, subject: str, predicate: str) -> bool:
        """Whether something ended in what people told, and not years before."""
        return any(
            (i.subject, i.predicate) == (subject, predicate) and i.end and i.end.year >= FIRST_YEAR for i in self._held
        )

    def _reverse(self, value: str, predicate: str) -> Iterator[Draft]:
        answer = self._facts.subjects(value, predicate, NOW)
        if answer:
            ask = self._match(f"?x {predicate} {self._name(value, predicate, value=True)}")
            kind: Kind = "homonyms" if value in self._places else "who"
            yield kind, _WHO[predicate].format(value), ask, answer, (), ()

    def _history(self, subject: str, predicate: str) -> Iterator[Draft]:
        lives = [i for i in self._held if (i.subject, i.predicate) == (subject, predicate)]
        for interval in lives:
            yield from self._as_of(interval)
        values = tuple(i.value for i in lives)
        if predicate in SINGLE and len(values) > len(set(values)):
            ask = Ask(call="intervals", name=subject, type=predicate)
            yield "back again", f"In order: {_ASKED[predicate].format(subject)}", ask, values, (), ()

    def _as_of(self, interval: Interval, kind: Kind = "as of") -> Iterator[Draft]:
        end = interval.end or NOW
        room = end - interval.start - 2 * MARGIN
        if room <= timedelta(days=5) or (interval.end is None and self._dice.random() < 0.7):
            return
        moment = (interval.start + MARGIN + room * self._dice.uniform(0.1, 0.9)).replace(hour=12, minute=0, second=0,
                                                                                       microsecond=0)  # fmt: skip
        subject, predicate = interval.subject, interval.predicate
        answer = self._stable(lambda at: self._facts.values(subject, predicate, at), moment)
        if not answer:
            return
        ask = self._match(f"{self._name(subject, predicate)} {predicate} ?x", as_of=moment)
        text = f"{_ASKED[predicate].format(subject)}, as of {moment:%Y-%m-%d}"
        yield self._late(interval, kind), text, ask, answer, (), ()

    def _late(self, interval: Interval, kind: Kind) -> Kind:
        late = any(
            t.line in interval.lines[:1] and t.event.telling > t.event.month + 1 and t.event.phase == "begins"
            for t in self._told
        )
        return "told late" if late else kind

    def _stable(self, answer: Callable[[datetime], tuple[str, ...]], moment: datetime) -> tuple[str, ...]:
        """The answer at a moment, if it is the same some weeks before and after; else nothing."""
        found = answer(moment)
        return found if found == answer(moment - MARGIN) == answer(moment + MARGIN) else ()

    def _trap(self, told: Told) -> Iterator[Draft]:
        event = told.event
        subject, predicate, wrong = event.subject, event.predicate, event.old or event.value
        ask = self._match(f"{self._name(subject, predicate)} {predicate} ?x")
        text, answer = _ASKED[predicate].format(subject), self._facts.values(subject, predicate, NOW)
        if event.phase in {"denied", "supposed"}:
            kind: Kind = "denied" if event.phase == "denied" else "not said to be so"
            yield kind, text, ask, answer, (wrong,), (told.line,)
        if event.phase == "past":
            yield "used to", text, ask, answer, (wrong,), (told.line,)
            if predicate in {"lives_in", "works_at"}:
                former = "lived_in" if predicate == "lives_in" else "worked_at"
                ask = self._match(f"{self._name(subject, predicate)} {former} ?x")
                before = "Where did {} live before" if predicate == "lives_in" else "Who did {} work for before"
                yield "used to", before.format(subject), ask, (wrong,), (), (told.line,)
        if event.phase == "corrected":
            moment = told.said + MARGIN + timedelta(days=3)
            answer = self._stable(lambda at: self._facts.values(subject, predicate, at), moment + MARGIN)
            if answer:
                ask = self._match(*ask.patterns, as_of=moment)
                yield "corrected", f"{text}, as of {moment:%Y-%m-%d}", ask, answer, (event.old,), (told.line,)

    def _changes(self) -> Iterator[Draft]:
        """What is different between two moments for somebody for whom something is."""
        subject = self._dice.choice([i.subject for i in self._held if i.end and i.end.year >= FIRST_YEAR] or [""])
        start = datetime(FIRST_YEAR, 3, 1, 12, tzinfo=UTC) + timedelta(days=self._dice.randint(0, 500))
        end = start + timedelta(days=self._dice.randint(120, 200))
        before = self._stable(lambda at: self._facts.around(subject, at), start)
        after = self._stable(lambda at: self._facts.around(subject, at), end)
        changed = {f"- {t}" for t in before if t not in after} | {f"+ {t}" for t in after if t not in before}
        if before and after and changed:
            typed_name = f"{subject} (Person)" if subject in self._places else subject
            ask = Ask(call="changes", name=typed_name, as_of=start, until=end)
            text = f"What changed for {subject} between {start:%Y-%m-%d} and {end:%Y-%m-%d}"
            yield "what changed", text, ask, tuple(sorted(changed)), (), ()

    def _ways(self) -> Iterator[Draft]:
        one, two = self._dice.sample(sorted(self._people), 2)
        ways = self._facts.ways(Node(one, "Person"), Node(two, "Person"), NOW, 4)
        if 0 < len(ways) <= 5:
            ends = [f"{n} (Person)" if n in self._places else n for n in (one, two)]
            ask = Ask(call="paths", name=ends[0], target=ends[1])
            yield "paths", f"How are {one} and {two} connected", ask, tuple(sorted(ways)), (), ()

    def _hops(self, hops: int) -> Iterator[Draft]:
        """A chain of relations from somebody, now or at a moment of the past."""
        chain = self._chain(hops)
        subject = self._dice.choice(sorted(self._people))
        as_of = None
        if self._dice.random() < 0.4:
            as_of = datetime(FIRST_YEAR, 9, 1, 12, tzinfo=UTC) + timedelta(days=self._dice.randint(0, 400))
        answer = self._facts.chain(subject, chain, as_of or NOW)
        if as_of is not None:
            answer = self._stable(lambda at: self._facts.chain(subject, chain, at), as_of)
        if not answer or len(answer) > 6:
            return
        ends = [self._name(subject, chain[0]), *(f"?v{n}" for n in range(1, hops)), "?x"]
        patterns = [f"{ends[n]} {kind} {ends[n + 1]}" for n, kind in enumerate(chain)]
        who = subject
        for kind in chain[:-1]:
            who = f"{_STEP[kind]} {who}"
        text = _ASKED[chain[-1]].format(who) + (f", as of {as_of:%Y-%m-%d}" if as_of else "")
        kinds: dict[int, Kind] = {2: "2 hops", 3: "3 hops", 4: "4 hops"}
        yield kinds[hops], text, self._match(*patterns, as_of=as_of), answer, (), ()

    def _chain(self, hops: int) -> tuple[str, ...]:
        last = self._dice.choice(["lives_in", "works_at", "job_title", "has_pet", "headquartered_in"])
        tail = ("works_at", last) if last == "headquartered_in" else (last,)
        return (*(self._dice.choice(_BONDS) for _ in range(hops - len(tail))), *tail)
