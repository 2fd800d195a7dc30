"""Commands on a whole home, killed at every place that they come to: the home opens as before or as after, and the
command, given once more, ends like one that nobody disturbed.

    python -m tests.faults.repeats [--seeds 25] [--folder DIR] [--json FILE]

The commands are in `commands.py`: another embedding model, import, restore, adopt, a worker, the refusal of a merge.
Seed 0 is killed at every place, the others where the calls of `workload.py` do not come by.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

from graphmem import faults
from graphmem.errors import EmbeddingMismatch
from graphmem.models.scripted import HashEmbedder
from tests.faults import forks
from tests.faults.__main__ import prepare
from tests.faults.campaign import Killer
from tests.faults.commands import FEW, Command, commands, time_passes
from tests.faults.places import OF_COMMANDS
from tests.faults.report import written
from tests.faults.states import State, differences
from tests.faults.workload import World


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
    found = command.state(home)
    rmtree(home)
    return hits, found


def killed(command: Command, place: str, hit: int, prepared: Path, home: Path, wanted: State) -> dict[str, Any]:
    """Kill the command at a place, look, repeat it; what went wrong."""
    copytree(prepared, home)

    def first(_: forks.Say) -> None:
        with faults.listening(Killer(place, hit)):
            command.run(home)

    def second(say: forks.Say) -> None:
        begun = time.perf_counter()
        _, problems = looked_at(home, command.dimensions)
        say(time.perf_counter() - begun)
        time_passes(home)
        command.run(home)
        number, more = looked_at(home, command.dimensions[-1:])
        problems += more + ([] if number == command.dimensions[-1] else ["the command did not come to its end"])
        say(problems + differences(wanted, command.state(home)))

    ended = forks.run(first)
    # A lease is renewed by the clock on the wall, a busy machine has it renewed less often than in the first run.
    problems = [] if ended.killed or place.startswith("ledger.renew") else [f"not killed at {place}: {ended.problem}"]
    after = forks.run(second)
    rmtree(home)
    seconds, *rest = after.said or [0.0]
    return {"killed": ended.killed, "seconds": seconds, "problems": problems + (rest[0] if rest else [after.problem])}


def trials(command: Command, seed: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Seed 0: the first and the last time at every place. Others: some time at each place of commands alone."""
    prepared, home = folder / "prepared", folder / "home"
    made = forks.run(lambda _: command.prepare(prepared))
    if made.problem:
        raise AssertionError(made.problem)

    def reference(say: forks.Say) -> None:
        hits, wanted = undisturbed(command, prepared, home)
        say([dict(hits), {table: sorted(rows) for table, rows in wanted.items()}])

    told = forks.run(reference)
    if told.problem:
        raise AssertionError(told.problem)
    hits, states = told.said[0]
    wanted = {table: frozenset(rows) for table, rows in states.items()}
    for place, count in sorted(hits.items()):
        if seed and place not in OF_COMMANDS:
            continue
        for hit in {1 + seed % count} if seed else {1, count}:
            found = killed(command, place, hit, prepared, home, wanted)
            yield {"command": command.name, "seed": seed, "place": place, "hit": hit, **found}


def figures(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Kills by place, and all that failed."""
    by_place = Counter(one["place"] for one in found if one["killed"])
    return {
        "kills": by_place.total(),
        "by command": dict(Counter(one["command"] for one in found if one["killed"])),
        "seeds": len({one["seed"] for one in found}),
        "wrong": sum(bool(one["problems"]) for one in found),
        "longest look (s)": round(max((one["seconds"] for one in found), default=0.0), 2),
        "places": {place: {"kills": by_place[place]} for place in sorted({*by_place, *OF_COMMANDS})},
        "never reached": sorted(OF_COMMANDS - by_place.keys()),
        "failed": [one for one in found if one["problems"]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=25)
    parser.add_argument("--first", type=int, default=0, help="the first of the seeds")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    prepare()
    found = []
    for seed in range(given.first, given.first + given.seeds):
        for command in commands(seed):
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                for one in trials(command, seed, Path(folder)):
                    found.append(one)
                    if one["problems"]:
                        print(one, file=sys.stderr, flush=True)
            if given.json:
                written(given.json, figures(found))
    told = figures(found)
    print(json.dumps({key: value for key, value in told.items() if key not in {"failed", "places"}}))
    sys.exit(1 if told["wrong"] or told["never reached"] or not found else 0)


if __name__ == "__main__":
    main()
