"""A thousand erasures, each followed by a search of every byte of the home: how much is left, and whose else went.

    python -m tests.faults.erasures [--erasures 1000] [--seed 0] [--folder DIR] [--json FILE]

`planting.py` says what is planted. Before each erasure the memory that this process has freed is filled with what is
to go: whoever writes out what it never filled writes that. After it every file is searched for the pieces of the marker
and for the vectors that went; at the end, when the home is closed, for all of them once more. `--blind` leaves the
wiping of Chroma's index out, to see that the search finds something.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import logging
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from graphmem import Memory
from graphmem.models.contracts import Prompt
from graphmem.models.llm_extractor import LLMExtractor
from graphmem.models.scripted import ScriptedLLM
from tests.faults.planting import WAYS, DenseEmbedder, Marker, World, vector_pieces

LINE = re.compile(r"^m(\d+) \[[^]]*\] [^:]*: (.*)$", re.MULTILINE)
STATEMENT = re.compile(r"([A-Z]\w*) ([a-z_]+) ([A-Z]\w*)")
M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -8, -3, -1
REOPEN = 40
"""Erasures after which the home is closed and opened, and held against what it should be."""


class Trial(NamedTuple):
    """What came of one erasure."""

    way: str
    number: int
    files: int
    vectors: int
    left: dict[str, int]
    """What was found, by file."""
    problems: list[str]


class Outcome(NamedTuple):
    """What came of all."""

    trials: list[Trial]
    at_the_end: dict[str, int]
    problems: list[str]

    @property
    def left(self) -> int:
        """Pieces found, in all."""
        return sum(sum(trial.left.values()) for trial in self.trials) + sum(self.at_the_end.values())

    @property
    def wrong(self) -> list[str]:
        """What else is not as it must be."""
        return [p for trial in self.trials for p in trial.problems] + self.problems


def reply(prompt: Prompt) -> str:
    """A model that reads "Ann knows Bob" out of every line."""
    if prompt.task != "extract":
        return "{}"
    found = [(f"m{n}", m) for n, text in LINE.findall(prompt.user) for m in STATEMENT.finditer(text)]
    facts = [
        {"message": index, "quote": m[0], "text": f"{m[0]}.", "kind": "semantic", "modality": "asserted",
         "correction": False, "valid_from": "", "valid_to": "", "subject": m[1], "relations": [[m[1], m[2], m[3]]]}
        for index, m in found
    ]  # fmt: skip
    return json.dumps({"entities": [{"name": m[1], "type": "Person"} for _, m in found], "facts": facts})


def erasures(count: int, seed: int, home: Path) -> Outcome:
    """Plant and erase so often, on one home with two people who stay."""
    dice = random.Random(seed)
    world = World(None, dice, datetime(2024, 5, 1, tzinfo=UTC))  # type: ignore[arg-type]
    world.memory = _opened(home, world)
    for who in ("ann", "bob"):
        world.memory.add([f"{who.title()} knows Dana{n}." for n in range(12)], user_id=who)
    stays = _everybody(world.memory)
    trials: list[Trial] = []
    problems: list[str] = []
    everything: set[bytes] = set()
    for number in range(count):
        world.wait(hours=1)
        way = (*WAYS,)[number % len(WAYS)] if number < len(WAYS) else dice.choice((*WAYS,))
        trials.append(_trial(world, way, number, home, everything))
        if number % REOPEN == REOPEN - 1:
            problems += _differences(world.memory, stays)
            world.memory.close()
            world.memory = _opened(home, world)
    problems += _differences(world.memory, stays)
    world.memory.close()
    return Outcome(trials, found(home, everything), problems)


def one_heap() -> None:
    """All threads allocate from one heap that keeps what is freed, where the C library can do that (glibc)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in ((M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, 1 << 25), (M_TRIM_THRESHOLD, 1 << 30)):
            mallopt(option, value)


def litter(marker: Marker) -> None:
    """Fill memory with a marker, and free it."""
    word = (marker.text + " ").encode()
    held = [word * (size // len(word)) for size in (1_000, 8_000, 40_000, 160_000) for _ in range(40)]
    held.clear()


def _opened(home: Path, world: World) -> Memory:
    llm = ScriptedLLM(reply)
    parts: dict[str, Any] = {"llm": llm, "extractor": LLMExtractor(llm), "embedder": DenseEmbedder()}
    return Memory.open(home=home, clock=world.clock, **parts)


def _trial(world: World, way: str, number: int, home: Path, everything: set[bytes]) -> Trial:
    marker = Marker.drawn(world.dice)
    planted = WAYS[way](world, marker)
    pieces = marker.pieces() | marker.coded()
    problems = [] if found(home, pieces) else [f"{way} {number}: nothing was there to be erased"]
    before = _vectors(world.memory)
    litter(marker)
    receipt = planted.erase()
    after = _vectors(world.memory)
    if not receipt.complete or receipt.residue:
        problems.append(f"{way} {number}: {receipt.problem} residue {receipt.residue}")
    gone = vector_pieces([row for key, row in before.items() if key not in after])
    gone -= vector_pieces(list(after.values()))
    everything |= pieces | gone
    return Trial(way, number, receipt.files, len(before) - len(after), found(home, pieces | gone), problems)


def found(home: Path, pieces: Iterable[bytes]) -> dict[str, int]:
    """File -> how many of the pieces it holds, as they are or, of words, in any case."""
    wanted = list(pieces)
    counts: Counter[str] = Counter()
    for path in sorted(p for p in home.rglob("*") if p.is_file()):
        raw = path.read_bytes()
        folded = raw.lower()
        counts[path.name] += sum(piece in raw or piece in folded for piece in wanted)
    return {name: count for name, count in counts.items() if count}


def _vectors(memory: Memory) -> dict[tuple[str, str], np.ndarray[Any, np.dtype[np.float32]]]:
    memory._engine.projection.apply()
    return {(item.item_id, item.view): item.vector for item in memory._engine.ledger.projected_vectors()}


def _everybody(memory: Memory) -> list[str]:
    return sorted(fact.text for who in ("ann", "bob") for fact in memory.list(user_id=who, limit=1000))


def _differences(memory: Memory, stays: list[str]) -> Iterator[str]:
    """Between the stores, and between who was to stay and who did."""
    yield from (f"{d.store} {d.item} {d.problem}" for d in memory.verify().differences)
    missing = Counter(stays) - Counter(_everybody(memory))
    yield from (f"of somebody else: {text}" for text in missing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--erasures", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where the home is made; a RAM disk is quick")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--blind", action="store_true")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    one_heap()
    if given.blind:
        from graphmem.stores import chroma

        chroma.wipe_unused = lambda folder: True
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        made = erasures(given.erasures, given.seed, Path(folder) / "home")
    ways = Counter(trial.way for trial in made.trials)
    files, vectors = (sum(getattr(trial, name) for trial in made.trials) for name in ("files", "vectors"))
    for line in [*[str(t) for t in made.trials if t.left], str(made.at_the_end), *made.wrong]:
        if line != "{}":
            print(line, file=sys.stderr)
    print(", ".join(f"{way}: {count}" for way, count in sorted(ways.items())))
    print(
        f"{len(made.trials)} erasures, {files} files searched, {vectors} vectors gone, {made.left} pieces left, "
        f"{len(made.wrong)} wrong, {time.perf_counter() - begun:.0f} s"
    )
    if given.json:
        summary = {"erasures": len(made.trials), "ways": ways, "files": files, "vectors": vectors, "left": made.left}
        given.json.write_text(json.dumps({**summary, "wrong": made.wrong}, indent=1), encoding="utf-8")
    sys.exit(1 if made.left or made.wrong or not made.trials else 0)


if __name__ == "__main__":
    main()
