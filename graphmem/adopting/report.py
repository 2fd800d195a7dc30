"""What an adoption did: every memory and every edge that was found is counted once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from graphmem.values import Value

Kind = Literal["memory", "live edge", "invalid edge"]


class Count(Value):
    """What became of the items of one kind: `found` is the sum of the other three."""

    found: int = 0
    adopted: int = 0
    there: int = 0
    """Adopted by an earlier run; what was deleted here since stays deleted."""
    skipped: int = 0


class Skipped(Value):
    """An item that was left out, and why."""

    kind: Kind
    item: str
    """The id of a memory, or an edge as `alice -[works_at]-> acme`."""
    reason: str


class AdoptReport(Value):
    """What an adoption did, or would do in a dry run."""

    memories: Count = Count()
    live_edges: Count = Count()
    invalid_edges: Count = Count()
    linked_edges: int = 0
    """Live edges that a memory states: their relation rests on that memory. The others became facts of their own."""
    earlier_texts: int = 0
    """Texts that memories had before they were updated; each is a fact that has ended."""
    lone_nodes: int = 0
    """Nodes of the old graph without an edge: nothing is said about them."""
    vectors_reused: int = 0
    """Vectors taken over because a sample shows that they come from the same embedding model."""
    redacted: Mapping[str, int] = Field(default_factory=dict)
    """Secrets that were taken out on the way, by kind."""
    skipped: tuple[Skipped, ...] = ()
    dry_run: bool = False
