"""How a search grows with the memory, beside plain Chroma with its user filter on the same vectors.

    python benchmarks/scale.py [--sizes 10000 100000] [--home-size 200000] [--json FILE]

Rows go straight into the ledger and its projection (extraction is not what is measured); the queries go through
`Memory.search` with an embedder that looks its vectors up.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import interleaved, machine, memory_mb, report, write
from graphmem import Memory
from graphmem.stores.contracts import VectorItem
from graphmem.values import Addition, Entity, Plan, Scope, Triple
from graphmem.values import Memory as Fact

DIMENSIONS = 384
TOPICS = 200
BATCH = 1000
K = 20
START = datetime(2025, 1, 1, tzinfo=UTC)


class Known:
    """Vectors made from a seed: points around topics, as embeddings of sentences are."""

    fingerprint = f"bench:{DIMENSIONS}:l2"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.topics = self._unit(self.rng.standard_normal((TOPICS, DIMENSIONS)))
        middles, ends = (
            ("ra", "le", "mi", "so", "nu", "ta", "ve", "po"),
            ("ren", "lis", "dom", "tka", "ver", "bin", "sor"),
        )
        words = [f"{a}{b}{c}{d}" for a in "bdfgklmnprst" for b in "aeiou" for c in middles for d in ends]
        self.words = np.array(words)
        self.weights = 1 / np.arange(1, len(words) + 1) ** 0.9
        self.weights /= self.weights.sum()

    @staticmethod
    def _unit(rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def points(self, count: int) -> npt.NDArray[np.float32]:
        near = self.topics[self.rng.integers(0, TOPICS, count)]
        return self._unit(near + 0.6 * self.rng.standard_normal((count, DIMENSIONS)) / np.sqrt(DIMENSIONS) * 2)

    def texts(self, count: int) -> list[str]:
        picks = self.rng.choice(self.words, (count, 8), p=self.weights)
        return [" ".join(row) for row in picks]

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return self.points(len(texts))

    def close(self) -> None:
        return None


def identity(*parts: object) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, parts))))


def load(memory: Memory, known: Known, user: str, count: int) -> float:
    """Rows a second, ledger and Chroma together."""
    scope = Scope(user_id=user)
    names = [f"{user} friend {i}" for i in range(max(10, count // 20))]
    entities = [Entity(id=identity(user, "e", i), name=name, type="Person") for i, name in enumerate(names)]
    began = time.perf_counter()
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        texts, vectors = known.texts(size), known.points(size)
        ends = (known.rng.zipf(1.3, (size, 2)) - 1) % len(entities)
        additions = []
        for row in range(size):
            one, other = (entities[i] for i in ends[row])
            at = START + timedelta(minutes=start + row)
            fact = Fact(
                id=identity(user, "m", start + row),
                text=f"{texts[row]} {one.name}",
                scope=scope,
                valid_from=at,
                recorded_at=at,
                subject_id=one.id,
            )
            triples = (Triple(source_id=one.id, type="knows", target_id=other.id),) if one.id != other.id else ()
            additions.append(Addition(memory=fact, entity_ids=(one.id, other.id), triples=triples))
        plan = Plan(
            resolution_id=identity(user, "r", start),
            scope=scope,
            at=START,
            entities=tuple(entities) if start == 0 else (),
            additions=tuple(additions),
        )
        items = [VectorItem(a.memory.id, "fact", scope, v) for a, v in zip(additions, vectors, strict=True)]
        memory._engine.ledger.commit(plan, items)
        memory._engine.projection.apply()
    return count / (time.perf_counter() - began)


def compare(memory: Memory, known: Known, user: str, rounds: int) -> dict[str, Any]:
    """p50 and p95 of a search by graphmem and of Chroma's own query with its user filter."""
    store: Any = memory._engine.projection.vectors()
    queries = [" ".join(text.split()[:5]) for text in known.texts(rounds + 3)]
    vectors = known.points(rounds + 3)

    def ours(number: int) -> None:
        assert len(memory.search(queries[number], user_id=user, k=K).hits) == K

    def plain(number: int) -> None:
        store._collection.query(
            query_embeddings=vectors[number][None, :],
            n_results=K,
            where={"user_id": user},
            include=["distances", "metadatas"],
        )

    for warm in range(3):
        ours(rounds + warm)
        plain(rounds + warm)
    found: dict[str, Any] = interleaved({"graphmem": ours, "chroma": plain}, rounds)
    found["ratio"] = round(found["graphmem"]["p50"] / found["chroma"]["p50"], 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000], help="memories of one user")
    parser.add_argument("--home-size", type=int, default=200_000, help="home in which a user has 100; 0: skip")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    print(machine())
    rows, figures = [], {}
    cases = [(f"{n:,} of one user", n, "solo", n) for n in given.sizes]
    if given.home_size:
        cases.append((f"100 of a user among {given.home_size:,}", 100, "small", given.home_size))
    for title, count, user, total in cases:
        known = Known()
        with tempfile.TemporaryDirectory() as home, Memory.open(home=home, embedder=known, extractor="none") as memory:
            load(memory, known, user, count)
            others, made = total - count, 0
            while made < others:
                rate = load(memory, known, f"other {made}", min(10_000, others - made))
                made += 10_000
            rate = load(memory, known, "rate", BATCH)
            figures[title] = found = compare(memory, known, user, given.rounds)
        rows.append((title, found["graphmem"]["p50"], found["graphmem"]["p95"], found["chroma"]["p50"],
                     found["chroma"]["p95"], found["ratio"], f"{rate:.0f}", memory_mb()))  # fmt: skip
    report(
        "search without the embedder, ms",
        ("case", "graphmem p50", "p95", "chroma + filter p50", "p95", "ratio", "rows/s in", "RSS MB"),
        rows,
    )
    write(given.json, {"search": figures})


if __name__ == "__main__":
    main()
