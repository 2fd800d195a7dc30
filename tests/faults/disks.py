"""A disk that is full: writes fail from some size on, once the limit is lifted work goes on.

    python -m tests.faults.disks [--trials 200] [--seed 0] [--json FILE]

Two ways: RLIMIT_FSIZE lets no file grow beyond a limit (EFBIG); a small tmpfs runs out of space (ENOSPC; needs root).
A call may fail with a StoreError and nothing else, what was acknowledged before must be kept, what failed must have
happened wholly or not at all, and after the fault the workload ends as if there had been none: half of the trials go
on in the same process, half after a restart.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from typing import Any

from graphmem.errors import StoreError
from tests.faults import forks
from tests.faults.__main__ import IMPORTED
from tests.faults.references import Reference, referenced
from tests.faults.states import differences, digest, state
from tests.faults.workload import World

Lift = Callable[[], None]


@contextmanager
def limited(size: int) -> Iterator[Lift]:
    """No file of this process grows beyond `size` bytes until the limit is lifted."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    lift = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))  # noqa: E731
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield lift
    finally:
        lift()


@contextmanager
def small(folder: Path, size: int) -> Iterator[Lift]:
    """`folder` is a disk of `size` bytes until it is made larger."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True, capture_output=True)
    try:
        yield lambda: (subprocess.run(["mount", "-o", "remount,size=256m", folder], check=True), None)[1]
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def may_mount() -> bool:
    """Whether this user may make a small disk here."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small(Path(folder), 1 << 20):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def full_disk(known: Reference, home: Path, lift: Lift, restart: bool) -> dict[str, Any]:
    """Work until a call fails, lift the limit, go on; what went wrong is in `problems`."""
    world, done, failed, problems = World(), 0, "", []
    try:
        with world.opened(home) as memory:
            done, failed = _until_it_fails(world, memory, known, 0)
            if failed and not restart:
                lift()
                problems += _between(known, home, done)
                again, second = _until_it_fails(world, memory, known, done)
                problems += [second] if second else []
                done = again
    except StoreError as exc:
        failed = failed or f"{type(exc).__name__}: {exc}"
    lift()
    if restart or done < len(known.calls):
        problems += _between(known, home, done) if done or home.exists() else []
        world.number = done
        with world.opened(home) as memory:
            done, second = _until_it_fails(world, memory, known, done)
            problems += [second] if second else []
    with World(number=len(known.calls)).opened(home) as memory:
        problems += [f"{d.store} {d.item} {d.problem}" for d in memory.verify().differences]
    problems += differences(known.states[-1], state(home))
    return {"failed": failed, "problems": problems[:10]}


def _until_it_fails(world: World, memory: Any, known: Reference, first: int) -> tuple[int, str]:
    for number in range(first, len(known.calls)):
        try:
            world.perform(memory, number, known.calls[number])
        except StoreError as exc:
            return number, f"{type(exc).__name__}: {exc}"
    return len(known.calls), ""


def _between(known: Reference, home: Path, done: int) -> list[str]:
    """Problems of the state after `done` calls and perhaps a part of the next: an add may be accepted, not finished."""
    found = state(home)
    if not done or digest(found) in known.digests[done : done + 2]:
        return []
    before = known.states[done]
    lost = [f"lost: {table} {row[:200]}" for table in before for row in before[table] - found.get(table, frozenset())]
    call = known.calls[done]
    # A new message changes the windows of the one before it; and an add that waits is no half of one.
    return (
        [] if call.verb in {"add", "retry"} and not [row for row in lost if row.startswith("lost: memories")] else lost
    )


def trial(known: Reference, folder: Path, kind: str, dice: random.Random) -> dict[str, Any]:
    """One full disk."""
    rmtree(folder, ignore_errors=True)
    folder.mkdir()
    size, restart = int(2 ** dice.uniform(12.5, 21.5)), dice.random() < 0.5

    def work(say: forks.Say) -> None:
        full = limited(size) if kind == "no file may grow" else small(folder, size)
        with full as lift:
            say(full_disk(known, folder / "home", lift, restart))

    ended = forks.run(work)
    told = ended.said[0] if ended.said else {"failed": "", "problems": [ended.problem or "the child was killed"]}
    return {"kind": kind, "size": size, "restart": restart, **told}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    for name in IMPORTED:
        import_module(name)
    gc.freeze()
    kinds = ["no file may grow", *(["no space left"] if may_mount() else [])]
    dice = random.Random(given.seed)
    found = []
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        known = referenced(given.seed, Path(folder))
        for number in range(given.trials):
            found.append(trial(known, Path(folder) / "disk", kinds[number % len(kinds)], dice))
            if found[-1]["problems"]:
                print(found[-1], file=sys.stderr, flush=True)
    report(found, given.json)


def report(found: list[dict[str, Any]], path: Path | None) -> None:
    """Print a row a kind, write the figures, and exit."""
    kinds = sorted({one["kind"] for one in found})
    rows = [
        {
            "kind": kind,
            "trials": sum(one["kind"] == kind for one in found),
            "calls that failed": sum(bool(one["failed"]) for one in found if one["kind"] == kind),
            "errors": dict(Counter(one["failed"].partition(":")[0] for one in found if one["kind"] == kind)),
            "wrong": sum(bool(one["problems"]) for one in found if one["kind"] == kind),
        }
        for kind in kinds
    ]
    for row in rows:
        print(", ".join(f"{key}: {value}" for key, value in row.items()))
    if path:
        path.write_text(json.dumps({"summary": rows, "wrong": [o for o in found if o["problems"]]}, indent=1), "utf-8")
    sys.stdout.flush()
    sys.exit(1 if any(one["problems"] for one in found) else 0)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
