"""Named places at which a test stops the process or makes a step fail; outside of tests nobody listens.

Every write transaction of the ledger has two, `ledger.<step>.before` and `ledger.<step>.after` its commit; the others
are between the steps of a flow, around each write to a store, and inside the larger transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

TRANSACTIONS = (
    "acknowledge",
    "claim",
    "clean",
    "commit",
    "delete",
    "delete_all",
    "deliver",
    "erase",
    "finish",
    "import",
    "journal",
    "mark",
    "merge",
    "migrate",
    "part",
    "record",
    "release",
    "renew",
    "reset",
    "review",
    "set_meta",
    "split",
    "stage",
    "store_vectors",
    "switch",
    "undo",
    "unstage",
    "update",
)
"""The write transactions of the ledger."""
BETWEEN = (
    "add.recorded",
    "add.extracted",
    "add.embedded",
    "add.decided",
    "add.committed",
    "add.projected",
    "adopt.recorded",
    "adopt.committed",
    "apply.recorded",
    "apply.committed",
    "close.before",
    "close.flushed",
    "commit.added",
    "commit.vectors",
    "erase.rows",
    "erase.stores",
    "graph.fill.before",
    "graph.fill.erased",
    "graph.fill.written",
    "graph.write.before",
    "graph.write.after",
    "lease.held",
    "outbox.claimed",
    "rebuild.before",
    "rebuild.erased",
    "rebuild.refilled",
    "record.written",
    "reply.received",
    "restore.copied",
    "restore.dropped",
    "review.decided",
    "supersede.before",
    "supersede.after",
    "undo.removed",
    "undo.returned",
    "vectors.upsert.before",
    "vectors.upsert.after",
    "vectors.remove.before",
    "vectors.remove.after",
    "worker.delivered",
    "worker.finished",
)
POINTS = (*(f"ledger.{step}.{side}" for step in TRANSACTIONS for side in ("before", "after")), *BETWEEN)
"""All places; a test holds that the code has exactly these, and the long run that each was killed at."""

Hook = Callable[[str], None]
_hook: Hook | None = None


def reach(point: str) -> None:
    """Tell the listener, if there is one; what it raises comes out of here."""
    if _hook is not None:
        _hook(point)


@contextmanager
def listening(hook: Hook) -> Iterator[None]:
    """Call `hook` with the name of every place that any thread reaches inside the block."""
    global _hook  # noqa: PLW0603 - one listener a process, set by tests alone
    before, _hook = _hook, hook
    try:
        yield
    finally:
        _hook = before
