"""Adding the conversation bit by bit, each at the time it took place."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from graphmem.importing import Batch, Labels
from graphmem.importing.records import from_document

if TYPE_CHECKING:
    from graphmem.memory import Memory

USER = "nora"
"""The scope that holds the demo: Nora's memory of her chats with Felix."""
EXCHANGE = 8
"""Messages given to one add."""


class ReplayClock:
    """The time of the exchange that is replayed; afterwards the real one.

    So the ledger believes things from the day they were said on, and `known_at` has something to tell.
    """

    def __init__(self) -> None:
        self.session: datetime | None = None

    def __call__(self) -> datetime:
        """The present moment, in UTC."""
        return self.session or datetime.now(UTC)


def conversation() -> tuple[Batch, ...]:
    """The bundled conversation, one batch a session, oldest first."""
    text = (files(__package__) / "conversation.json").read_text(encoding="utf-8")
    found = from_document(json.loads(text), "conversation.json", Labels(), "graphmem-demo")
    return tuple(batch for batch in found if isinstance(batch, Batch))


def replay(memory: Memory, clock: ReplayClock, sessions: Sequence[Batch], done: Callable[[int], None]) -> None:
    """Add the sessions, a few messages at a time as an agent would; `done` is told how many.

    A second replay writes nothing.
    """
    for batch in sessions:
        for start in range(0, len(batch.messages), EXCHANGE):
            said = batch.messages[start : start + EXCHANGE]
            clock.session = said[-1].timestamp
            labels = batch.scope
            memory.add(said, user_id=labels.user_id, run_id=labels.run_id, idempotency_key=f"{batch.key}, from {start}")
            done(len(said))
    clock.session = None
