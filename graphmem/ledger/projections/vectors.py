"""Vectors: float32 blobs in the ledger, and exact search over matrices of one scope and view kept in memory.

A matrix follows the table by `seq`: each use loads the rows above its watermark, whoever wrote them. Rows that are
gone are noticed when they would be in the answer, because every answer is checked against the table.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Integer, String, bindparam, delete, func, select

from graphmem.ledger.database.engine import insert
from graphmem.ledger.database.prepared import Prepared, listed, rows_of
from graphmem.ledger.database.prepared import ids as id_json
from graphmem.ledger.database.rows import chunks, in_scope, labels, owner_scope, scope_of
from graphmem.ledger.database.schema import vectors
from graphmem.ledger.projections import outbox
from graphmem.ledger.projections.outbox import Stores
from graphmem.stores.contracts import Near, VectorItem, View
from graphmem.values import Scope

Vector = npt.NDArray[np.float32]
STORED = np.dtype("<f4")


_REMOVE = Prepared(delete(vectors).where(vectors.c.item_id == bindparam("item"), vectors.c.view == bindparam("view")))


def put(connection: Connection, stores: Stores, items: Sequence[VectorItem]) -> None:
    """Write vectors, replacing those with the same key. Empty: a no-op."""
    new = {(item.item_id, item.view): item for item in items}
    _REMOVE.run_each(connection, [{"item": item_id, "view": view} for item_id, view in new])
    rows = [
        {
            "item_id": item.item_id,
            "view": item.view,
            **labels(owner_scope(item.scope.owner) if item.view == "entity" else item.scope),
            "vector": np.ascontiguousarray(item.vector, dtype=STORED).tobytes(),
        }
        for item in new.values()
    ]
    insert(connection, vectors, rows)
    outbox.note(connection, stores, "vectors", "upsert", list(new))


def get(connection: Connection, keys: Iterable[tuple[str, View]]) -> dict[tuple[str, View], Vector]:
    """Vectors by key; unknown ones are left out."""
    return {(item.item_id, item.view): item.vector for item in _held(connection, set(keys))}


def items_of(connection: Connection, keys: Sequence[tuple[str, View]] | None) -> Iterator[VectorItem]:
    """Vectors with their scopes that a store should hold: those of the given keys, or all in order of writing."""
    if keys is None:
        projected = select(vectors).where(vectors.c.view != "entity").order_by(vectors.c.seq)
        yield from (_item(row) for row in connection.execute(projected).mappings())
        return
    yield from _held(connection, {key for key in keys if ("vectors", key[1]) != outbox.UNPROJECTED})


def _held(connection: Connection, wanted: set[tuple[str, View]]) -> Iterator[VectorItem]:
    for some in chunks(sorted({item_id for item_id, _ in wanted})):
        for row in rows_of(vectors, "item_id").mappings(connection, {"ids": id_json(some)}):
            if (row["item_id"], row["view"]) in wanted:
                yield _item(row)


def _item(row: object) -> VectorItem:
    return VectorItem(row["item_id"], row["view"], scope_of(row), np.frombuffer(row["vector"], dtype=STORED))  # type: ignore[index,arg-type]


class Matrix:
    """All vectors of one scope and view, one a row, grown by doubling."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.rows: dict[str, int] = {}
        self.seqs = np.empty(0, dtype=np.int64)
        self.data = np.empty((0, 0), dtype=np.float32)
        self.alive = np.empty(0, dtype=bool)
        self.watermark = 0
        self.lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Memory that it takes, ids included (about 150 bytes each)."""
        return int(self.data.nbytes + self.seqs.nbytes + 150 * len(self.ids))

    def __len__(self) -> int:
        return len(self.rows)

    def extend(self, ids: Sequence[str], seqs: Sequence[int], blobs: Sequence[bytes]) -> None:
        """Add rows; an id that is there already moves to its new row."""
        block = np.frombuffer(b"".join(blobs), dtype=STORED).reshape(len(ids), -1)
        start, end = len(self.ids), len(self.ids) + len(ids)
        self._reserve(end, block.shape[1])
        self.data[start:end] = block
        self.seqs[start:end] = seqs
        self.alive[start:end] = True
        for row, item_id in enumerate(ids, start):
            self.drop(item_id)
            self.rows[item_id] = row
        self.ids.extend(ids)
        self.watermark = max(self.watermark, *seqs)

    def drop(self, item_id: str) -> None:
        """Forget an item. Unknown: a no-op."""
        row = self.rows.pop(item_id, None)
        if row is not None:
            self.alive[row] = False

    def _reserve(self, size: int, dimensions: int) -> None:
        capacity = len(self.seqs)
        if size <= capacity:
            return
        # The first load is exact; afterwards doubling makes the copying of an add constant on average.
        grown = size if not capacity else max(size, capacity * 2)
        data = np.zeros((grown, dimensions), dtype=np.float32)
        if capacity:
            data[:capacity] = self.data
        self.data = data
        self.seqs = np.concatenate([self.seqs, np.zeros(grown - capacity, dtype=np.int64)])
        self.alive = np.concatenate([self.alive, np.zeros(grown - capacity, dtype=bool)])

    def best(self, vector: Vector, k: int, allowed: set[str] | None) -> list[tuple[str, int, float]]:
        """(item id, seq, cosine) of the k nearest rows that are alive, best first."""
        used = len(self.ids)
        if allowed is None:
            rows = np.flatnonzero(self.alive[:used])
        else:
            rows = np.array(sorted(row for i in allowed if (row := self.rows.get(i)) is not None), dtype=np.int64)
        if not len(rows):
            return []
        # Gathering rows costs more than multiplying them, unless they are few.
        few = len(rows) * 4 < used
        scores = self.data[rows] @ vector if few else (self.data[:used] @ vector)[rows]
        k = min(k, len(rows))
        top = np.argpartition(-scores, k - 1)[:k]
        top = top[np.lexsort((rows[top], -scores[top]))]
        return [(self.ids[rows[i]], int(self.seqs[rows[i]]), float(scores[i])) for i in top]


class Matrices:
    """Matrices by scope and view, least recently used out first when they pass `megabytes`.

    The one in use always stays, even when it is larger by itself.
    """

    def __init__(self, megabytes: float = 256) -> None:
        self.limit = megabytes * 1e6
        self._held: OrderedDict[tuple[tuple[tuple[str, str], ...], View], Matrix] = OrderedDict()
        self._lock = threading.Lock()

    def nearest(
        self, connection: Connection, view: View, vector: Vector, scope: Scope, k: int, allowed: set[str] | None
    ) -> tuple[Near, ...]:
        """The k nearest by exact cosine, best first."""
        if k < 1:
            return ()
        matrix = self._matrix(view, scope)
        asked = np.asarray(vector, dtype=np.float32)
        with matrix.lock:
            _follow(connection, matrix, view, scope)
            while True:
                found = matrix.best(asked, k, allowed)
                gone = _gone(connection, found)
                if not gone:
                    break
                for item_id in gone:
                    matrix.drop(item_id)
        self._shrink()
        return tuple(Near(item_id, score) for item_id, _, score in found)

    def count(self, connection: Connection, view: View, scope: Scope) -> int:
        """How many vectors a scope has; from memory when its matrix is held."""
        matrix = self._held.get(_key(view, scope))
        if matrix is None:
            wanted = select(func.count()).where(vectors.c.view == view, in_scope(vectors, _partition(view, scope)))
            return int(connection.scalar(wanted) or 0)
        with matrix.lock:
            _follow(connection, matrix, view, scope)
            return len(matrix)

    def forget(self) -> None:
        """Drop all matrices: after a removal, the next use reads what is left."""
        with self._lock:
            self._held.clear()

    def drop(self, item_ids: Iterable[str]) -> None:
        """Drop items that this process has removed, so that counts are right at once."""
        with self._lock:
            held = list(self._held.values())
        gone = list(item_ids)
        for matrix in held:
            with matrix.lock:
                for item_id in gone:
                    matrix.drop(item_id)

    @property
    def nbytes(self) -> int:
        """Memory that all matrices take."""
        return sum(matrix.nbytes for matrix in self._held.values())

    def _matrix(self, view: View, scope: Scope) -> Matrix:
        with self._lock:
            matrix = self._held.setdefault(_key(view, scope), Matrix())
            self._held.move_to_end(_key(view, scope))
            return matrix

    def _shrink(self) -> None:
        with self._lock:
            while len(self._held) > 1 and self.nbytes > self.limit:
                self._held.popitem(last=False)


def _partition(view: View, scope: Scope) -> Scope:
    return owner_scope(scope.owner) if view == "entity" else scope


def _key(view: View, scope: Scope) -> tuple[tuple[tuple[str, str], ...], View]:
    return tuple(_partition(view, scope).labels.items()), view


def _follow(connection: Connection, matrix: Matrix, view: View, scope: Scope) -> None:
    labels = _partition(view, scope).labels
    rows = _newer(tuple(labels)).rows(connection, {"view": view, "after": matrix.watermark, **labels})
    if rows:
        ids, seqs, blobs = zip(*rows, strict=True)
        matrix.extend(ids, seqs, blobs)


@lru_cache(maxsize=32)
def _newer(labels: tuple[str, ...]) -> Prepared:
    """Rows of one view and scope beyond a `seq`."""
    v = vectors.c
    mine = [v[label] == bindparam(label, type_=String) for label in labels]
    statement = select(v.item_id, v.seq, v.vector).where(
        v.view == bindparam("view", type_=String), v.seq > bindparam("after", type_=Integer), *mine
    )
    return Prepared(statement.order_by(v.seq))


def _gone(connection: Connection, found: Sequence[tuple[str, int, float]]) -> list[str]:
    gone: list[str] = []
    for some in chunks(found):
        rows = _THERE.rows(connection, {"seqs": json.dumps([seq for _, seq, _ in some])})
        there = {row[0] for row in rows}
        gone += [item_id for item_id, seq, _ in some if seq not in there]
    return gone


_THERE = Prepared(select(vectors.c.seq).where(vectors.c.seq.in_(listed("seqs", Integer))))
