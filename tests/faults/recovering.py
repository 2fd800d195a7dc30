"""What a user does with a home whose process was killed, and what is found there."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

from graphmem import Memory
from tests.faults import forks
from tests.faults.references import Reference
from tests.faults.states import State, differences, digest, state
from tests.faults.workload import Call, Opening, World

UNFINISHED = ("pending", "running")


def recovered(
    home: Path, known: Reference, acknowledged: int, say: forks.Say, opening: Opening, *, until: int = 0
) -> None:
    """Open, finish what is unfinished, verify, say what was found. `until`: go on to that call in the same process."""
    begun = time.perf_counter()
    world = World(number=acknowledged)
    finishing = known.calls[acknowledged] if acknowledged < len(known.calls) else None
    world.down = finishing.down if finishing else False
    with opening(world, home, -1) as memory:
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
                "damage": damage(home),
                "differences": [f"{d.store} {d.item} {d.problem}" for d in report.differences],
                "place": _place(found, known, acknowledged),
                "lost": sorted(_kept(known, acknowledged) - there),
                "unlike": differences(known.states[min(acknowledged + 1, len(known.calls))], found),
            }
        )
        if until:
            for number in range(acknowledged, until):
                world.perform(memory, number, known.calls[number])
            say(differences(known.states[until], state(home)))


def going_on(home: Path, known: Reference, first: int, opening: Opening) -> list[str]:
    """Perform the calls from the one that was cut off on; how the end differs from that of the undisturbed run."""
    world, until = World(number=first), len(known.calls)
    with opening(world, home, -1) as memory:
        for number in range(first, until):
            world.perform(memory, number, known.calls[number])
    with opening(World(number=until), home, -1) as memory:
        told = [f"{d.store} {d.item} {d.problem}" for d in memory.verify().differences]
    return told + differences(known.states[until], state(home))


def damage(home: Path) -> list[str]:
    """What SQLite's own check says of the ledger."""
    connection = sqlite3.connect(f"file:{home / 'ledger.db'}?mode=ro", uri=True, timeout=10)
    try:
        return [line for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
    finally:
        connection.close()


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
    return {json.loads(row)["id"] for row in one.get("episodes", ())}


def _place(found: State, known: Reference, acknowledged: int) -> int | None:
    """How many calls have happened, as far as the ledger tells; None when no undisturbed run was ever there."""
    mine = digest(found)
    for number in (acknowledged, acknowledged + 1):
        if number <= len(known.calls) and digest(known.states[number]) == mine:
            return number
    # A home that was never opened to its end says nothing yet.
    return 0 if acknowledged == 0 and not found else None
