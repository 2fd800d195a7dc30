"""worker: episodes that were only recorded are read and decided, by as many processes as there are.

Killed at any moment, a worker loses nothing: its lease runs out, another takes the owner over and starts with the same
episode. What the killed one had paid for is in the journal of replies; what it had committed is committed once.
"""

from __future__ import annotations

import logging
import os
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from graphmem.engine import Engine
from graphmem.errors import LeaseLost, StoreUnavailable
from graphmem.faults import reach
from graphmem.flows import remember
from graphmem.flows.remember import Stopwatch
from graphmem.ledger.contracts import Recorded
from graphmem.ledger.memories.leases import Lease
from graphmem.values import AddResult, WorkReport

log = logging.getLogger(__name__)
POLL_SECONDS = 0.25
AT_A_TIME = 20
"""Episodes of one owner before others have their turn."""
Finished = Callable[[AddResult], None]


def own_name() -> str:
    """The host and the process."""
    return f"{platform.node()}-{os.getpid()}"


class Worker:
    """One worker: it ends after the episode in hand when `stop` is set, or when nothing waits and it was asked to."""

    def __init__(
        self, engine: Engine, name: str, *, lease: timedelta, attempts: int, stop: threading.Event | None = None
    ) -> None:
        self._engine, self._name, self._span, self._attempts = engine, name, lease, attempts
        self._stop = stop or threading.Event()
        self._done = self._failed = self._lost = 0

    def work(self, *, until_empty: bool = False, finished: Finished | None = None) -> WorkReport:
        """Read what waits; `finished` is told each result."""
        working = self._engine.ledger.working
        while not self._stop.is_set():
            try:
                busy = self._turn(finished)
            except StoreUnavailable as exc:
                log.warning("%s", exc)
                busy = False
                if until_empty:
                    raise
            if not busy and until_empty and working.is_idle():
                break
            if not busy:
                self._stop.wait(POLL_SECONDS)
        return WorkReport(episodes=self._done, failed=self._failed, lost=self._lost)

    def _turn(self, finished: Finished | None) -> bool:
        """Work for one owner. False when nobody needs it."""
        now = self._engine.clock()
        lease = self._engine.ledger.working.claim(self._name, now, now + self._span)
        if lease is not None:
            self._owner(lease, finished)
        return lease is not None

    def _owner(self, lease: Lease, finished: Finished | None) -> None:
        working = self._engine.ledger.working
        engine = replace(self._engine, ledger=working.fenced(lease))
        try:
            with self._renewed(lease):
                for _ in range(AT_A_TIME):
                    delivered = working.next_episode(lease)
                    if delivered is None or self._stop.is_set():
                        break
                    reach("worker.delivered")
                    self._count(self._episode(engine, *delivered), finished)
                    reach("worker.finished")
        except LeaseLost as exc:
            self._lost += 1
            log.warning("%s", exc)
        finally:
            working.release(lease)

    def _episode(self, engine: Engine, episode_id: str, attempts: int) -> AddResult:
        episode, messages = engine.ledger.episode(episode_id)
        if attempts > self._attempts:
            reason = f"given up after {self._attempts} deliveries, each of which ended its worker"
            engine.ledger.mark(episode_id, "failed", reason, retryable=True)
            return AddResult(episode_id=episode_id, status="failed", reason=reason)
        return remember.digest(engine, Recorded(episode, messages, (), created=False), Stopwatch())

    def _count(self, result: AddResult, finished: Finished | None) -> None:
        if result.status == "failed":
            self._failed += 1
        else:
            self._done += 1
        if finished is not None:
            finished(result)

    @contextmanager
    def _renewed(self, lease: Lease) -> Iterator[None]:
        """The lease is held for as long as the block takes, however slow a model is."""
        over = threading.Event()

        def hold() -> None:
            while not over.wait(self._span.total_seconds() / 3):
                try:
                    if not self._engine.ledger.working.renew(lease, self._engine.clock() + self._span):
                        return
                except StoreUnavailable as exc:
                    log.warning("the lease on %s could not be renewed: %s", lease.owner, exc)

        keeper = threading.Thread(target=hold, name=f"graphmem-lease-{lease.owner}", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
