"""One trial: a workload is killed, the home is recovered, and what is there is held against what was acknowledged.

After call i was acknowledged a home must say what the undisturbed run said after call i, or after call i + 1: the call
under way may have happened or not, but not by half. An add that was accepted and not finished is finished by `retry`
before it is compared. Nothing but `open`, `retry` and `verify` recovers a home.

A whole trial begins with an empty home and goes on to the last call. A short one begins with a copy of a home that was
closed a few calls before the kill, and goes on for a few calls after it: each state is compared with that of the
undisturbed run, so what one call breaks shows there, at a quarter of the cost.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shutil import copytree, rmtree

from graphmem import faults
from tests.faults import forks
from tests.faults.recovering import going_on, recovered
from tests.faults.references import Reference
from tests.faults.workload import Opening, World

NEAR = 2
"""A short trial begins at most so many calls before the last copy that could serve."""
AFTER = 3
"""And goes on for so many calls after the kill."""
AT_RANDOM = 6
"""A kill at random comes within about so many calls."""


@dataclass
class Trial:
    """What came of one kill, or of two."""

    kind: str
    seed: int
    place: str = ""
    whole: bool = True
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


class Killer:
    """Ends the process when it comes to a place for the n-th time, counted from a call on."""

    def __init__(self, place: str, hit: int, first: int = -1) -> None:
        self.place, self.left, self.first = place, hit, first
        self.call = -1
        """The call at hand; -1 while the home is opened."""

    def __call__(self, place: str) -> None:
        if place == self.place and self.call >= self.first:
            self.left -= 1
            if self.left == 0:
                forks.die()


def work(home: Path, known: Reference, first: int, say: forks.Say, killer: Killer | None, opening: Opening) -> None:
    """Perform calls from `first` on, and say the number of each when it has returned."""
    world, watching = World(number=first), killer or Killer("", 0)
    with faults.listening(watching), opening(world, home, first) as memory:
        for number in range(first, len(known.calls)):
            watching.call = number
            world.perform(memory, number, known.calls[number])
            say(number)
        watching.call = len(known.calls)


@dataclass(frozen=True)
class Trials:
    """How the trials of a seed are done."""

    known: Reference
    folder: Path
    dice: random.Random
    opening: Opening
    at_once: bool = False
    """Kill when a place is reached for the first time, not at any time that it is."""
    go_on: bool = True

    def kill(self, kind: str, place: str = "", *, whole: bool = True) -> Trial:
        """Kill at a place, at some time, or at some time and once more while recovering."""
        home = self.folder / "home"
        made = Trial(kind, self.known.seed, place, whole)
        first = self._killed_at(home, made) if place else self._killed_some_time(home, made)
        made.killed = first.killed
        if first.problem:
            made.problems.append(first.problem)
        if kind == "recovery":
            self._kill_recovery(home, made)
        until = min(len(self.known.calls), made.acknowledged + AFTER)
        self._recover(home, made, place, until if self.go_on and not made.whole else 0)
        if self.go_on and made.whole and not made.failed:
            self._go_on(home, made)
        rmtree(home, ignore_errors=True)
        return made

    def _killed_at(self, home: Path, made: Trial) -> forks.Ended:
        known = self.known
        hit = 1 if self.at_once else self.dice.randint(1, known.hits[made.place])
        number, within = known.moment(made.place, hit)
        if not made.whole:
            first = known.copy_before(number - self.dice.randint(0, NEAR))
            ended = self._begin(home, made, first, Killer(made.place, within, number))
            if first == 0 or ended.killed or ended.problem:
                return ended
            # What was gathered by the calls before the copy was taken is not there to be written.
            made.whole = True
        return self._begin(home, made, 0, Killer(made.place, hit))

    def _killed_some_time(self, home: Path, made: Trial) -> forks.Ended:
        known = self.known
        while True:
            first = 0 if made.whole else known.copy_before(self.dice.randrange(len(known.calls)))
            span = known.seconds * (1 if made.whole else AT_RANDOM / len(known.calls))
            ended = self._begin(home, made, first, None, self.dice.uniform(0, span))
            if ended.killed or ended.problem:
                return ended
            # It was done before its time had come.

    def _begin(
        self, home: Path, made: Trial, first: int, killer: Killer | None, pause: float | None = None
    ) -> forks.Ended:
        rmtree(home, ignore_errors=True)
        if first:
            copytree(self.known.copies[first], home)
        ended = forks.run(lambda say: work(home, self.known, first, say, killer, self.opening), kill_after=pause)
        made.acknowledged = first + len(ended.said)
        return ended

    def _kill_recovery(self, home: Path, made: Trial) -> None:
        """Half of them at some place, half of them at some time."""
        again = lambda say: recovered(home, self.known, made.acknowledged, say, self.opening)  # noqa: E731
        if self.dice.random() < 0.5:
            killer = Killer(self.dice.choice([*RECOVERING]), self.dice.randint(1, 2))

            def watched(say: forks.Say) -> None:
                with faults.listening(killer):
                    again(say)

            ended = forks.run(watched)
            made.place = killer.place
        else:
            ended = forks.run(again, kill_after=self.dice.uniform(0.001, 0.12))
        if ended.problem:
            made.problems.append(ended.problem)

    def _recover(self, home: Path, made: Trial, place: str, until: int) -> None:
        ended = forks.run(lambda say: recovered(home, self.known, made.acknowledged, say, self.opening, until=until))
        if ended.problem:
            made.problems.append(ended.problem)
            return
        found, *ends = ended.said
        made.seconds = found["seconds"]
        made.differences, made.lost = len(found["differences"]), len(found["lost"])
        made.half = int(found["place"] is None)
        made.problems += found["damage"] + found["differences"][:5]
        if made.half:
            made.problems += found["unlike"][:12]
        made.paid_twice = int(place in PAID and made.kind == "place" and found["asked"] > 0)
        if not made.failed and ends and ends[0]:
            made.unlike, made.problems = 1, ends[0]

    def _go_on(self, home: Path, made: Trial) -> None:
        """The client repeats the call that was cut off and goes on; the end must be that of the undisturbed run."""
        ended = forks.run(lambda say: say(going_on(home, self.known, made.acknowledged, self.opening)))
        if ended.problem:
            made.problems.append(ended.problem)
        elif ended.said[0]:
            made.unlike = 1
            made.problems += ended.said[0]


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
PAID = {"ledger.journal.after", "add.extracted", "add.embedded", "add.decided", "commit.added", "ledger.commit.before"}
"""Behind these places the reply of the model is in the journal."""
