"""How much of the gold evidence a search finds, with the graph and without it; no chat model anywhere.

    python benchmarks/recall.py PATH [--json FILE] [--limit N] [--modes raw,facts]

PATH is a LoCoMo file, or a folder with passages.json and questions_*.json in the shape of MuSiQue. R@k is the share
of a question's gold turns (or passages) that the first k hits rest on, averaged over the questions that have any;
LoCoMo averages leave out category 5, whose questions have no answer. A fact counts for the turns it was derived from.

vectors: cosine of turns alone. hybrid: BM25 .6 and cosine .4. raw: the engine on messages only. facts, triples: with
the facts or triples that the data holds. local: with what the local extractor finds. All but the first two are
`Memory.search` as it is; every conversation, and every set of passages, is a user of its own.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from graphmem import Memory
from graphmem.importing import locomo
from graphmem.models.contracts import Embedder, Vectors
from graphmem.steps import fusion
from graphmem.steps.fusion import Recipe
from graphmem.values import Fact, Hit

CUTS = (2, 5, 10, 20, 30)
UNANSWERABLE = 5
SAMPLES = 2000
"""Bootstrap samples of the questions."""


class Text(NamedTuple):
    """One message, with what the data says about it."""

    id: str
    message: dict[str, object]
    facts: tuple[Fact, ...]


class Asked(NamedTuple):
    """A question and the ids of the texts that answer it."""

    question: str
    category: str
    gold: frozenset[str]


class Store(NamedTuple):
    """The texts and questions of one user; each group is one add."""

    user: str
    groups: tuple[tuple[Text, ...], ...]
    questions: tuple[Asked, ...]


class Mode(NamedTuple):
    """What is kept, and how it is ranked."""

    name: str
    kept: str
    recipe: Recipe | None


class Row(NamedTuple):
    """The figures of one question."""

    category: str
    figures: Mapping[str, float]


LOCOMO = (
    Mode("vectors", "messages", fusion.VECTORS),
    Mode("hybrid", "messages", fusion.HYBRID),
    Mode("hybrid + walk", "messages", fusion.HYBRID_WALK),
    Mode("raw, no walk", "messages", fusion.CHAT_FLAT),
    Mode("raw", "messages", None),
    Mode("facts, no walk", "facts", fusion.CHAT_FLAT),
    Mode("facts", "facts", None),
    Mode("local", "extracted", None),
)
MUSIQUE = (
    Mode("vectors", "messages", fusion.VECTORS),
    Mode("hybrid", "messages", fusion.HYBRID),
    Mode("raw", "messages", None),
    Mode("triples, no walk", "facts", fusion.CHAT_FLAT),
    Mode("triples", "facts", None),
    Mode("local", "extracted", None),
)
GAINS = {
    "locomo": (("hybrid + walk", "hybrid"), ("raw", "raw, no walk"), ("facts", "facts, no walk")),
    "musique": (("triples", "hybrid"), ("triples", "triples, no walk"), ("local", "hybrid")),
}


class Kept:
    """An embedder that remembers: the modes embed the same texts."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._rows: dict[str, Vectors] = {}
        self.fingerprint, self.dimensions = inner.fingerprint, inner.dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Rows of texts, each embedded once."""
        new = list(dict.fromkeys(t for t in texts if t not in self._rows))
        self._rows |= dict(zip(new, self._inner.embed(new), strict=True)) if new else {}
        return np.stack([self._rows[t] for t in texts]) if texts else np.zeros((0, self.dimensions), np.float32)

    def close(self) -> None:
        """Nothing: the inner embedder lives on for the next mode."""


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--limit", type=int, help="questions a user, at most")
    parser.add_argument("--modes", help="names, separated by commas")
    given = parser.parse_args()
    from graphmem.models.local.embedder import LocalEmbedder

    modes = given.modes.split(",") if given.modes else None
    report = measure(given.path, LocalEmbedder(), limit=given.limit, only=modes)
    if given.json:
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def measure(
    path: Path, embedder: Embedder, *, limit: int | None = None, only: Sequence[str] | None = None
) -> dict[str, dict[str, object]]:
    """Figures by mode, printed as they come."""
    family = "musique" if path.is_dir() else "locomo"
    stores = [s._replace(questions=s.questions[:limit]) for s in (musique if path.is_dir() else turns)(path)]
    modes = [m for m in (MUSIQUE if family == "musique" else LOCOMO) if only is None or m.name in only]
    kept = Kept(embedder)
    rows: dict[str, list[Row]] = {}
    print(f"{'mode':16}" + "".join(f"{name:>9}" for name in (*(f"R@{c}" for c in CUTS), "nDCG@10", "n", "ms")))
    for what in dict.fromkeys(mode.kept for mode in modes):
        with tempfile.TemporaryDirectory() as home:
            options = {"home": home, "vectors": "none", "embedder": kept}
            with _opened(what, options) as memory:
                ids = {store.user: _load(memory, store, what) for store in stores}
                for mode in (m for m in modes if m.kept == what):
                    asking = Memory(memory._engine, recipe=mode.recipe)
                    began = time.perf_counter()
                    rows[mode.name] = [row for store in stores for row in _ask(asking, store, ids[store.user])]
                    _print(mode.name, rows[mode.name], time.perf_counter() - began)
    report = {name: _summary(found) for name, found in rows.items()}
    for with_graph, without in GAINS[family]:
        if with_graph in rows and without in rows:
            _print_gain(with_graph, without, rows)
    return report


def turns(path: Path) -> Iterator[Store]:
    """Conversations of a LoCoMo file; a session is one add."""
    for place, sample in enumerate(locomo.conversations(path)):
        facts: dict[str, list[Fact]] = {}
        known = {turn.dia_id for turn in sample.turns}
        for seen in sample.observations:
            source = next((turn for turn in seen.dia_ids if turn in known), None)
            if source and seen.text.strip():
                facts.setdefault(source, []).append(Fact(text=seen.text, subject=seen.speaker))
        groups = tuple(
            tuple(
                Text(turn.dia_id, _said(turn, session.at), tuple(facts.get(turn.dia_id, ()))) for turn in session.turns
            )
            for session in sample.sessions
        )
        asked = tuple(
            Asked(q.question, str(q.category), frozenset(locomo.dialogue_ids(q.evidence)) & known)
            for q in sample.questions
            if q.category != UNANSWERABLE
        )
        yield Store(f"{sample.sample_id}-{place}", groups, tuple(q for q in asked if q.gold))


def _said(turn: locomo.Turn, at: object) -> dict[str, object]:
    return {"name": turn.speaker, "content": turn.content or "…", "timestamp": at, "metadata": {"dia_id": turn.dia_id}}


def musique(folder: Path) -> Iterator[Store]:
    """The passages of a folder, each one add, with the questions of all its files."""
    passages = json.loads((folder / "passages.json").read_text(encoding="utf-8"))
    texts = tuple((Text(p["id"], _passage(p), _triples(p)),) for p in passages)
    known = {p["id"] for p in passages}
    asked = [
        Asked(q["question"], f"{len(q['supporting'])} hops", frozenset(q["supporting"]) & known)
        for file in sorted(folder.glob("questions*.json"))
        for q in json.loads(file.read_text(encoding="utf-8"))
    ]
    yield Store("musique", texts, tuple(q for q in asked if q.gold))


def _passage(passage: Mapping[str, str]) -> dict[str, object]:
    return {"name": passage["title"], "content": passage["text"], "metadata": {"passage": passage["id"]}}


def _triples(passage: Mapping[str, object]) -> tuple[Fact, ...]:
    triples = [t for t in passage.get("triples") or () if len(t) == 3 and all(str(part).strip() for part in t)]  # type: ignore[attr-defined]
    return tuple(Fact(text=" ".join(t), relations=((t[0], t[1], t[2]),)) for t in triples)


def _opened(what: str, options: Mapping[str, object]) -> Memory:
    if what != "extracted":
        return Memory.open(**options, extractor="none")  # type: ignore[arg-type]
    return Memory.open(**options, extractor="local")  # type: ignore[arg-type]


def _load(memory: Memory, store: Store, what: str) -> dict[str, str]:
    """Add everything; returns the text's id by message id."""
    ids: dict[str, str] = {}
    for group in store.groups:
        facts = [fact.model_copy(update={"message": n}) for n, text in enumerate(group) for fact in text.facts]
        done = memory.add(
            [dict(text.message) for text in group],
            user_id=store.user,
            infer=what == "extracted",
            facts=facts if what == "facts" and facts else None,
        )
        ids |= dict(zip(done.message_ids, (text.id for text in group), strict=True))
    return ids


def _ask(memory: Memory, store: Store, ids: Mapping[str, str]) -> Iterator[Row]:
    for asked in store.questions:
        found = memory.search(asked.question, user_id=store.user, k=max(CUTS), relations=False)
        yield Row(asked.category, figures([_sources(hit, ids) for hit in found.hits], asked.gold))


def _sources(hit: Hit, ids: Mapping[str, str]) -> set[str]:
    """Ids of the texts that a hit rests on."""
    return {ids[e.message_id] for e in hit.evidence if e.message_id in ids}


def figures(found: Sequence[set[str]], gold: frozenset[str]) -> dict[str, float]:
    """Recall at each cut and nDCG@10; a text found twice counts once, at its first place."""
    result = {f"R@{cut}": len(gold & set().union(*found[:cut])) / len(gold) for cut in CUTS}
    seen: set[str] = set()
    gained = 0.0
    for place, texts in enumerate(found[:10]):
        gained += bool((texts & gold) - seen) / math.log2(place + 2)
        seen |= texts
    best = sum(1 / math.log2(place + 2) for place in range(min(10, len(gold))))
    return result | {"nDCG@10": gained / best}


def _summary(rows: Sequence[Row]) -> dict[str, object]:
    """Means in percent, over all questions and by category."""
    names = tuple(rows[0].figures) if rows else ()
    categories = sorted({row.category for row in rows})
    mean = _mean(rows, names)
    by_category = {c: _mean([row for row in rows if row.category == c], names) for c in categories}
    counts = {c: sum(row.category == c for row in rows) for c in categories}
    return {**mean, "by_category": {c: {**by_category[c], "n": counts[c]} for c in categories}, "n": len(rows)}


def _mean(rows: Sequence[Row], names: Sequence[str]) -> dict[str, float]:
    return {name: round(100 * float(np.mean([row.figures[name] for row in rows])), 1) for name in names}


def gain(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """Mean difference in points with its paired 95 % bootstrap interval over the questions."""
    difference = 100 * (np.asarray(one) - np.asarray(other))
    drawn = np.random.default_rng(0).integers(0, len(difference), (SAMPLES, len(difference)))
    low, high = np.percentile(difference[drawn].mean(axis=1), (2.5, 97.5))
    return float(difference.mean()), float(low), float(high)


def _print(name: str, rows: Sequence[Row], seconds: float) -> None:
    if not rows:
        return
    mean = _mean(rows, tuple(rows[0].figures))
    cells = (*(f"{value:.1f}" for value in mean.values()), str(len(rows)), f"{1000 * seconds / len(rows):.1f}")
    print(f"{name:16}" + "".join(f"{cell:>9}" for cell in cells), flush=True)


def _print_gain(with_graph: str, without: str, rows: Mapping[str, Sequence[Row]]) -> None:
    for cut in ("R@5", "R@10"):
        sides = ([row.figures[cut] for row in rows[name]] for name in (with_graph, without))
        mean, low, high = gain(*sides)
        print(f"graph: {with_graph} over {without}, {cut}: {mean:+.1f} [{low:+.1f}, {high:+.1f}]")


if __name__ == "__main__":
    main()
