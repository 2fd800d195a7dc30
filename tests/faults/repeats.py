"""Commands on a whole home, killed at every place that they come to: the home opens as before or as after, and the
command, given once more, ends like one that nobody disturbed.

    python -m tests.faults.repeats [--seeds 1] [--folder DIR] [--json FILE]

Re-embedding with another model, and the import of an export into an empty home.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any, NamedTuple

from graphmem import Memory, faults
from graphmem.errors import EmbeddingMismatch
from graphmem.models.scripted import HashEmbedder
from tests.faults import forks
from tests.faults.__main__ import IMPORTED
from tests.faults.campaign import Killer
from tests.faults.states import State, differences, digest, state
from tests.faults.workload import World, planned

OLD, NEW = 32, 48
FEW = 14
"""Calls of the workload that make the home."""


class Command(NamedTuple):
    """What is done to a home, and how the home is opened after it."""

    name: str
    prepare: Callable[[Path], None]
    run: Callable[[Path], object]
    dimensions: tuple[int, ...]
    """Of the embedders that may open the home at some time; the last one after the command."""


def filled(seed: int, home: Path) -> None:
    """A home with facts that ended, were changed, deleted and undone."""
    world = World()
    with world.opened(home) as memory:
        for number, call in enumerate(planned(seed, memory, world)):
            if number == FEW:
                break
            world.perform(memory, number, call)
            world.number = number + 1


def exported(seed: int, home: Path) -> None:
    """An export beside an empty home."""
    full = home.parent / "full"
    filled(seed, full)
    with World(number=FEW).opened(full) as memory:
        memory.export(home.parent / "export.jsonl")
    rmtree(full)
    home.mkdir()


def imported(home: Path) -> None:
    """Read the export."""
    with World(number=FEW).opened(home) as memory:
        memory.import_from(home.parent / "export.jsonl")


def commands(seed: int) -> tuple[Command, ...]:
    """All of them."""
    return (
        Command(
            "reembed",
            lambda home: filled(seed, home),
            lambda home: Memory.reembed(home=home, embedder=HashEmbedder(NEW)),
            (OLD, NEW),
        ),
        Command("import", lambda home: exported(seed, home), imported, (OLD,)),
    )


def looked_at(home: Path, dimensions: tuple[int, ...]) -> tuple[int, list[str]]:
    """Which embedder opens the home, and what verify finds with it."""
    for number in dimensions:
        try:
            with World(number=FEW).opened(home, embedder=HashEmbedder(number)) as memory:
                return number, [f"{d.store} {d.item} {d.problem}" for d in memory.verify().differences]
        except EmbeddingMismatch:
            continue
    return 0, ["no embedder opens the home"]


def undisturbed(command: Command, prepared: Path, home: Path) -> tuple[Counter[str], State]:
    """The places that the command comes to, and the state that it leaves."""
    copytree(prepared, home)
    hits: Counter[str] = Counter()
    with faults.listening(lambda place: hits.update([place])):
        command.run(home)
    found = state(home)
    rmtree(home)
    return hits, found


def killed(command: Command, place: str, hit: int, prepared: Path, home: Path, wanted: State) -> list[str]:
    """Kill the command at a place, look, repeat it; what went wrong."""
    copytree(prepared, home)

    def first(_: forks.Say) -> None:
        with faults.listening(Killer(place, hit)):
            command.run(home)

    def second(say: forks.Say) -> None:
        _, problems = looked_at(home, command.dimensions)
        command.run(home)
        number, more = looked_at(home, command.dimensions[-1:])
        problems += more + ([] if number == command.dimensions[-1] else ["the command did not come to its end"])
        say(problems + differences(wanted, state(home)))

    ended = forks.run(first)
    problems = [] if ended.killed else [f"the command was not killed at {place}: {ended.problem}"]
    after = forks.run(second)
    rmtree(home)
    return problems + (after.said[0] if after.said else [after.problem])


def trials(command: Command, folder: Path) -> Iterator[dict[str, Any]]:
    """The first and the last time at every place."""
    prepared, home = folder / "prepared", folder / "home"
    forks.run(lambda _: command.prepare(prepared))
    told: list[Any] = []

    def reference(say: forks.Say) -> None:
        hits, wanted = undisturbed(command, prepared, home)
        say([dict(hits), {table: sorted(rows) for table, rows in wanted.items()}])

    told = forks.run(reference).said[0]
    wanted = {table: frozenset(rows) for table, rows in told[1].items()}
    for place, count in sorted(told[0].items()):
        for hit in sorted({1, count}):
            problems = killed(command, place, hit, prepared, home, wanted)
            yield {"command": command.name, "place": place, "hit": hit, "problems": problems, "of": digest(wanted)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    for name in IMPORTED:
        import_module(name)
    gc.freeze()
    found = []
    for seed in range(given.seeds):
        for command in commands(seed):
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                for one in trials(command, Path(folder)):
                    found.append(one)
                    if one["problems"]:
                        print(one, file=sys.stderr, flush=True)
                    else:
                        print(one["command"], one["place"], one["hit"], flush=True)
    wrong = sum(bool(one["problems"]) for one in found)
    places = len({(one["command"], one["place"]) for one in found})
    print(f"{len(found)} kills at {places} places of commands, {wrong} wrong")
    if given.json:
        given.json.write_text(json.dumps({"kills": len(found), "wrong": wrong, "trials": found}, indent=1), "utf-8")
    sys.exit(1 if wrong or not found else 0)


if __name__ == "__main__":
    main()
