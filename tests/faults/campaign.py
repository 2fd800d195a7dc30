"""One trial: a workload is killed, the home is recovered, and what is there is held against what was acknowledged.

After call i was acknowledged a home must say what the undisturbed run said after call i, or after call i + 1: the call
under way may have happened or not, but not by half. An add that was accepted and not finished is finished by `retry`
before it is compared. Nothing but `open`, `retry` and `verify` recovers a home.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any

from graphmem import Memory, faults
from tests.faults import forks
from tests.faults.states import State, differences, digest, state
from tests.faults.workload import Call, World, undisturbed

UNFINISHED = ("pending", "running")


@dataclass
class Reference:
    """An undisturbed run of a seed."""

    seed: int
    calls: list[Call]
    states: list[State]
    """Before the first call, and after each."""
    hits: Counter[str]
    """How often the run came to each place."""
    seconds: float

    @property
    def digests(self) -> list[str]:
        """Of the states."""
        return [digest(one) for one in self.states]


@dataclass
class Trial:
    """What came of one kill, or of two."""

    kind: str
    seed: int
    place: str = ""
    acknowledged: int = 0
    killed: bool = False
    lost: int = 0
    """Acknowledged adds that are not there."""
    half: int = 0
    """States that no undisturbed run has."""
    differences: int = 0
    """Between the ledger and the stores, after recovery."""
    unlike: int = 0
    """Ends other than that of the undisturbed run."""
    paid_twice: int = 0
    seconds: float = 0.0
    """Of the recovery."""
    problems: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Something is not as it must be."""
        return bool(self.lost or self.half or self.differences or self.unlike or self.paid_twice or self.problems)

    def described(self) -> str:
        """For a message."""
        return str({key: value for key, value in asdict(self).items() if value})


def reference(seed: int, folder: Path) -> Reference:
    """Perform the workload of a seed without a fault. In this process: call it in one that may open stores."""
    home = folder / f"reference-{seed}"
    hits: Counter[str] = Counter()
    states: list[State] = []
    begun = time.perf_counter()
    with faults.listening(lambda place: hits.update([place])):
        calls = list(undisturbed(seed, home, lambda: states.append(state(home))))
    seconds = time.perf_counter() - begun
    rmtree(home)
    return Reference(seed, calls, states, hits, seconds)


def referenced(seed: int, folder: Path) -> Reference:
    """`reference`, by a child: the calling process stays one that has opened nothing."""
    import base64
    import pickle

    ended = forks.run(lambda say: say(base64.b64encode(pickle.dumps(reference(seed, folder))).decode()))
    if ended.problem:
        raise AssertionError(ended.problem)
    found: Reference = pickle.loads(base64.b64decode(ended.said[0]))
    return found


class Killer:
    """Ends the process when it comes to a place for the n-th time."""

    def __init__(self, place: str, hit: int) -> None:
        self.place, self.left = place, hit

    def __call__(self, place: str) -> None:
        if place == self.place:
            self.left -= 1
            if self.left == 0:
                forks.die()


def work(home: Path, calls: list[Call], first: int, say: forks.Say, *, killer: Any = None) -> None:
    """Perform calls from `first` on, and say the number of each when it has returned."""
    world = World(number=first)
    with faults.listening(killer or (lambda _: None)), world.opened(home) as memory:
        for number in range(first, len(calls)):
            world.perform(memory, number, calls[number])
            say(number)


def recovered(home: Path, known: Reference, acknowledged: int, say: forks.Say, *, killer: Any = None) -> None:
    """Open, finish what is unfinished, verify; then say what was found, go on to the end, and say what came of it."""
    begun = time.perf_counter()
    world = World(number=acknowledged)
    finishing = known.calls[acknowledged] if acknowledged < len(known.calls) else None
    world.down = finishing.down if finishing else False
    with faults.listening(killer or (lambda _: None)), world.opened(home) as memory:
        # A retry that was cut off may have journalled a reply, and the episode says failed until it is done.
        retrying = finishing is not None and finishing.verb == "retry"
        if retrying or any(memory.episodes(status=status) for status in UNFINISHED):
            _finish(memory, world, acknowledged, finishing)
        asked = world.asked
        report = memory.verify()
        seconds = time.perf_counter() - begun
        there = {e.id for e in memory.episodes(limit=10_000)}
        found = state(home)
        say(
            {
                "seconds": seconds,
                "asked": asked,
                "differences": [f"{d.store} {d.item} {d.problem}" for d in report.differences],
                "place": _place(found, known, acknowledged),
                "lost": sorted(_kept(known, acknowledged) - there),
                "unlike": differences(known.states[min(acknowledged + 1, len(known.calls))], found),
            }
        )


def _finish(memory: Memory, world: World, number: int, call: Call | None) -> None:
    """By `retry`, unless that would finish an add, too, that the workload wants to stay failed."""
    if call is not None and memory.episodes(status="failed"):
        world.perform(memory, number, call)
    else:
        memory.retry()


def _kept(known: Reference, acknowledged: int) -> set[str]:
    """Episodes that must be there, whether the call under way happened or not."""
    after = known.states[min(acknowledged + 1, len(known.calls))]
    return _episodes(known.states[acknowledged]) & _episodes(after)


def _episodes(one: State) -> set[str]:
    import json

    return {json.loads(row)["id"] for row in one.get("episodes", ())}


def _place(found: State, known: Reference, acknowledged: int) -> int | None:
    """How many calls have happened, as far as the ledger tells; None when no undisturbed run was ever there."""
    mine = digest(found)
    for number in (acknowledged, acknowledged + 1):
        if number <= len(known.calls) and digest(known.states[number]) == mine:
            return number
    # A home that was never opened to its end says nothing yet.
    return 0 if acknowledged == 0 and not found else None


def trial(
    kind: str,
    known: Reference,
    folder: Path,
    dice: random.Random,
    *,
    place: str = "",
    at_once: bool = False,
    to_the_end: bool = True,
) -> Trial:
    """Kill at a place, at some time, or at some time and once more while recovering.

    `at_once`: when the place is reached for the first time, not at any time that it is.
    """
    home = folder / "home"
    rmtree(home, ignore_errors=True)
    made = Trial(kind, known.seed, place)
    hits = 1 if at_once else known.hits[place]
    killer: Any = Killer(place, dice.randint(1, hits)) if place else None
    while True:
        pause = None if place else dice.uniform(0, known.seconds)
        first = forks.run(lambda say: work(home, known.calls, 0, say, killer=killer), kill_after=pause)
        if place or first.killed or first.problem:
            break
        # It was done before its time had come.
        rmtree(home)
    made.acknowledged, made.killed = len(first.said), first.killed
    if first.problem:
        made.problems.append(first.problem)
    if kind == "recovery":
        _kill_recovery(home, known, made, dice)
    _recover(home, known, made, place)
    if to_the_end and not made.failed:
        _go_on(home, known, made)
    rmtree(home, ignore_errors=True)
    return made


def _kill_recovery(home: Path, known: Reference, made: Trial, dice: random.Random) -> None:
    """Half of them at some place, half of them at some time."""
    if dice.random() < 0.5:
        killer = Killer(dice.choice([*RECOVERING]), dice.randint(1, 2))
        ended = forks.run(lambda say: recovered(home, known, made.acknowledged, say, killer=killer))
        made.place = killer.place
    else:
        ended = forks.run(
            lambda say: recovered(home, known, made.acknowledged, say), kill_after=dice.uniform(0.001, 0.12)
        )
    if ended.problem:
        made.problems.append(ended.problem)


RECOVERING = (
    "outbox.claimed",
    "vectors.upsert.before",
    "vectors.upsert.after",
    "ledger.acknowledge.before",
    "ledger.acknowledge.after",
    "ledger.journal.after",
    "ledger.commit.before",
    "ledger.commit.after",
    "close.before",
    "close.flushed",
)
"""Places that a recovery comes to, when there is something to recover."""


def _recover(home: Path, known: Reference, made: Trial, place: str) -> None:
    ended = forks.run(lambda say: recovered(home, known, made.acknowledged, say))
    if ended.problem:
        made.problems.append(ended.problem)
        return
    found = ended.said[0]
    made.seconds = found["seconds"]
    made.differences, made.lost = len(found["differences"]), len(found["lost"])
    made.half = int(found["place"] is None)
    if made.differences:
        made.problems += found["differences"][:5]
    if made.half:
        made.problems += found["unlike"][:12]
    made.paid_twice = int(place in PAID and made.kind == "place" and found["asked"] > 0)


PAID = {"ledger.journal.after", "add.extracted", "add.embedded", "add.decided", "commit.added", "ledger.commit.before"}
"""Behind these places the reply of the model is in the journal."""


def _go_on(home: Path, known: Reference, made: Trial) -> None:
    """The client repeats the call that was cut off and goes on; the end must be that of the undisturbed run."""

    def rest(say: forks.Say) -> None:
        work(home, known.calls, made.acknowledged, lambda _: None)
        with World(number=len(known.calls)).opened(home) as memory:
            told = [f"{d.store} {d.item} {d.problem}" for d in memory.verify().differences]
        say(told + differences(known.states[-1], state(home)))

    ended = forks.run(rest)
    if ended.problem:
        made.problems.append(ended.problem)
    elif ended.said[0]:
        made.unlike = 1
        made.problems += ended.said[0]
