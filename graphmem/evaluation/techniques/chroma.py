"""Plain vectors in Chroma: what most memories do before they do anything else."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping
from typing import Any

from graphmem.evaluation.records import DEPTH, Conversation, Ingested, Question, Retrieved
from graphmem.evaluation.techniques.contract import Parts
from graphmem.evaluation.techniques.units import Unit, by_id, shown, units

BATCH = 256
NAME = "turns"
# One thread builds the index: with several, its order and so its answers would differ from run to run.
_INDEX = {"hnsw:space": "cosine", "hnsw:num_threads": 1, "hnsw:construction_ef": 200, "hnsw:search_ef": 200}


class Chroma:
    """Ranks turns, and facts of the data in the mode `recorded`, by the cosine of their embeddings."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._units: Mapping[str, Unit] = {}
        self._client: Any = None
        self._collection: Any = None

    def ingest(self, conversation: Conversation) -> Ingested:
        """Embed and store everything; a folder that holds it already is opened, one half made is made anew."""
        found = units(conversation, self._parts.options.mode)
        self._units = by_id(found)
        folder, done = self._parts.folder / "chroma", self._parts.folder / "chroma.done"
        content = hashlib.sha256("\0".join(f"{u.id}\0{u.text}" for u in found).encode()).hexdigest()
        if not done.is_file() or done.read_text(encoding="utf-8") != content:
            shutil.rmtree(folder, ignore_errors=True)
            self._open()
            self._store(found)
            done.write_text(content, encoding="utf-8")
        else:
            self._open()
        return self._parts.kept(conversation, [unit.text for unit in found])

    def context(self, question: Question) -> Retrieved:
        """The nearest units, as lines."""
        began = time.perf_counter()
        vector = self._parts.embedder.embed([question.text])
        embedded = time.perf_counter()
        k = min(max(DEPTH, self._parts.options.top_k), len(self._units))
        answer = self._collection.query(query_embeddings=vector, n_results=k, include=["distances"])
        ended = time.perf_counter()
        ranked = [(self._units[i], 1.0 - d) for i, d in zip(answer["ids"][0], answer["distances"][0], strict=True)]
        best = [unit for unit, _ in ranked[: self._parts.options.top_k]]
        return Retrieved(
            text="\n".join(unit.line for unit in best),
            found=tuple(unit.found(score) for unit, score in ranked),
            shown=shown(unit.sources for unit in best),
            milliseconds={"embed": (embedded - began) * 1000, "search": (ended - embedded) * 1000},
        )

    def close(self) -> None:
        """Let go of the files."""
        if self._client is not None:
            self._client.close()
        self._client = self._collection = None

    def _open(self) -> None:
        import chromadb
        from chromadb.config import Settings

        folder = self._parts.folder / "chroma"
        folder.mkdir(parents=True, exist_ok=True)
        self._client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
        self._collection = self._client.get_or_create_collection(NAME, metadata=_INDEX, embedding_function=None)

    def _store(self, found: tuple[Unit, ...]) -> None:
        for start in range(0, len(found), BATCH):
            batch = found[start : start + BATCH]
            vectors = self._parts.embedder.embed([unit.text for unit in batch])
            self._collection.add(ids=[unit.id for unit in batch], embeddings=vectors)
