"""The undisturbed run of a seed: its calls, the state after each, where it came by, and copies of its home."""

from __future__ import annotations

import base64
import pickle
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree, rmtree

from graphmem import faults
from tests.faults import forks
from tests.faults.states import State, differences, digest, state
from tests.faults.workload import Call, Opening, World, embedded, undisturbed

APART = 3
"""Calls between two copies of the home."""


@dataclass
class Reference:
    """What a run without a fault is like."""

    seed: int
    calls: list[Call]
    states: list[State]
    """Before the first call, and after each."""
    reached: list[Counter[str]]
    """How often it came to each place: while it opened the home, in each call, and while it closed."""
    seconds: float
    copies: dict[int, Path] = field(default_factory=dict)
    """Number of calls done -> the home as it was then, closed."""

    @property
    def hits(self) -> Counter[str]:
        """How often the run came to each place."""
        return sum(self.reached, Counter())

    @property
    def digests(self) -> list[str]:
        """Of the states."""
        return [digest(one) for one in self.states]

    def moment(self, place: str, hit: int) -> tuple[int, int]:
        """The call in which a place is reached for the n-th time, -1 while opening; and which time of that call."""
        left = hit
        for index, counted in enumerate(self.reached):
            if left <= counted[place]:
                return index - 1, left
            left -= counted[place]
        raise AssertionError(f"seed {self.seed} does not come to {place} {hit} times")

    def copy_before(self, number: int) -> int:
        """The copy with the most calls done that are before this one; 0, an empty home, when there is none."""
        return max((done for done in self.copies if done <= number), default=0)


def reference(seed: int, folder: Path, opening: Opening) -> Reference:
    """Perform the workload of a seed without a fault. In this process: call it in one that may open stores."""
    home = folder / f"reference-{seed}"
    reached: list[Counter[str]] = [Counter()]
    states: list[State] = []

    def keep() -> None:
        states.append(state(home))
        reached.append(Counter())

    begun = time.perf_counter()
    with faults.listening(lambda place: reached[-1].update([place])):
        calls = list(undisturbed(seed, home, keep, opening))
    seconds = time.perf_counter() - begun
    rmtree(home)
    return Reference(seed, calls, states, reached, seconds)


def _copied(known: Reference, folder: Path, opening: Opening) -> None:
    """Go through the calls again, closing the home now and then, and keep a copy of it each time."""
    home = folder / "copied"
    for first in range(0, len(known.calls), APART):
        world = World(number=first)
        with opening(world, home, first) as memory:
            for number in range(first, min(first + APART, len(known.calls))):
                world.perform(memory, number, known.calls[number])
        done = min(first + APART, len(known.calls))
        if problems := differences(known.states[done], state(home)):
            raise AssertionError(f"seed {known.seed}: closed and opened, call {done} ends otherwise: {problems}")
        known.copies[done] = folder / "copies" / str(done)
        copytree(home, known.copies[done])
    rmtree(home)


def referenced(seed: int, folder: Path, opening: Opening = embedded, *, copies: bool = False) -> Reference:
    """`reference`, by a child: the calling process stays one that has opened nothing."""

    def make(say: forks.Say) -> None:
        known = reference(seed, folder, opening)
        if copies:
            rmtree(folder / "copies", ignore_errors=True)
            _copied(known, folder, opening)
        say(base64.b64encode(pickle.dumps(known)).decode())

    ended = forks.run(make)
    if ended.problem:
        raise AssertionError(ended.problem)
    found: Reference = pickle.loads(base64.b64decode(ended.said[0]))
    return found
