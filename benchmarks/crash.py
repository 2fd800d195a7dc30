"""kill -9 in the middle of an import, many times: nothing acknowledged may be lost, nothing may be there twice.

    python benchmarks/crash.py [--messages 500] [--kills 20] [--seed 0] [--json FILE]

`graphmem import` reads a file of one-message conversations and is killed at random moments. What counts as
acknowledged is what the ledger holds as finished, seen from another process right before the kill. After each kill
the home is opened again and verified; after the last one the import runs to its end.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.measure import machine, report, write
from graphmem import Memory

CITIES = ("Oslo", "Rome", "Lima", "Cork", "Bern", "Kyiv", "Riga", "Pune", "Graz", "Nice")


def conversations(path: Path, count: int) -> None:
    """One message a line, each with a fact of its own."""
    lines = [
        {
            "user_id": "crash",
            "messages": [{"role": "user", "content": f"Friend number {n} called Pal{n} lives in {CITIES[n % 10]}."}],
        }
        for n in range(count)
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")


def importer(path: Path, home: Path) -> subprocess.Popen[bytes]:
    """The import as a user starts it."""
    command = [sys.executable, "-m", "graphmem.cli", "import", str(path), "--home", str(home)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finished(home: Path) -> set[str]:
    """Keys of the episodes that are done, read from the ledger's file by another process."""
    ledger = home / "ledger.db"
    if not ledger.exists():
        return set()
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)
    try:
        rows = connection.execute("SELECT idempotency_key FROM episodes WHERE status IN ('done', 'empty')")
        return {row[0] for row in rows}
    except sqlite3.OperationalError:
        return set()
    finally:
        connection.close()


def killed(path: Path, home: Path, least: int, pause: float) -> set[str]:
    """Kill the import when it has got further, at some moment; returns what was acknowledged before."""
    child = importer(path, home)
    while child.poll() is None and len(finished(home)) < least:
        time.sleep(0.02)
    time.sleep(pause)
    acknowledged = finished(home)
    child.send_signal(signal.SIGKILL)
    child.wait()
    return acknowledged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    dice = random.Random(given.seed)
    figures: dict[str, Any] = {"messages": given.messages, "kills": 0, "lost": 0, "differences": 0}
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        path, home = Path(folder) / "messages.jsonl", Path(folder) / "home"
        conversations(path, given.messages)
        acknowledged: set[str] = set()
        step = max(1, given.messages // (given.kills + 2))
        for kill in range(given.kills):
            least = len(acknowledged) + dice.randint(1, step)
            acknowledged |= killed(path, home, least, dice.uniform(0, 0.3))
            with Memory.open(home=home) as memory:
                differences = memory.verify().differences
                there = {e.idempotency_key for e in memory.episodes(limit=10**6) if e.status in {"done", "empty"}}
            figures["kills"] += 1
            figures["lost"] += len(acknowledged - there)
            figures["differences"] += len(differences)
            print(f"kill {kill + 1}: {len(acknowledged)} acknowledged, {len(acknowledged - there)} lost,"
                  f" {len(differences)} differences", flush=True)  # fmt: skip
        assert importer(path, home).wait() == 0
        with Memory.open(home=home) as memory:
            texts = [m.content for m in memory._engine.ledger.messages(_message_ids(memory)).values()]
            figures["messages at the end"] = len(texts)
            figures["duplicates"] = len(texts) - len(set(texts))
            figures["differences at the end"] = len(memory.verify().differences)
    report("kill -9 in the middle of an import", ("what", "count"), figures.items())
    write(given.json, figures)
    sys.exit(0 if figures["lost"] == figures["differences"] == figures["duplicates"] == 0 else 1)


def _message_ids(memory: Memory) -> list[str]:
    ledger = memory._engine.ledger
    return [m.id for e in memory.episodes(limit=10**6) for m in ledger.episode(e.id)[1]]


if __name__ == "__main__":
    main()
