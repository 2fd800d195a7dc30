"""What callers get back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from graphmem.values.drafts import Change, Outcome
from graphmem.values.records import (
    Entity,
    Event,
    Evidence,
    Kind,
    Memory,
    Moment,
    Relation,
    Role,
    Scope,
    Source,
    Status,
    Usage,
    Value,
)

FINISH = "; finish them with retry()."
"""Advice at the end of `AddResult.reason` when a model failed; a surface with another name for it gives its own."""


class AddResult(Value):
    """What an add did."""

    episode_id: str
    resolution_id: str | None = None
    status: Status = "done"
    reason: str = ""
    outcome: Outcome = "none"
    """What became of the reply of the model that extracted, if one was asked; `reason` says why not."""
    changes: tuple[Change, ...] = ()
    relations_added: tuple[Relation, ...] = ()
    relations_ended: tuple[Relation, ...] = ()
    message_ids: tuple[str, ...] = ()
    usage: Usage = Usage()
    projected: bool = True
    """False while a store cannot be used: its copy follows later. Vectors that wait for their group do not count."""
    duplicate: bool = False
    """The same add had been accepted before; nothing was written."""
    reviews: tuple[str, ...] = ()
    """Ids of statements of an untrusted source that wait for `accept` or `reject`."""
    redacted: Mapping[str, int] = Field(default_factory=dict)
    """Kind of secret or personal datum -> how many were taken out before anything was kept."""

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Relations added, then ended."""
        return self.relations_added + self.relations_ended


class Step(Value):
    """One edge of a route through the graph, in words."""

    source: str
    type: str
    target: str
    fact: str = ""
    memory_ids: tuple[str, ...] = ()


class Why(Value):
    """Why a hit is where it is."""

    signals: Mapping[str, float] = Field(default_factory=dict)
    """Named parts of the score, before they are summed."""
    route: tuple[Step, ...] = ()
    """The way through the graph from an entity of the question, when there is one."""


class Hit(Value):
    """Something found: a fact or a raw message."""

    id: str
    text: str
    score: float
    source: Source
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    recorded_at: Moment | None = None
    metadata: Mapping[str, Any] = Field(default_factory=dict)
    scope: Scope
    speaker: str | None = None
    trust: str = ""
    """Where it comes from; `web`, `document` and `tool` are not trusted."""
    kind: Kind | None = None
    evidence: tuple[Evidence, ...] = ()
    why: Why | None = None


class SearchResult(Value):
    """Hits, best first, with the relations around them."""

    hits: tuple[Hit, ...] = ()
    relations: tuple[Relation, ...] = ()
    degraded: tuple[str, ...] = ()
    """Parts that could not be asked (`vectors`, `graph`, `embedder`); the rest answered."""
    usage: Usage = Usage()

    def __iter__(self) -> Iterator[Hit]:  # type: ignore[override]
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)


class Context(Value):
    """A block to paste into a prompt, with the ids it holds."""

    text: str
    ids: tuple[str, ...] = ()
    tokens: int = 0

    def __str__(self) -> str:
        return self.text


class Page(Value):
    """One page of a list; give `cursor` back to get the next one."""

    items: tuple[Memory, ...] = ()
    cursor: str | None = None

    def __iter__(self) -> Iterator[Memory]:  # type: ignore[override]
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class HistoryEntry(Value):
    """One change of one memory."""

    id: str
    memory_id: str
    event: Event
    previous_text: str | None = None
    text: str | None = None
    at: Moment
    reason: str = ""
    resolution_id: str | None = None
    speaker: str | None = None
    role: Role | None = None


class EntityCard(Value):
    """Everything about one entity."""

    entity: Entity
    now: tuple[Relation, ...] = ()
    before: tuple[Relation, ...] = ()
    facts: tuple[Memory, ...] = ()
    mentions: int = 0


class Path(Value):
    """A way from one entity to another; every step carries its evidence."""

    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]

    @property
    def hops(self) -> int:
        """Number of relations walked."""
        return len(self.relations)

    def __str__(self) -> str:
        written = self.entities[0].name if self.entities else ""
        for here, step, there in zip(self.entities, self.relations, self.entities[1:], strict=False):
            forward = step.source.id == here.id
            written += f" -{step.type}-> {there.name}" if forward else f" <-{step.type}- {there.name}"
        return written


class Neighbourhood(Value):
    """Entities and relations within some hops of an entity."""

    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()


class Difference(Value):
    """One disagreement between the ledger and a projection."""

    store: str
    item: str
    problem: Literal["missing", "unexpected", "changed"]


class VerifyReport(Value):
    """What `verify` found; empty `differences` means that the stores say what the ledger says."""

    checked: Mapping[str, int] = Field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    pending: int = 0
    """Outbox rows not yet applied."""
    state: str = ""
    """Hash of all that is remembered, see docs/upkeep.md."""


class DeleteReport(Value):
    """What a delete removed, or would remove in a dry run."""

    memories: int = 0
    messages: int = 0
    episodes: int = 0
    relations: int = 0
    entities: int = 0
    dry_run: bool = False
    resolution_id: str | None = None


class StatusReport(Value):
    """What is open and how much it holds."""

    home: str
    counts: Mapping[str, int] = Field(default_factory=dict)
    """Rows by table."""
    unfinished: Mapping[str, int] = Field(default_factory=dict)
    """Episodes by status, those that are not finished; `retry` finishes them."""
    pending: int = 0
    """Writes that the stores have not applied yet."""
    vectors: str = ""
    """Name of the vector store, or why it cannot be used."""
    graph: str = ""
    embedder: str = ""
    extractor: str = ""
    llm: str = ""
    state: str = ""
    """Hash of all that is remembered, when it was asked for; see docs/upkeep.md."""
