"""What an add would do, as a value that can be looked at, kept in a file, and carried out."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from graphmem.values.drafts import Change, Plan
from graphmem.values.records import Episode, Message, Relation, Usage, Value


class PlannedAdd(Value):
    """The outcome that an add would have now. Nothing of it is written until `apply`.

    It holds everything that `apply` needs, so it can be stored with `model_dump_json()` and read again.
    """

    episode: Episode
    messages: tuple[Message, ...]
    plan: Plan
    world: str
    """A mark of what was known when it was made: `apply` refuses when that has changed."""
    relations_added: tuple[Relation, ...] = ()
    relations_ended: tuple[Relation, ...] = ()
    redacted: Mapping[str, int] = Field(default_factory=dict)
    usage: Usage = Usage()
    duplicate: bool = False
    """The same add was accepted before: applying it changes nothing."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What it would add, change and end, with the reasons."""
        return self.plan.changes
