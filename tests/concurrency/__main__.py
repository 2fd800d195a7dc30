"""Several processes with several threads each on one home; prints what went wrong, exits 1 when anything did.

    python -m tests.concurrency [--processes 4] [--threads 8] [--calls 30] [--json FILE]

Every thread adds, reads, updates, deletes and lists under tenants that all processes share, and counts what it was
told. At the end one more process compares the home with the sum of all answers.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from graphmem import Memory
from graphmem.models.contracts import ExtractionRequest
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from graphmem.values import Draft, EntityDraft, FactDraft, RelationDraft
from tests.faults import forks
from tests.faults.__main__ import IMPORTED
from tests.faults.workload import STATEMENT

TENANTS = ("ann", "bob")


def read(request: ExtractionRequest) -> Draft:
    """Every "Dana knows Emil" is a fact with its relation."""
    return Draft(
        facts=tuple(
            FactDraft(
                text=f"{found[0]}.", message=index, quote=found[0], subject=found[1],
                entities=(EntityDraft(name=found[1]), EntityDraft(name=found[3])),
                relations=(RelationDraft(source=found[1], type=found[2], target=found[3]),),
            )
            for index, message in enumerate(request.messages)
            for found in STATEMENT.finditer(message.content)
        )
    )  # fmt: skip


def opened(home: Path) -> Memory:
    """The home, as every process opens it."""
    return Memory.open(home=home, embedder=HashEmbedder(32), extractor=ScriptedExtractor(read))


def thread(memory: Memory, name: str, calls: int) -> Counter[str]:
    """The calls of one thread; what it was told, and which errors it met."""
    told: Counter[str] = Counter()
    for number in range(calls):
        who = TENANTS[number % 2]
        try:
            mine = memory.add(f"{name} knows Friend{number}{name}. Town lives_in Place{name}x{number}.", user_id=who)
            ids = [change.memory_id for change in mine.changes if change.event == "ADD"]
            told["added"] += len(ids)
            told["failed"] += mine.status == "failed"
            if number % 5 == 4:
                memory.delete(ids[0])
                told["deleted"] += 1
            elif number % 5 == 2:
                memory.update(ids[0], metadata={"by": name})
                told["updated"] += 1
            if ids[0] not in memory.get(ids[-1]).id and not memory.search(f"{name} knows", user_id=who, k=3).hits:
                told["lost at once"] += number % 5 != 4
            memory.list(user_id=who, limit=5)
        except Exception as exc:  # whatever reaches a caller is what this looks for
            told[f"error: {type(exc).__name__}: {exc}"[:300]] += 1
    return told


def process(home: Path, name: str, threads: int, calls: int, say: forks.Say) -> None:
    """One process: its threads share one memory."""
    with opened(home) as memory, ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda t: thread(memory, f"P{name}t{t}", calls), range(threads)))
        store = memory.projection_name() if hasattr(memory, "projection_name") else memory.status().vectors
    say({"told": dict(sum(parts, Counter())), "vectors": store})


def checked(home: Path, told: Counter[str], say: forks.Say) -> None:
    """What the home holds against what the threads were told."""
    with opened(home) as memory:
        differences = [f"{d.store} {d.item} {d.problem}" for d in memory.verify().differences]
        live = Counter(
            r.source.name for who in TENANTS for r in memory.relations("Town", user_id=who, type="lives_in", limit=1000)
        )
        there = [m for who in TENANTS for m in everything(memory, who)]
        updated = sum("by" in m.metadata for m in there)
    expected = told["added"] - told["deleted"]
    problems = [line for line in told if line.startswith("error")] + differences[:10]
    if len(there) != expected:
        problems.append(f"{len(there)} memories are there, and {expected} should be")
    if updated != told["updated"]:
        problems.append(f"{updated} updates are there of {told['updated']}")
    if live != Counter({"Town": len(TENANTS)}):
        problems.append(f"a town is in {dict(live)} places for {len(TENANTS)} tenants")
    say(problems)


def everything(memory: Memory, who: str) -> list[Any]:
    """All memories of a tenant."""
    found: list[Any] = []
    cursor = None
    while True:
        page = memory.list(user_id=who, include_past=True, limit=1000, cursor=cursor)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


def run(home: Path, processes: int, threads: int, calls: int) -> dict[str, Any]:
    """All of it; `problems` is empty when all is well."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(processes) as pool:
        ended = list(
            pool.map(lambda n: forks.run(lambda say: process(home, str(n), threads, calls, say)), range(processes))
        )
    told: Counter[str] = Counter()
    for one in ended:
        told.update(one.said[0]["told"] if one.said else {f"error: {one.problem}": 1})
    seconds = time.perf_counter() - begun
    last = forks.run(lambda say: checked(home, told, say))
    problems = last.said[0] if last.said else [last.problem]
    stores = sorted(one.said[0]["vectors"] for one in ended if one.said)
    return {"told": dict(told), "vectors": stores, "seconds": round(seconds, 1), "problems": problems}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--calls", type=int, default=30, help="of each thread")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    for name in IMPORTED:
        import_module(name)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = run(Path(folder) / "home", given.processes, given.threads, given.calls)
    print(json.dumps(found, indent=1))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    sys.exit(1 if found["problems"] else 0)


if __name__ == "__main__":
    main()
