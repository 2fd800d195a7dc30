"""What the care of a memory gives back: reviews, merges, erasures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from graphmem.values.records import Entity, Moment, Scope, Value

ReviewKind = Literal["supersede", "instruction", "personal", "merge"]
ReviewStatus = Literal["open", "accepted", "rejected"]


class Review(Value):
    """Something that waits for a decision of a person: `accept(id)` or `reject(id)`."""

    id: str
    kind: ReviewKind
    """supersede: an untrusted source says what would change a trusted fact; instruction: an untrusted source says what
    reads like an order; personal: it speaks of wishes, or of the user; merge: two entities may be one."""
    text: str
    """The statement that is held back, or the two names."""
    reason: str = ""
    status: ReviewStatus = "open"
    scope: Scope
    at: Moment | None = None
    trust: str = ""
    confidence: float = 1.0
    episode_id: str | None = None
    message_id: str | None = None
    memory_ids: tuple[str, ...] = ()
    """Memories that accepting would change."""
    entities: tuple[Entity, ...] = ()
    """The two entities of a merge; the second would become names of the first."""
    resolution_id: str | None = None
    """Of the decision; `undo` takes it back."""


class MergeReport(Value):
    """What a merge or split of entities did."""

    resolution_id: str
    """Give it to `undo`."""
    entity: Entity
    """The entity that stays."""
    other: Entity
    """The entity that became names of it, or that is its own again."""
    mentions: int = 0
    """Facts and messages that changed hands."""
    relations: int = 0
    """Relations that changed ends."""


class Receipt(Value):
    """Proof of an erasure. It holds counts and no text."""

    id: str = ""
    kind: Literal["memory", "entity", "scope", "expired"]
    at: Moment
    memories: int = 0
    messages: int = 0
    episodes: int = 0
    entities: int = 0
    relations: int = 0
    vectors: int = 0
    history: int = 0
    resolutions: int = 0
    replies: int = 0
    reviews: int = 0
    kept: tuple[str, ...] = ()
    """Ids of messages that were left because other memories rest on them, too."""
    dry_run: bool = False
    complete: bool = True
    """False: the rows are gone, and some file could not be cleaned yet (`problem` says why). It is cleaned when the
    memory is opened next, or by the next erasure."""
    problem: str = ""
    files: int = 0
    """Files of the home that were searched for the erased texts."""
    residue: int | None = None
    """Occurrences of erased texts left in the files; None when nothing was searched."""
    stores: Mapping[str, str] = Field(default_factory=dict)
    """What was done to each store."""


class ExpiryReport(Value):
    """What outlived its time and went."""

    memories: int = 0
    messages: int = 0
    resolution_ids: tuple[str, ...] = ()
    """One an owner; `undo` of it brings back what went. None after a purge."""
    receipt: Receipt | None = None
    """Of a purge."""
    dry_run: bool = False
