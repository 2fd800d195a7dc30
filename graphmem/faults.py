"""Named places at which a test stops the process or makes a step fail; outside of tests nobody listens.

Every write transaction of the ledger has two, `ledger.<step>.before` and `ledger.<step>.after` its commit; the others
are between the steps of a flow, around each write to a store, and inside the larger transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

TRANSACTIONS = (
    "acknowledge",
    "clean",
    "commit",
    "delete",
    "delete_all",
    "erase",
    "finish",
    "journal",
    "mark",
    "merge",
    "migrate",
    "record",
    "reset",
    "review",
    "set_meta",
    "split",
    "store_vectors",
    "undo",
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
    "close.before",
    "close.flushed",
    "commit.added",
    "commit.vectors",
    "erase.rows",
    "erase.stores",
    "outbox.claimed",
    "rebuild.before",
    "rebuild.erased",
    "rebuild.refilled",
    "record.written",
    "reply.received",
    "supersede.before",
    "supersede.after",
    "undo.removed",
    "undo.returned",
    "vectors.upsert.before",
    "vectors.upsert.after",
    "vectors.remove.before",
    "vectors.remove.after",
)
POINTS = (*(f"ledger.{step}.{side}" for step in TRANSACTIONS for side in ("before", "after")), *BETWEEN)
"""All places; a test holds that each is in the code and that the workload of the fault tests reaches it."""

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
