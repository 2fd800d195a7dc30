"""The lists that a search starts from, and the choice between exact and approximate vector search.

Exact scoring over the ledger's vectors answers small scopes and filtered questions in milliseconds; a store's index
answers large ones. Chroma under a selective filter is slower than either by an order of magnitude, so it is only
ever asked without one. Both ways give the same answer, apart from the recall of the index.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from graphmem.errors import StoreError
from graphmem.ledger.contracts import Ledger, LexicalView
from graphmem.stores.contracts import Near, VectorStore, View
from graphmem.values import Scope, Source, When

Vector = npt.NDArray[np.float32]
Lists = dict[str, tuple[Near, ...]]

BEST = 100
"""Length of every list."""
EXACT_UP_TO = 50_000
"""Vectors of one view in a scope that are scored exactly."""
OVERSAMPLE = (4, 16)
"""Factors on the length of the list asked of an index, tried in turn until enough of it is visible."""
LAG = 1000
"""Rows that the index may lag behind; beyond that the exact way is taken."""


class Reader(NamedTuple):
    """Where the lists come from, for whom and as of when."""

    ledger: Ledger
    vectors: VectorStore | None
    scope: Scope
    when: When


def source_of(view: str) -> Source:
    """What the items of a list are."""
    return "fact" if view == "fact" else "message"


class Gathered(NamedTuple):
    """Lists of visible items only, best first."""

    lists: Lists
    degraded: frozenset[str]


def gather(reader: Reader, names: Sequence[str], text: str, vector: Vector | None,
           allowed: Mapping[Source, set[str]] | None) -> Gathered:  # fmt: skip
    """Ask for the named lists (`lexical_turn`, `dense_fact`, …) and drop what may not be shown.

    When so much was dropped that a list falls short, the lists are asked once more with the visible ids given.
    """
    found, degraded = _ask(reader, names, text, vector, allowed)
    if allowed is not None:
        return Gathered(found, degraded)
    shown = _visible(reader, found)
    kept = {name: tuple(n for n in near if n.item_id in shown[source_of(_view(name))]) for name, near in found.items()}
    if not any(len(found[name]) >= BEST and len(kept[name]) < BEST // 2 for name in found):
        return Gathered(kept, degraded)
    sources = {source_of(_view(name)) for name in names}
    exact = {source: reader.ledger.select(reader.scope, reader.when, None, source) for source in sources}
    found, more = _ask(reader, names, text, vector, exact)
    return Gathered(found, degraded | more)


def _view(name: str) -> str:
    return name.partition("_")[2]


def _ask(reader: Reader, names: Sequence[str], text: str, vector: Vector | None,
         allowed: Mapping[Source, set[str]] | None) -> tuple[Lists, frozenset[str]]:  # fmt: skip
    lists: Lists = {}
    degraded: set[str] = set()
    for name in names:
        view = _view(name)
        among = None if allowed is None else allowed[source_of(view)]
        if name.startswith("lexical"):
            lists[name] = tuple(reader.ledger.lexical(cast("LexicalView", view), text, reader.scope, BEST, among))
        elif vector is not None:
            near, failed = nearest(reader, cast("View", view), vector, among)
            lists[name] = tuple(near)
            degraded.update(failed)
    return lists, frozenset(degraded)


def _visible(reader: Reader, lists: Lists) -> dict[Source, set[str]]:
    shown: dict[Source, set[str]] = {"fact": set(), "message": set()}
    for source in shown:
        ids = {n.item_id for name, near in lists.items() if source_of(_view(name)) == source for n in near}
        if ids:
            shown[source] = reader.ledger.visible(sorted(ids), reader.scope, reader.when, source)
    return shown


def nearest(
    reader: Reader, view: View, vector: Vector, allowed: set[str] | None
) -> tuple[Sequence[Near], tuple[str, ...]]:
    """The nearest of one view, and what failed on the way; the ledger answers whatever the index cannot."""
    ledger, store, scope = reader.ledger, reader.vectors, reader.scope
    exactly: Callable[[], Sequence[Near]] = lambda: ledger.nearest(view, vector, scope, BEST, allowed)  # noqa: E731
    if store is None or allowed is not None or ledger.vector_count(view, scope) <= EXACT_UP_TO:
        return exactly(), ()
    lagging = ledger.pending("vectors", LAG)
    if len(lagging) >= LAG:
        return exactly(), ()
    try:
        for factor in OVERSAMPLE:
            ids = [n.item_id for n in store.nearest(vector, view, BEST * factor)]
            ids += [row.item_id for row in lagging if row.view == view]
            shown = ledger.visible(sorted(set(ids)), scope, reader.when, source_of(view))
            if len(shown) >= BEST:
                return _scored(ledger, view, vector, shown), ()
    except StoreError:
        return exactly(), ("vectors",)
    return exactly(), ()


def _scored(ledger: Ledger, view: View, vector: Vector, ids: set[str]) -> tuple[Near, ...]:
    """Exact cosines of the items an index proposed: what it holds may be a version behind."""
    rows = ledger.vectors((item, view) for item in ids)
    near = [Near(item, float(row @ vector)) for (item, _), row in rows.items()]
    return tuple(sorted(near, key=lambda n: (-n.score, n.item_id))[:BEST])
