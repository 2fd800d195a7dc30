"""Chunks of the transcript, found by vectors; and the whole transcript, which needs no finding."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from graphmem.evaluation.records import DEPTH, Conversation, Found, Ingested, Question, Retrieved
from graphmem.evaluation.techniques.contract import Counter, Parts
from graphmem.evaluation.techniques.units import Unit, shown, turns
from graphmem.models.contracts import Embedder, Vectors
from graphmem.values import Value

SEPARATOR = "\n<->\n"
PIECE = 180
"""Tokens of a piece of a chunk, for an embedder that reads no more than some 250."""


class Chunk(Value):
    """Turns that stand one after the other."""

    units: tuple[Unit, ...]

    @property
    def text(self) -> str:
        """The lines of its turns."""
        return "\n".join(unit.line for unit in self.units)


class Rag:
    """The transcript in chunks of `chunk_size` tokens, the nearest `num_chunks` of which are shown.

    A chunk ends between two turns, so that what it holds is known. In the ranking its turns stand one after the
    other, so that recall at k counts k turns for every technique alike.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._chunks: tuple[Chunk, ...] = ()
        self._vectors: Vectors = np.zeros((0, 0), dtype=np.float32)

    def ingest(self, conversation: Conversation) -> Ingested:
        """Cut and embed; the vectors are kept in one file."""
        options = self._parts.options
        self._chunks = tuple(chunks(tuple(turns(conversation)), options.chunk_size, self._parts.tokens))
        kept = self._parts.folder / f"chunks-{options.chunk_size}.npy"
        if not kept.is_file():
            self._parts.folder.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(".part.npy")
            np.save(part, _embedded(self._chunks, self._parts))
            part.replace(kept)
        self._vectors = np.load(kept)
        return self._parts.kept(conversation, [chunk.text for chunk in self._chunks])

    def context(self, question: Question) -> Retrieved:
        """The nearest chunks, joined."""
        began = time.perf_counter()
        vector = self._parts.embedder.embed([question.text])[0]
        embedded = time.perf_counter()
        scores = self._vectors @ vector
        order = [int(place) for place in np.argsort(-scores, kind="stable")]
        ended = time.perf_counter()
        best = [self._chunks[place] for place in order[: self._parts.options.num_chunks]]
        return Retrieved(
            text=SEPARATOR.join(chunk.text for chunk in best),
            found=tuple(_places(self._chunks, order, scores)),
            shown=shown(unit.sources for chunk in best for unit in chunk.units),
            milliseconds={"embed": (embedded - began) * 1000, "search": (ended - embedded) * 1000},
        )

    def close(self) -> None:
        """Nothing is held open."""


class FullContext:
    """Everything, for every question. Ranks nothing, so it has no recall at k."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._text = ""
        self._turns: tuple[str, ...] = ()

    def ingest(self, conversation: Conversation) -> Ingested:
        """Write the transcript."""
        found = tuple(turns(conversation))
        self._text = "\n".join(unit.line for unit in found)
        self._turns = shown(unit.sources for unit in found)
        return Ingested(conversation=conversation.id, items=len(found), memory_tokens=self._parts.tokens(self._text))

    def context(self, question: Question) -> Retrieved:
        """The transcript."""
        return Retrieved(text=self._text, shown=self._turns, milliseconds={"search": 0.0})

    def close(self) -> None:
        """Nothing is held open."""


def chunks(found: Sequence[Unit], size: int, tokens: Counter) -> Iterator[Chunk]:
    """Runs of whole turns of at most `size` tokens; a longer turn is a chunk of its own."""
    run: list[Unit] = []
    held = 0
    for unit in found:
        more = tokens(unit.line) + 1
        if run and held + more > size:
            yield Chunk(units=tuple(run))
            run, held = [], 0
        run.append(unit)
        held += more
    if run:
        yield Chunk(units=tuple(run))


def _places(found: Sequence[Chunk], order: Sequence[int], scores: Vectors) -> Iterator[Found]:
    """The turns of the chunks, best chunk first, as deep as anything is measured."""
    left = DEPTH
    for place in order:
        for unit in found[place].units[:left]:
            yield unit.found(float(scores[place]))
            left -= 1
        if left <= 0:
            return


def _embedded(found: Sequence[Chunk], parts: Parts) -> Vectors:
    """A row a chunk. The local model reads 256 tokens: for it a chunk is the mean of its pieces."""
    if not parts.embedder.fingerprint.startswith("local:"):
        return parts.embedder.embed([chunk.text for chunk in found])
    rows = [_mean(chunk, parts.embedder, parts.tokens) for chunk in found]
    stacked: Vectors = np.stack(rows) if rows else np.zeros((0, parts.embedder.dimensions), dtype=np.float32)
    return stacked


def _mean(chunk: Chunk, embedder: Embedder, tokens: Counter) -> Vectors:
    pieces = embedder.embed([piece.text for piece in chunks(chunk.units, PIECE, tokens)])
    mean = pieces.mean(axis=0)
    normalised: Vectors = mean / (np.linalg.norm(mean) or 1.0)
    return normalised
