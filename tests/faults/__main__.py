"""kill -9 at every named place, at random moments, and during recovery; prints a table, exits 1 when anything is lost.

    python -m tests.faults [--seeds 25] [--random 500] [--recovery 200] [--jobs 1] [--folder DIR] [--json FILE]

Every seed is a workload of about two dozen calls on three tenants (see `workload.py`); `campaign.py` says what is
compared. `--places 1` kills at each place once, each with another seed.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from graphmem import faults
from tests.faults import forks
from tests.faults.campaign import Reference, Trial, referenced, trial

IMPORTED = (
    "chromadb.api.rust",
    "graphmem.assembly",
    "graphmem.ledger.sql",
    "graphmem.models.local.reader",
    "graphmem.stores.chroma",
)
"""Before anything is opened: children are forked from here, and importing would take longer than a trial."""
KINDS = ("place", "random", "recovery")


def trials(seeds: Sequence[int], given: argparse.Namespace, folder: Path, part: int) -> Iterator[Trial]:
    """The trials of one part of the seeds."""
    dice = random.Random(f"{given.seed} {part}")
    end = time.monotonic() + 60 * given.minutes
    for count, seed in enumerate(seeds):
        if time.monotonic() > end:
            return
        known = referenced(seed, folder)
        if given.at_places:
            yield from _at_places(known, given, folder, dice, count + part)
        for kind, total in (("random", given.random), ("recovery", given.recovery)):
            for _ in range(_share(total, given.seeds, seed)):
                yield trial(kind, known, folder, dice, to_the_end=given.to_the_end)


def _at_places(
    known: Reference, given: argparse.Namespace, folder: Path, dice: random.Random, number: int
) -> Iterator[Trial]:
    for index, place in enumerate(faults.POINTS):
        if given.places and index % given.seeds != number % given.seeds:
            continue
        if not known.hits[place]:
            yield Trial("place", known.seed, place, problems=["the workload never comes here"])
        else:
            at_once, to_the_end = given.places, given.to_the_end
            yield trial("place", known, folder, dice, place=place, at_once=at_once, to_the_end=to_the_end)


def _share(total: int, seeds: int, seed: int) -> int:
    """So many of the total fall to this seed."""
    return total * (seed + 1) // seeds - total * seed // seeds


def performed(given: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """All trials, in as many processes as asked for."""
    seeds = range(given.seeds)
    found: list[dict[str, Any]] = []
    if given.jobs == 1:
        for done in trials(seeds, given, folder, 0):
            _tell(done)
            found.append(asdict(done) | {"failed": done.failed})
        return found
    from concurrent.futures import ThreadPoolExecutor

    def part(number: int) -> list[dict[str, Any]]:
        mine = folder / str(number)
        mine.mkdir()

        def work(say: forks.Say) -> None:
            for done in trials(seeds[number :: given.jobs], given, mine, number):
                _tell(done)
                say(asdict(done) | {"failed": done.failed})

        ended = forks.run(work)
        return [
            *ended.said,
            *([{"kind": "part", "failed": True, "problems": [ended.problem]}] if ended.problem else []),
        ]

    with ThreadPoolExecutor(given.jobs) as pool:
        for some in pool.map(part, range(given.jobs)):
            found += some
    return found


def _tell(done: Trial) -> None:
    if done.failed:
        print(done.described(), file=sys.stderr, flush=True)


def summary(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a kind."""
    rows = []
    for kind in KINDS:
        mine = [t for t in found if t["kind"] == kind]
        if mine:
            sums = {key: sum(t[key] for t in mine) for key in ("lost", "half", "differences", "unlike", "paid_twice")}
            rows.append(
                {
                    "kind": kind,
                    "kills": sum(t["killed"] for t in mine),
                    "trials": len(mine),
                    "places": len({t["place"] for t in mine if t["place"]}),
                    "seeds": len({t["seed"] for t in mine}),
                    "acknowledged": sum(t["acknowledged"] for t in mine),
                    **sums,
                    "failed": sum(t["failed"] for t in mine),
                    "longest recovery (s)": round(max(t["seconds"] for t in mine), 2),
                }
            )
    return rows


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    parser.add_argument("--places", action="store_true", help="each place once in all, when first reached")
    parser.add_argument("--at-places", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--random", type=int, default=500, help="kills at a random moment")
    parser.add_argument("--recovery", type=int, default=200, help="kills followed by a kill of the recovery")
    parser.add_argument("--to-the-end", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no further seed after that long")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where homes are made; a RAM disk is quick")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    logging.disable(logging.WARNING)
    for name in IMPORTED:
        import_module(name)
    import_module("graphmem.models.local.language").load()
    gc.freeze()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = performed(given, Path(folder))
    rows = summary(found)
    for row in rows:
        print(", ".join(f"{key}: {value}" for key, value in row.items()))
    print(f"{len(found)} trials in {time.perf_counter() - begun:.0f} s")
    if given.json:
        figures = {"summary": rows, "failed": [t for t in found if t["failed"]], "points": list(faults.POINTS)}
        given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    sys.exit(1 if any(t["failed"] for t in found) or not found else 0)


if __name__ == "__main__":
    main()
