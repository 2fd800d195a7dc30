"""Workers that are killed at random while they read what was only recorded, and what must hold afterwards.

`make test-workers` runs the long one (4 workers, 2,000 episodes each, 40 kills, on PostgreSQL and on SQLite; then how
the rate grows with workers when the model is slow) and prints counts; the tests run a short one. The extractor is a
real one in small: a fact for each message, after a pause that stands for a slow model.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from graphmem import Memory
from graphmem.models.contracts import ExtractionRequest
from graphmem.values import Draft, EntityDraft, FactDraft, RelationDraft
from tests import postgres_server

LEASE = 1.0
OWNERS = 8


class Numbered:
    """Says that the speaker counted up to the number in each message, `pause` seconds later."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause

    def extract(self, request: ExtractionRequest) -> Draft:
        time.sleep(self.pause)
        facts = [
            FactDraft(
                text=f"{message.speaker} counted {message.content}",
                message=index,
                quote=message.content,
                subject=message.speaker,
                entities=(EntityDraft(name=message.speaker), EntityDraft(name=f"number {message.content}")),
                relations=(RelationDraft(source=message.speaker, type="counted", target=f"number {message.content}"),),
            )
            for index, message in enumerate(request.messages)
        ]
        return Draft(facts=tuple(facts))


def opened(where: str, home: Path, pause: float = 0.0) -> Memory:
    """A memory with that extractor: a database by its URL, else the file in `home`."""
    options: dict[str, Any] = {"ledger_url": where} if "://" in where else {}
    home.mkdir(parents=True, exist_ok=True)
    return Memory.open(
        home=home, embedder="hash", embedding_dimensions=16, vectors="none", extractor=Numbered(pause), **options
    )


class Outcome(NamedTuple):
    """What came of a run."""

    episodes: int
    kills: int
    seconds: float
    lost: int
    """Recorded, and not done."""
    twice: int
    """Facts that are there more than once, or were seen more often than they were said."""
    disordered: int
    """Owners whose facts are not in the order in which they were said."""
    problems: tuple[str, ...]


def record(memory: Memory, episodes: int, owners: int = OWNERS) -> None:
    """Only record: each owner counts upwards."""
    for n in range(episodes):
        memory.add(f"{n:06}", user_id=f"owner{n % owners}", wait=False)


def run(where: str, home: Path, *, episodes: int, workers: int, kills: int, pause: float, seed: int) -> Outcome:
    """Record, start workers, kill them at random and replace them, and look at what is there."""
    with opened(where, home) as memory:
        record(memory, episodes)
    started = time.monotonic()
    done_kills = _work(where, home, workers, kills, pause, random.Random(seed))
    seconds = time.monotonic() - started
    with opened(where, home) as memory:
        return _outcome(memory, episodes, done_kills, seconds)


def _started(home: Path, processes: Sequence[subprocess.Popen[bytes]]) -> list[subprocess.Popen[bytes]]:
    """Those that have opened the memory: killing one that still imports proves little."""
    return [p for p in processes if p.poll() is None and (home / f"started.{p.pid}").exists()]


def _work(where: str, home: Path, workers: int, kills: int, pause: float, dice: random.Random) -> int:
    command = [sys.executable, "-m", "tests.postgres.killing", where, "--home", str(home), "--worker", str(pause)]
    running = [subprocess.Popen(command) for _ in range(workers)]
    done = 0
    try:
        while any(process.poll() is None for process in running):
            alive = _started(home, running)
            time.sleep(dice.uniform(0.02, 0.6) if done < kills else 0.05)
            if done < kills and alive:
                victim = dice.choice(alive)
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                running[running.index(victim)] = subprocess.Popen(command)
                done += 1
    finally:
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
    return done


def _outcome(memory: Memory, episodes: int, kills: int, seconds: float) -> Outcome:
    finished = memory.episodes(status="done", limit=10 * episodes)
    twice = disordered = 0
    for n in range(OWNERS):
        facts: list[Any] = []
        cursor, more = None, True
        while more:
            page = memory.list(user_id=f"owner{n}", cursor=cursor, limit=1000, include_past=True)
            facts += page.items
            cursor, more = page.cursor, page.cursor is not None
        texts = [fact.text for fact in reversed(facts)]
        twice += len(texts) - len(set(texts)) + sum(fact.times_seen > 1 for fact in facts)
        disordered += texts != sorted(texts)
    problems = tuple(difference.item for difference in memory.verify().differences)
    return Outcome(episodes, kills, seconds, episodes - len(finished), twice, disordered, problems)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it, or be one of its workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("where", nargs="?", default="", help="a word for SQLite, or a URL; both databases by default")
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--episodes", type=int, default=2000, help="a worker, on average")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--pause", type=float, default=0.01, help="seconds that the model takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worker", type=float, default=None, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.worker is not None:
        with opened(given.where, given.home, given.worker) as memory:
            (given.home / f"started.{os.getpid()}").touch()
            memory.work(name=f"worker-{os.getpid()}", until_empty=True, lease_seconds=LEASE, attempts=1000)
        return
    places = [given.where] if given.where else [postgres_server.schema, "sqlite"]
    found = [_run_at(place, given) for place in places]
    _scaling()
    if any(o.lost or o.twice or o.disordered or o.problems for o in found):
        raise SystemExit(1)


def _run_at(place: Any, given: argparse.Namespace) -> Outcome:
    with contextlib.ExitStack() as stack:
        home = given.home or Path(stack.enter_context(TemporaryDirectory(prefix="graphmem-workers-")))
        where = place if isinstance(place, str) else stack.enter_context(contextlib.contextmanager(place)())
        options = {"workers": given.workers, "kills": given.kills, "pause": given.pause, "seed": given.seed}
        found = run(where, home, episodes=given.episodes * given.workers, **options)
    print("postgresql" if "://" in where else "sqlite", json.dumps(found._asdict()), flush=True)
    return found


def _scaling(episodes: int = 120, pause: float = 0.25) -> None:
    for workers in (1, 2, 4):
        with (
            contextlib.contextmanager(postgres_server.schema)() as where,
            TemporaryDirectory(prefix="graphmem-workers-") as home,
        ):
            found = run(where, Path(home), episodes=episodes, workers=workers, kills=0, pause=pause, seed=1)
        rate = episodes / found.seconds
        print(f"{workers} workers, a model of {pause} s: {rate:.1f} episodes/s, starting included", flush=True)


if __name__ == "__main__":
    main()
