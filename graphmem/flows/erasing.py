"""Erasing for good: rows, then the stores, then the files; and a search of the files for what must not be there.

The rows go in one transaction, which also notes that files are to be cleaned: a crash, or a store that is busy, leaves
the note, and the files are cleaned when the memory is opened next or something else is erased.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from graphmem.engine import Engine
from graphmem.errors import StoreError
from graphmem.faults import reach
from graphmem.flows import naming, residue
from graphmem.ledger.erasure.marking import Marked
from graphmem.values import Receipt, Scope

log = logging.getLogger(__name__)


def items(engine: Engine, ids: Sequence[str], *, dry_run: bool) -> Receipt:
    """Erase memories or messages, with what rests only on them. Raises NotFound."""
    return _erase(engine, engine.ledger.operating.mark_items(ids), dry_run=dry_run)


def expired(engine: Engine, ids: Sequence[str], *, dry_run: bool) -> Receipt:
    """Erase what is past its time."""
    if not ids:
        return Receipt(kind="expired", at=engine.clock(), dry_run=dry_run)
    return _erase(engine, engine.ledger.operating.mark_items(ids)._replace(kind="expired"), dry_run=dry_run)


def scope(engine: Engine, whose: Scope, *, dry_run: bool) -> Receipt:
    """Erase everything that carries all labels of a scope."""
    with engine.locks.hold(whose.owner):
        return _erase(engine, engine.ledger.operating.mark_scope(whose), dry_run=dry_run)


def entity(engine: Engine, name: str, whose: Scope, *, dry_run: bool) -> Receipt:
    """Erase an entity with every memory and message of its owner that names it. Raises UnknownEntity, InputError."""
    found = naming.one(engine, whose, name)
    with engine.locks.hold(whose.owner):
        return _erase(engine, engine.ledger.operating.mark_entity(whose.owner, found.id), dry_run=dry_run)


def _erase(engine: Engine, marked: Marked, *, dry_run: bool) -> Receipt:
    at = engine.clock()
    erased = engine.ledger.operating.erase(marked, at, dry_run=dry_run)
    if dry_run:
        return erased.receipt.model_copy(update={"id": "", "dry_run": True, "complete": False})
    reach("erase.rows")
    stores, problem = finish(engine)
    receipt = erased.receipt.model_copy(update={"stores": stores, "problem": problem, "complete": not problem})
    return _proved(engine, receipt, erased.texts)


def resume(engine: Engine) -> None:
    """Clean the files of erasures that a crash or a busy store left unfinished. None: a no-op."""
    if engine.ledger.operating.unfinished_erasures():
        finish(engine)


def finish(engine: Engine) -> tuple[dict[str, str], str]:
    """Clean what unfinished erasures left in the stores and files; what was done, and the first problem."""
    operating = engine.ledger.operating
    waiting = operating.unfinished_erasures()
    done, problem = _stores(engine)
    reach("erase.stores")
    try:
        left = operating.clean()
    except StoreError as exc:
        left = str(exc)
    done["ledger"] = left or "rows removed, files written anew"
    problem = problem or left
    if problem:
        log.warning("an erasure is not finished: %s", problem)
    else:
        operating.finish_erasures(waiting, engine.clock())
    return done, problem


def _stores(engine: Engine) -> tuple[dict[str, str], str]:
    done = {"graph": "the ledger's own" if engine.settings.graph == "embedded" else "removed"}
    try:
        followed = engine.projection.flush()
        if engine.settings.vectors == "none":
            done["vectors"] = "the ledger's own"
        else:
            engine.projection.rebuild("vectors")
            done["vectors"] = "files written anew"
    except StoreError as exc:
        return {**done, "vectors": str(exc)}, str(exc)
    return done, "" if followed else engine.projection.problem


def _proved(engine: Engine, receipt: Receipt, texts: Sequence[str]) -> Receipt:
    """Search every file of the home for the texts; what the ledger still says elsewhere is not residue."""
    paths = residue.files(engine.settings.home)
    found = residue.search(paths, residue.pieces(texts))
    shared = engine.ledger.operating.held_elsewhere(found)
    left = sum(count for fragment, count in found.items() if fragment not in shared)
    if not paths:
        return receipt
    return receipt.model_copy(update={"files": len(paths), "residue": left, "complete": receipt.complete and not left})
