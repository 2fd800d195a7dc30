"""What a reader of files yields: batches that one add takes, and what it had to refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from graphmem.values import SCOPE_LABELS, Fact, Message, Scope, Value


class Batch(Value):
    """The arguments of one add."""

    item: str
    """Where it stands in the file, in words."""
    messages: tuple[Message, ...]
    scope: Scope
    metadata: Mapping[str, Any] = Field(default_factory=dict)
    facts: tuple[Fact, ...] | None = None
    """Given: they are remembered as they are, and nothing is extracted."""
    key: str
    """`<sha256 of the file>:<index>`: an add with a key that was accepted before writes nothing."""


class Refused(Value):
    """A record that cannot be read, and why; the others are not held up."""

    item: str
    reason: str


class Labels(Value):
    """Scope labels from outside the file: `given` wins over a record's own, `fallback` only fills in."""

    given: Scope = Scope()
    fallback: Scope = Scope()

    def scope(self, own: Mapping[str, object]) -> Scope:
        """The scope of a record whose own labels are the scope keys of `own`."""
        mine = {label: str(own[label]) for label in SCOPE_LABELS if own.get(label) not in (None, "")}
        return Scope(**{**self.fallback.labels, **mine, **self.given.labels})
