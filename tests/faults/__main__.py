"""kill -9 at every named place, at random moments, and during recovery; prints a table, exits 1 when anything is lost.

    python -m tests.faults [--seeds 25] [--random 500] [--recovery 200] [--jobs 1] [--folder DIR] [--json FILE]

Every seed is a workload of about three dozen calls on three tenants (see `workload.py`); `campaign.py` says what is
compared. At each place every eighth trial is a whole one. `--places` kills at each place once, each with another seed.
`--graph` has the graph in Neo4j: at a URL without password, or `local` for a server of its own.
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
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.faults import forks
from tests.faults.campaign import Trial, Trials
from tests.faults.places import OF_CALLS, OF_GRAPH
from tests.faults.references import referenced
from tests.faults.report import figures, written
from tests.faults.servers import opening_at
from tests.faults.workload import Opening, embedded

IMPORTED = (
    "chromadb.api.rust",
    "graphmem.assembly",
    "graphmem.ledger.sql",
    "graphmem.models.local.claims.reader",
    "graphmem.stores.chroma",
)
"""Before anything is opened: children are forked from here, and importing would take longer than a trial."""
WHOLE = 8
"""Every so many trials at a place begin with an empty home and go on to the end."""


def places(given: argparse.Namespace) -> tuple[str, ...]:
    """Where the workload must come by."""
    return (*OF_CALLS, *sorted(OF_GRAPH)) if given.graph else OF_CALLS


Done = Counter[tuple[int, str, str]]
"""How many trials an earlier run has done, by seed, kind and place."""


def trials(
    seeds: Sequence[int], given: argparse.Namespace, folder: Path, part: int, opening: Opening, done: Done
) -> Iterator[Trial]:
    """The trials of one part of the seeds, but for those that are done."""
    dice = random.Random(f"{given.seed} {part}")
    end = time.monotonic() + 60 * given.minutes
    for seed in seeds:
        if time.monotonic() > end:
            return
        known = referenced(seed, folder, opening, copies=given.short)
        of_seed = Trials(known, folder, dice, opening, at_once=given.places, go_on=given.go_on)
        if given.at_places:
            yield from _at_places(of_seed, given, done)
        for kind, total in (("random", given.random), ("recovery", given.recovery)):
            for number in range(done[seed, kind, ""], _share(total, given.seeds, seed - given.first)):
                yield of_seed.kill(kind, whole=not given.short or (number + seed) % WHOLE == 0)


def _at_places(of_seed: Trials, given: argparse.Namespace, done: Done) -> Iterator[Trial]:
    seed = of_seed.known.seed
    for index, place in enumerate(places(given)):
        if done[seed, "place", place]:
            continue
        if given.places and index % given.seeds != (seed - given.first) % given.seeds:
            continue
        if not of_seed.known.hits[place]:
            yield Trial("place", seed, place, problems=["the workload never comes here"])
        else:
            yield of_seed.kill("place", place, whole=not given.short or (index + seed) % WHOLE == 0)


def _share(total: int, seeds: int, number: int) -> int:
    """So many of the total fall to this seed."""
    return total * (number + 1) // seeds - total * number // seeds


def performed(given: argparse.Namespace, folder: Path, opening: Opening) -> list[dict[str, Any]]:
    """All trials, in as many processes as asked for."""
    seeds = range(given.first, given.first + given.seeds)
    log = given.json.with_suffix(".jsonl") if given.json else None
    found = [json.loads(line) for line in log.read_text().splitlines()] if log and given.resume else []
    done = Counter((t["seed"], t["kind"], t["place"] if t["kind"] == "place" else "") for t in found)
    if given.jobs == 1:
        for made in trials(seeds, given, folder, 0, opening, done):
            _tell(made)
            found.append(asdict(made) | {"failed": made.failed})
            if log:
                with log.open("a") as lines:
                    lines.write(json.dumps(found[-1]) + "\n")
        return found
    from concurrent.futures import ThreadPoolExecutor

    def part(number: int) -> list[dict[str, Any]]:
        mine = folder / str(number)
        mine.mkdir()

        def work(say: forks.Say) -> None:
            for made in trials(seeds[number :: given.jobs], given, mine, number, opening, done):
                _tell(made)
                say(asdict(made) | {"failed": made.failed})

        ended = forks.run(work, seconds=0)
        broken = {**asdict(Trial("part", -1)), "failed": True, "problems": [ended.problem]}
        return [*ended.said, *([broken] if ended.problem else [])]

    with ThreadPoolExecutor(given.jobs) as pool:
        for some in pool.map(part, range(given.jobs)):
            found += some
    return found


def _tell(made: Trial) -> None:
    if made.failed:
        print(made.described(), file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=25)
    parser.add_argument("--first", type=int, default=0, help="the first of the seeds")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    parser.add_argument("--places", action="store_true", help="each place once in all, when first reached")
    parser.add_argument("--at-places", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--random", type=int, default=500, help="kills at a random moment")
    parser.add_argument("--recovery", type=int, default=200, help="kills followed by a kill of the recovery")
    parser.add_argument("--short", action=argparse.BooleanOptionalAction, default=True, help="most trials short ones")
    parser.add_argument("--go-on", action=argparse.BooleanOptionalAction, default=True, help="work on after recovery")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no further seed after that long")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--graph", default="", help="the URL of a Neo4j without password, or `local`")
    parser.add_argument("--folder", type=Path, help="where homes are made; a RAM disk is quick")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on from the .jsonl beside the JSON of --json")
    return parser.parse_args()


def prepare() -> None:
    """Import everything and open nothing."""
    logging.disable(logging.WARNING)
    for name in IMPORTED:
        import_module(name)
    # What every child would read anew: word lists, constructions, the parser's first sentence.
    reader = import_module("graphmem.models.local.claims.reader").Reader(
        import_module("graphmem.models.local.language").load()
    )
    reader.claims(["Ann lives in Oslo."])
    gc.freeze()


def main() -> None:
    given = arguments()
    begun = time.perf_counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=given.folder)))
        opening = stack.enter_context(opening_at(given.graph, folder)) if given.graph else embedded
        prepare()
        found = performed(given, folder, opening)
    told = figures(found, places(given), time.perf_counter() - begun)
    for row in told["summary"]:
        print(", ".join(f"{key}: {value}" for key, value in row.items()))
    print(f"{len(found)} trials in {told['seconds']} s")
    if told["never reached"]:
        print("never reached:", *told["never reached"], file=sys.stderr)
    if given.json:
        written(given.json, told)
    unreached = bool(told["never reached"]) and given.at_places
    sys.exit(1 if any(t["failed"] for t in found) or unreached or not found else 0)


if __name__ == "__main__":
    main()
