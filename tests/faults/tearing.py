"""kill -9 while Chroma writes its index: what is left of it, and what is there when the home is opened again.

    python -m tests.faults.tearing [--kills 100] [--adds 11] [--seed 0] [--folder DIR] [--json FILE]

Chroma writes the index once in a thousand vectors, in place, one file after the other. A child adds messages and is
killed as soon as one of these files changes. The next process must find each acknowledged add, whole, and stores that
agree, with no `rebuild`.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

from graphmem import Memory, Settings
from graphmem.stores.chroma_files import Seal
from tests.architecture.source import ROOT

MESSAGES = 100
"""Of one add; each has two vectors, its own and that of its surroundings."""
FILES = ("data_level0.bin", "length.bin", "link_lists.bin", "header.bin")
SECONDS = 60.0


def opened(home: Path) -> Memory:
    """A memory that keeps messages as they are, with Chroma."""
    return Memory.open(Settings(home=home, embedder="hash", embedding_dimensions=128, extractor="none"))


def add(memory: Memory, number: int) -> None:
    """An add of some messages."""
    said = [{"role": "user", "content": f"Thing {number * MESSAGES + each} is here"} for each in range(MESSAGES)]
    memory.add(said, user_id="u")


def begun(folder: Path, adds: int) -> Path:
    """The home that trials begin with."""
    with opened(folder) as memory:
        for number in range(adds):
            add(memory, number)
    return folder


def work(home: Path) -> None:
    """Add until killed, and say how many adds the home holds."""
    with opened(home) as memory:
        number = memory.status().counts["messages"] // MESSAGES
        while True:
            add(memory, number)
            number += 1
            print(number, flush=True)


def trial(base: Path, home: Path, adds: int, dice: random.Random) -> dict[str, Any]:
    """One kill; what went wrong after it is in `problems`."""
    rmtree(home, ignore_errors=True)
    copytree(base, home)
    (file,) = (home / "chroma").glob(f"*/{dice.choice(FILES)}")
    pause = dice.choice([0.0, dice.uniform(0, 0.002), dice.uniform(0, 0.02)])
    command = [sys.executable, "-m", "tests.faults.tearing", "--work", home]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    before, end = file.stat().st_mtime_ns, time.monotonic() + SECONDS
    while file.stat().st_mtime_ns == before and child.poll() is None and time.monotonic() < end:
        time.sleep(0.0002)
    changed = file.stat().st_mtime_ns != before
    time.sleep(pause)
    child.kill()
    said = child.communicate()[0].split()
    held = int(said[-1]) if said else adds
    return {"changed": changed, "acknowledged": held - adds, **_after(home, held)}


def _after(home: Path, adds: int) -> dict[str, Any]:
    torn = Seal(home / "chroma").broken()
    started = time.monotonic()
    problems = []
    with opened(home) as memory:
        memory.retry()
        found = memory.verify()
        seconds = time.monotonic() - started
        problems += [f"{d.store} {d.item} {d.problem}" for d in found.differences]
        problems += [f"{found.pending} writes wait"] if found.pending else []
        held = memory.status().counts["messages"]
        if held not in {adds * MESSAGES, (adds + 1) * MESSAGES}:
            problems.append(f"{held} messages of {adds} adds")
        add(memory, 10_000)
        if "Thing 1000007 is here" != memory.search("Thing 1000007", user_id="u", k=1).hits[0].text:
            problems.append("a new message is not found")
        problems += [f"later: {d.store} {d.item} {d.problem}" for d in memory.verify().differences]
    return {"torn": torn, "seconds": seconds, "problems": problems[:10]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--adds", type=int, default=11, help=f"of {MESSAGES} messages each, before the kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    if given.work:
        work(given.work)
    dice, found = random.Random(given.seed), []
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        base = begun(Path(folder) / "base", given.adds)
        for _ in range(given.kills):
            found.append(trial(base, Path(folder) / "home", given.adds, dice))
            if found[-1]["problems"]:
                print(found[-1], file=sys.stderr, flush=True)
    row = {
        "kills": len(found),
        "while the index changed": sum(one["changed"] for one in found),
        "torn": sum(one["torn"] for one in found),
        "acknowledged": sum(one["acknowledged"] for one in found),
        "wrong": sum(bool(one["problems"]) for one in found),
        "longest recovery (s)": round(max(one["seconds"] for one in found), 2),
    }
    print(", ".join(f"{key}: {value}" for key, value in row.items()))
    if given.json:
        given.json.write_text(json.dumps({"summary": row, "wrong": [o for o in found if o["problems"]]}, indent=1))
    sys.exit(1 if row["wrong"] else 0)


if __name__ == "__main__":
    main()
