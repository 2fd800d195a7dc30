"""Another embedding model: every text is embedded anew beside the old vectors, then all are exchanged at once.

An interrupted run goes on where it stopped: what was computed is kept in the ledger with a hash of its text. Until the
exchange, the home works with the old model; after it, with the new one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from graphmem.engine import Engine
from graphmem.errors import StoreError
from graphmem.ledger.database.rows import scope_of
from graphmem.ledger.projections.embedding import BARE, FINGERPRINT, Text
from graphmem.stores.contracts import VectorItem
from graphmem.values import ReembedReport

log = logging.getLogger(__name__)
TARGET = "embedding_next"
"""Meta: the fingerprint that staged vectors belong to."""
Progress = Callable[[int], None]
"""Told the number of texts embedded since the last call."""


def reembed(engine: Engine, progress: Progress | None = None) -> ReembedReport:
    """Bring all vectors to the engine's embedder. Raises ModelError, StoreError; then run it again."""
    ledger, target = engine.ledger, engine.embedder.fingerprint
    before = ledger.meta(FINGERPRINT) or target
    if before == target:
        embedded = fill(engine, progress)
        engine.projection.apply()
        return _report(engine, before, embedded, switched=False)
    if ledger.meta(TARGET) != target:
        ledger.keeping.forget_staged()
        ledger.set_meta(TARGET, target)
    embedded = _stage(engine, progress)
    while not ledger.keeping.switch_vectors(target):
        # Something was added or changed meanwhile.
        embedded += _stage(engine, progress)
    _renew(engine)
    return _report(engine, before, embedded, switched=True)


def _report(engine: Engine, before: str, embedded: int, *, switched: bool) -> ReembedReport:
    held = engine.ledger.counts()["vectors"]
    after = engine.embedder.fingerprint
    return ReembedReport(before=before, after=after, embedded=embedded, vectors=held, switched=switched)


def _stage(engine: Engine, progress: Progress | None) -> int:
    embedded = 0
    for texts in engine.ledger.keeping.without_vector(staged=True):
        engine.ledger.keeping.stage_vectors(texts, engine.embedder.embed([text.text for text in texts]))
        embedded += len(texts)
        if progress is not None:
            progress(len(texts))
    return embedded


def _renew(engine: Engine) -> None:
    """Write the vector store anew; where it cannot be reached now, whoever opens it next does."""
    try:
        engine.projection.rebuild("vectors")
    except StoreError as exc:
        log.warning("the vector store is written anew when it is opened next: %s", exc)


def fill(engine: Engine, progress: Progress | None = None) -> int:
    """Embed every text that has no vector; returns how many."""
    embedded = 0
    for texts in engine.ledger.keeping.without_vector():
        rows = engine.embedder.embed([text.text for text in texts])
        engine.ledger.store_vectors([_item(text, row) for text, row in zip(texts, rows, strict=True)])
        embedded += len(texts)
        if progress is not None:
            progress(len(texts))
    return embedded


def _item(text: Text, row: object) -> VectorItem:
    return VectorItem(text.item_id, text.view, scope_of(text.labels), row)  # type: ignore[arg-type]


def fill_returned(engine: Engine) -> None:
    """Embed what an undo brought back, when before-images hold no vectors any more."""
    if engine.ledger.meta(BARE) == "1":
        fill(engine)
