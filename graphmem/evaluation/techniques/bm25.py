"""BM25 over turns: SQLite's FTS5 with the Porter stemmer, k1 1.2 and b 0.75. The baseline that costs nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping

from graphmem.evaluation.records import DEPTH, Conversation, Ingested, Question, Retrieved
from graphmem.evaluation.techniques.contract import Parts
from graphmem.evaluation.techniques.units import Unit, by_id, shown, units
from graphmem.ledger.text.words import indexed, query_words


class Bm25:
    """Ranks turns, and facts of the data in the mode `recorded`; shows the best `top_k`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._units: Mapping[str, Unit] = {}
        # An index in memory: it is made again in less time than it would take to read.
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute("CREATE VIRTUAL TABLE texts USING fts5(id UNINDEXED, text, tokenize='porter unicode61')")

    def ingest(self, conversation: Conversation) -> Ingested:
        """Index everything anew."""
        found = units(conversation, self._parts.options.mode)
        self._units = by_id(found)
        self._index.execute("DELETE FROM texts")
        self._index.executemany("INSERT INTO texts VALUES (?, ?)", [(u.id, indexed(u.text)) for u in found])
        return self._parts.kept(conversation, [unit.text for unit in found])

    def context(self, question: Question) -> Retrieved:
        """The best units, as lines."""
        began = time.perf_counter()
        ranked = self._ranked(question.text, max(DEPTH, self._parts.options.top_k))
        spent = (time.perf_counter() - began) * 1000
        best = [unit for unit, _ in ranked[: self._parts.options.top_k]]
        return Retrieved(
            text="\n".join(unit.line for unit in best),
            found=tuple(unit.found(score) for unit, score in ranked),
            shown=shown(unit.sources for unit in best),
            milliseconds={"search": spent},
        )

    def close(self) -> None:
        """Drop the index."""
        self._index.close()

    def _ranked(self, text: str, k: int) -> list[tuple[Unit, float]]:
        # Each word in quotation marks is a term and never an operator; words that only say how to ask are left out.
        asked = " OR ".join(f'"{word}"' for word in query_words(text))
        if not asked:
            return []
        rows = self._index.execute(
            "SELECT id, -bm25(texts) FROM texts WHERE text MATCH ? ORDER BY bm25(texts), rowid LIMIT ?", (asked, k)
        )
        return [(self._units[identity], float(score)) for identity, score in rows]
