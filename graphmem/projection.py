"""Ledger -> stores: apply what is pending, compare, rebuild. No step asks a model.

The outbox holds one row a projection write; a write is idempotent and takes its content from the ledger at the
moment it is applied, so a crash, a retry or a late row can never bring back an old state.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeVar, cast

from graphmem.errors import StoreError, StoreUnavailable
from graphmem.faults import reach
from graphmem.graph_projection import GraphProjection
from graphmem.ledger.contracts import Ledger, OutboxItem
from graphmem.stores.contracts import CutOff, OpenVectors, VectorStore, View
from graphmem.stores.digests import digest
from graphmem.values import Difference, VerifyReport

log = logging.getLogger(__name__)
BATCH = 1000
GROUP = 256
"""Vectors of adds that may wait for each other: half of an add's time was a write of three rows to Chroma, which costs
nearly the same for a hundred. Meanwhile searches read the ledger's own vectors, and a close writes the rest."""
REBUILDING = "rebuilding"
"""Name of the mark in the ledger that says that a store is being written anew."""

Problem = Literal["missing", "unexpected", "changed"]
ProjectionName = Literal["vectors", "graph", "all"]
Key = TypeVar("Key", tuple[str, View], tuple[str, str])


class Projection:
    """Keeps the stores in step with the ledger. A store that is down delays nothing but its own copy."""

    def __init__(
        self,
        ledger: Ledger,
        open_vectors: OpenVectors | None,
        graph: GraphProjection | None = None,
    ) -> None:
        self._ledger = ledger
        self.graph = graph
        """Keeps a copy of the graph elsewhere; None when the ledger's own graph is all there is."""
        self._open_vectors = open_vectors
        self._vectors: VectorStore | None = None
        self._lock = threading.RLock()
        self._applied: list[OutboxItem] = []
        """Written to the store and not yet acknowledged: an acknowledgement is a transaction, so they are gathered.
        After a crash they are written once more, which changes nothing."""
        self._gathered = 0
        """Vectors of adds since the store was last written."""
        self.problem = ""
        """Why the vector store could not be used the last time; empty when it could."""
        self._damaged = False
        """Whether it was there then, and could not be opened or used."""

    def vectors(self) -> VectorStore | None:
        """The vector store, opened on first use; None when there is none or it cannot be opened now."""
        with self._lock:
            if self._vectors is None and self._open_vectors is not None:
                try:
                    self._vectors = self._whole(self._open_vectors)
                except StoreError as exc:
                    self._note(exc)
                else:
                    self.problem = ""
            return self._vectors

    def _whole(self, opening: OpenVectors) -> VectorStore:
        """The vector store, written anew when a write to it, or a rebuild of it, was cut off."""
        anew = bool(self._ledger.meta(REBUILDING))
        try:
            store = opening(anew=anew)
        except CutOff as exc:
            log.warning("%s", exc.message)
            self._expect_vectors()
            anew = True
            store = opening(anew=anew)
        if anew:
            try:
                self._renew(store)
            except StoreError:
                store.close()
                raise
        return store

    @property
    def opened(self) -> VectorStore | None:
        """The vector store if it is open already; reading it costs nothing."""
        return self._vectors

    @property
    def degraded(self) -> tuple[str, ...]:
        """Copies elsewhere that could not be used the last time."""
        return ("graph",) if self.graph is not None and self.graph.problem else ()

    def apply(self) -> bool:
        """Write everything pending to the stores. True when nothing is left behind."""
        drawn = self.graph is None or self.graph.apply()
        return self._apply_vectors() and drawn

    def follow(self, vectors: int) -> bool:
        """After an add of so many vectors: `apply`, but vectors are written once a group of them is together.

        True when no store is known to be behind for another reason than that.
        """
        drawn = self.graph is None or self.graph.apply()
        with self._lock:
            self._gathered += vectors
            waits = self._gathered < GROUP and not self.problem and self.vectors() is not None
            return (waits or self._apply_vectors()) and drawn

    def _apply_vectors(self) -> bool:
        if self._open_vectors is None:
            return True
        with self._lock:
            self._gathered = 0
            try:
                done = self._drain()
            except StoreError as exc:
                self._note(exc)
                if isinstance(exc, CutOff):
                    self._let_go()
                return False
            if done:
                self.problem = ""
            return done

    def _drain(self) -> bool:
        while items := self._waiting():
            reach("outbox.claimed")
            store = self.vectors()
            if store is None:
                return False
            self._write(store, items)
            self._applied += items
            if len(self._applied) >= BATCH // 2:
                self._acknowledge()
            if len(items) < BATCH:
                break
        return True

    def _waiting(self) -> list[OutboxItem]:
        # One process writes to a store, in order: what is behind the last row it applied is applied, too.
        after = self._applied[-1].sequence if self._applied else 0
        return list(self._ledger.pending("vectors", BATCH, after))

    def _acknowledge(self) -> None:
        if self._applied:
            self._ledger.acknowledge(self._applied)
            self._applied = []

    def _write(self, store: VectorStore, items: Sequence[OutboxItem]) -> None:
        keys = list(dict.fromkeys((item.item_id, cast("View", item.view)) for item in items))
        present = list(self._ledger.projected_vectors(keys))
        reach("vectors.upsert.before")
        store.upsert(present)
        reach("vectors.upsert.after")
        held = {(item.item_id, item.view) for item in present}
        if gone := [key for key in keys if key not in held]:
            reach("vectors.remove.before")
            store.remove(gone)
            reach("vectors.remove.after")

    def verify(self) -> VerifyReport:
        """Compare every id and content hash of ledger and stores, after applying what is pending."""
        self.flush()
        differences = [Difference(store="ledger", item=problem, problem="changed") for problem in self._ledger.check()]
        checked = dict(self._ledger.counts())
        differences += self._verify_vectors(checked)
        differences += self._verify_graph(checked)
        return VerifyReport(checked=checked, differences=tuple(differences), pending=self.pending)

    def _verify_vectors(self, checked: dict[str, int]) -> list[Difference]:
        if self._open_vectors is None:
            return []
        held = self._held_vectors()
        if held is None:
            log.warning("vectors not compared: %s", self.problem)
            whole = Difference(store="vectors", item="the whole store", problem="missing")
            return [whole] if self._damaged else []
        checked["chroma"] = len(held)
        wanted = {(item.item_id, item.view): digest(item.vector) for item in self._ledger.projected_vectors()}
        return _compare("vectors", wanted, held)

    def _held_vectors(self) -> Mapping[tuple[str, View], str] | None:
        """Key -> digest in the store; None when it cannot be opened or read."""
        store = self.vectors()
        try:
            return None if store is None else store.ids()
        except StoreError as exc:
            self._note(exc)
            return None

    def _verify_graph(self, checked: dict[str, int]) -> list[Difference]:
        if self.graph is None:
            return []
        found = self.graph.compare()
        if found is None:
            return [Difference(store="graph", item=self.graph.problem or "the whole graph", problem="missing")]
        checked["neo4j"] = len(found[1])
        return _compare_graph(*found)

    @property
    def pending(self) -> int:
        """Writes that the stores have not seen, at most some thousands are counted."""
        waiting = len(self._waiting()) if self._open_vectors is not None else 0
        return waiting + (self.graph.pending if self.graph is not None else 0)

    def flush(self) -> bool:
        """`apply`, and tell the ledger so. True when nothing is left behind."""
        drawn = self.graph is None or self.graph.flush()
        return self.flush_vectors() and drawn

    def flush_vectors(self) -> bool:
        """The same for the vector store alone."""
        with self._lock:
            done = self._apply_vectors()
            self._acknowledge()
            return done

    def rebuild(self, store: ProjectionName = "all") -> VerifyReport:
        """Write a projection anew from the ledger, with no model call. The embedded graph is the ledger itself."""
        if store in {"vectors", "all"} and self._open_vectors is not None:
            with self._lock:
                self._rebuild_vectors()
        if store in {"graph", "all"} and self.graph is not None:
            self.graph.rebuild()
        return self.verify()

    def _rebuild_vectors(self) -> None:
        vectors = self.vectors()
        if vectors is not None:
            self._expect_vectors()
            self._renew(vectors)
        elif self._damaged:
            self._expect_vectors()
            vectors = self.vectors()
        if vectors is None:
            raise StoreError(f"The vector store cannot be rebuilt: {self.problem}")

    def expect_rebuild(self) -> None:
        """From here on no store is believed until it has been written anew, even by another process."""
        self._expect_vectors()
        if self.graph is not None:
            self.graph.expect_rebuild()

    def _expect_vectors(self) -> None:
        if self._open_vectors is not None:
            self._ledger.set_meta(REBUILDING, "vectors")

    def _renew(self, store: VectorStore) -> None:
        reach("rebuild.before")
        store.erase()
        reach("rebuild.erased")
        self._refill(store)
        reach("rebuild.refilled")
        self._ledger.set_meta(REBUILDING, "")

    def _refill(self, store: VectorStore) -> None:
        batch = []
        for item in self._ledger.projected_vectors():
            batch.append(item)
            if len(batch) == BATCH:
                store.upsert(batch)
                batch = []
        store.upsert(batch)

    def _let_go(self) -> None:
        with self._lock:
            if self._vectors is not None:
                store, self._vectors = self._vectors, None
                store.close()

    def close(self) -> None:
        """Release the stores; a second call is a no-op."""
        self._let_go()
        if self.graph is not None:
            self.graph.close()

    def _note(self, exc: StoreError) -> None:
        if self.problem != str(exc):
            log.warning("%s", exc)
        self.problem = str(exc)
        self._damaged = not isinstance(exc, StoreUnavailable)


def _compare(
    store: str, wanted: Mapping[tuple[str, View], str], found: Mapping[tuple[str, View], str]
) -> list[Difference]:
    return [
        Difference(store=store, item=f"{view}:{item_id}", problem=problem)
        for problem, (item_id, view) in sorted(_problems(wanted, found))
    ]


def _compare_graph(wanted: Mapping[tuple[str, str], str], found: Mapping[tuple[str, str], str]) -> list[Difference]:
    return [
        Difference(store="graph", item=f"{kind}:{item_id}", problem=problem)
        for problem, (kind, item_id) in sorted(_problems(wanted, found))
    ]


def _problems(wanted: Mapping[Key, str], found: Mapping[Key, str]) -> Iterator[tuple[Problem, Key]]:
    yield from (("missing", key) for key in wanted.keys() - found.keys())
    yield from (("unexpected", key) for key in found.keys() - wanted.keys())
    yield from (("changed", key) for key in wanted.keys() & found.keys() if wanted[key] != found[key])
