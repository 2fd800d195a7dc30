"""Ledger -> a copy of the graph in another database: applied from the outbox, compared, written anew.

The copy answers relationship queries only while it has everything that the ledger has. Otherwise, and while it cannot
be reached, the ledger's own graph answers: no answer is ever old, and no add waits for a server that is down.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import uuid4

from graphmem.errors import StoreError, StoreUnavailable
from graphmem.faults import reach
from graphmem.ledger.contracts import Ledger, OutboxItem
from graphmem.stores.contracts import CopyState, GraphBatch, GraphCopy
from graphmem.stores.digests import graph_digests

log = logging.getLogger(__name__)
BATCH = 4000
"""Outbox rows a transaction: about a thousand facts. Smaller ones would write what facts share more often."""
MARK = "graph_copy"
"""Name of the ledger's mark: the revision of the copy when it was last acknowledged; STALE when it must be filled."""
STALE = "stale"
HOME = "graph_home"
"""Name of the ledger's id in databases that several homes share."""
NOT_FILLED = "The graph was not filled from this home yet; until then the ledger's answers. Run: graphmem rebuild graph"
BEHIND = (
    "The graph is catching up, a part with each call; until then the ledger's answers. All at once: graphmem verify"
)
TRIES = 5
"""How often a batch is tried when other processes write to the same copy."""
PATIENCE = 3.0
"""After a failure the store is left alone for this many times the time that the failure took,"""
LONGEST = 30.0
"""and for so many seconds at most."""

T = TypeVar("T")


class Read(NamedTuple):
    """Rows of the outbox, and what the ledger says of them."""

    items: Sequence[OutboxItem]
    batch: GraphBatch


class GraphProjection:
    """Keeps a copy of the graph in step with the ledger."""

    def __init__(self, ledger: Ledger, open_copy: Callable[[], GraphCopy], clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._open = open_copy
        self._clock = clock
        self._lock = threading.RLock()
        self._copy: GraphCopy | None = None
        self._state: CopyState | None = None
        self._flip: datetime | None = None
        """When the next fact stops to be true by itself; None when none does."""
        self._applied: list[OutboxItem] = []
        """Written to the copy and not yet acknowledged; see `Projection`."""
        self._again = 0.0
        """Monotonic time before which the store is left alone."""
        self.problem = ""
        """Why the copy cannot be used; empty when it can, or was not asked yet."""

    # writing

    def apply(self) -> bool:
        """Write what is pending to the copy, a batch at most, filling it when it is new. True when nothing is left.

        The add that finds a server back would have to wait for all that was said meanwhile, else.
        """
        with self._lock:
            return self._guarded(lambda: self._catch_up(wholly=False), False)

    def flush(self) -> bool:
        """Write everything pending, and tell the ledger so. True when nothing is left behind."""
        with self._lock:
            done = self._guarded(self._catch_up, False)
            self._acknowledge()
            return done

    def settle(self) -> None:
        """Acknowledge what was applied, and apply what is pending if the copy was used: what to do before closing."""
        with self._lock:
            if self._copy is not None and self._state is not None and self._state.filled:
                self.flush()
            self._acknowledge()

    def rebuild(self) -> None:
        """Write the copy anew. Raises StoreError, StoreRefused, StoreUnavailable."""
        with self._lock:
            started = time.monotonic()
            try:
                self._fill(self._reached(), self._clock())
                self._drain(self._clock())
            except StoreError as exc:
                self._failed(exc, started)
                raise
            self.problem = ""

    def expect_rebuild(self) -> None:
        """From here on the copy is not believed until it has been written anew, even by another process."""
        with self._lock:
            self._ledger.set_meta(MARK, STALE)
            self._state = None

    def _catch_up(self, wholly: bool = True) -> bool:
        copy, now = self._reached(), self._clock()
        if not self._believed():
            self._fill(copy, now)
        return self._drain(now, wholly)

    def _guarded(self, work: Callable[[], T], otherwise: T) -> T:
        """What the work gives; otherwise, when the store fails or failed a moment ago."""
        started = time.monotonic()
        if started < self._again:
            return otherwise
        try:
            found = work()
        except StoreError as exc:
            self._failed(exc, started)
            return otherwise
        if found != otherwise:
            self.problem = ""
        return found

    def _failed(self, exc: StoreError, started: float) -> None:
        if self.problem != str(exc):
            log.warning("%s Until then the graph in the ledger answers.", exc)
        self.problem = str(exc)
        self._state = None
        now = time.monotonic()
        self._again = now + min(LONGEST, PATIENCE * (now - started))

    def _reached(self) -> GraphCopy:
        """The copy, opened, its state known."""
        if self._copy is None:
            self._copy = self._open()
        if self._state is None:
            self._state = self._copy.state()
            self._flip = self._ledger.graph_items.next_flip(self._state.current_at or self._clock())
        return self._copy

    def _believed(self) -> bool:
        """Whether the copy has all that the ledger ever said was written to it."""
        mark = self._ledger.meta(MARK) or ""
        known = self._state is not None and self._state.filled and mark.isdecimal()
        return known and self._state is not None and self._state.revision >= int(mark)

    def _fill(self, copy: GraphCopy, now: datetime) -> None:
        """Write everything. What was pending before is in it; what comes meanwhile is applied after it."""
        self._ledger.set_meta(MARK, STALE)
        waiting = self._all_waiting()
        reach("graph.fill.before")
        self._state = copy.erase()
        reach("graph.fill.erased")
        written = 0
        for batch, state in self._filling(copy, self._state, now):
            self._state = state
            written += len(batch.nodes)
        reach("graph.fill.written")
        self._state = copy.filled(now)
        self._flip = self._ledger.graph_items.next_flip(now)
        self._ledger.set_meta(MARK, str(self._state.revision))
        self._applied = []
        self._ledger.acknowledge(waiting)
        if written:
            log.info("the graph was filled from the ledger: %d nodes", written)

    def _filling(self, copy: GraphCopy, state: CopyState, now: datetime) -> Iterator[tuple[GraphBatch, CopyState]]:
        """Write all batches, each while the next one is read; what was written, and the state after it."""
        batches = self._ledger.graph_items.all(now)
        with ThreadPoolExecutor(1) as writer:
            batch = next(batches, None)
            while batch is not None:
                writing = writer.submit(copy.write, batch, state.revision, fresh=True)
                following = next(batches, None)
                found = writing.result()
                if found is None:
                    raise StoreUnavailable(
                        "Another process fills the same graph.", advice="Wait for it, then try again."
                    )
                yield batch, found
                batch, state = following, found

    def _all_waiting(self) -> list[OutboxItem]:
        found: list[OutboxItem] = []
        while some := self._ledger.pending("graph", BATCH, found[-1].sequence if found else 0):
            found += some
        return found

    def _drain(self, now: datetime, wholly: bool = True) -> bool:
        """Write what is pending, else one batch of it. True when nothing is left behind."""
        ahead: Read | None = None
        while True:
            items = ahead.items if ahead else self._waiting()
            flips = self._flipped(now)
            if not items and not flips:
                return True
            ahead = self._write(items, flips, now, ahead.batch if ahead and not flips else None)
            self._applied += items
            if len(self._applied) >= BATCH // 2:
                self._acknowledge()
            if len(items) < BATCH:
                return True
            if ahead and not wholly:
                self.problem = BEHIND
                return False

    def _waiting(self, after: int = 0) -> list[OutboxItem]:
        last = self._applied[-1].sequence if self._applied else 0
        return list(self._ledger.pending("graph", BATCH, max(after, last)))

    def _flipped(self, now: datetime) -> Sequence[str]:
        """Facts that became true or past since the copy was last written, only because time passed."""
        since = self._state.current_at if self._state else None
        if since is None or since == now or (since < now and (self._flip is None or now < self._flip)):
            return ()
        self._flip = self._ledger.graph_items.next_flip(now)
        return self._ledger.graph_items.flipped(since, now)

    def _write(
        self, items: Sequence[OutboxItem], flips: Sequence[str], now: datetime, batch: GraphBatch | None
    ) -> Read | None:
        """Write items, as `batch` has them when it was read already; what was read meanwhile of those behind them."""
        copy = self._reached()
        for _ in range(TRIES):
            state = self._state or copy.state()
            batch = batch or self._ledger.graph_items.some(_asked(items, flips), now)
            reach("graph.write.before")
            written, ahead = self._sent(copy, batch, state, now, items)
            reach("graph.write.after")
            if written is not None:
                self._state = written
                self._flip = min((t for t in (self._flip, *_ends(batch, now)) if t is not None), default=None)
                return ahead
            # Another process wrote meanwhile: what it wrote may be newer than what was read here.
            batch, self._state = None, copy.state()
            if not self._state.filled:
                break
        raise StoreUnavailable("Other processes write to the same graph.", advice="What is missing is written later.")

    def _sent(
        self, copy: GraphCopy, batch: GraphBatch, state: CopyState, now: datetime, items: Sequence[OutboxItem]
    ) -> tuple[CopyState | None, Read | None]:
        """Write a batch; behind a full one the next is read while it is written.

        That is no reading too early: `state` was known before, so whoever wrote with what was older than this reading
        has written before it, and whoever writes from now on makes the next write fail.
        """
        if len(items) < BATCH:
            return copy.write(batch, state.revision, now), None
        with ThreadPoolExecutor(1) as writer:
            writing = writer.submit(copy.write, batch, state.revision, now)
            following = self._waiting(items[-1].sequence)
            ahead = Read(following, self._ledger.graph_items.some(_asked(following, ()), now)) if following else None
            return writing.result(), ahead

    def _acknowledge(self) -> None:
        if self._applied:
            self._ledger.acknowledge(self._applied)
            self._applied = []
            if self._state is not None and self._state.filled:
                self._ledger.set_meta(MARK, str(self._state.revision))

    # asking

    @property
    def pending(self) -> int:
        """Writes that the copy has not seen, at most some thousands are counted."""
        return len(self._waiting())

    def current(self) -> GraphCopy | None:
        """The copy, when it has all that the ledger has; None when it is more than a batch from there."""
        with self._lock:
            return self._guarded(lambda: self._current(wholly=False), None)

    def _current(self, wholly: bool = True) -> GraphCopy | None:
        copy = self._reached()
        if not self._believed():
            self._not_filled()
            return None
        return copy if self._drain(self._clock(), wholly) else None

    def required(self) -> GraphCopy:
        """The copy, when it has all that the ledger has. Raises StoreError, with why it cannot be brought there."""
        with self._lock:
            copy = self._current()
            if copy is None:
                raise StoreUnavailable(NOT_FILLED)
            return copy

    def _not_filled(self) -> None:
        if self.problem != NOT_FILLED:
            log.warning("%s", NOT_FILLED)
        self.problem = NOT_FILLED

    def failed(self, exc: StoreError) -> None:
        """A question to the copy failed."""
        with self._lock:
            self._failed(exc, time.monotonic())

    def compare(self) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]] | None:
        """(kind, id) -> digest, as the ledger wants it and as the copy has it; None when the copy cannot be asked."""
        with self._lock:
            return self._guarded(self._compared, None)

    def _compared(self) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]] | None:
        copy, now = self._reached(), self._clock()
        if not self._believed():
            self._not_filled()
            return None
        self._drain(now)
        wanted: dict[tuple[str, str], str] = {}
        for batch in self._ledger.graph_items.all(now):
            wanted |= dict(graph_digests(batch))
        return wanted, dict(copy.held())

    def close(self) -> None:
        """Release the store; a second call is a no-op."""
        with self._lock:
            if self._copy is not None:
                self._copy.close()
                self._copy = None


def home_id(ledger: Ledger) -> str:
    """What tells the nodes of this home from others in the same database; kept in the ledger."""
    known = ledger.meta(HOME)
    if known is None:
        known = uuid4().hex[:12]
        ledger.set_meta(HOME, known)
    return known


def forget_copy(ledger: Ledger) -> None:
    """A copy that is not followed from here on must be filled before it is believed again."""
    if (ledger.meta(MARK) or STALE) != STALE:
        ledger.set_meta(MARK, STALE)


def _asked(items: Sequence[OutboxItem], flips: Sequence[str]) -> list[tuple[str, str]]:
    return [(str(item.view), item.item_id) for item in items] + [("memory", memory) for memory in flips]


def _ends(batch: GraphBatch, now: datetime) -> Iterable[datetime]:
    """Moments to come at which a fact of the batch stops to be true."""
    for node in batch.nodes:
        for name in ("valid_to", "expires_at"):
            end = node.properties.get(name)
            if end is not None and end > now:
                yield end
