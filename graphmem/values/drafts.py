"""The stages of a resolution: what was proposed, what is known near it, what was judged, what will be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from graphmem.values.records import (
    Claim,
    Entity,
    Event,
    Evidence,
    Kind,
    Memory,
    Modality,
    Moment,
    Scope,
    Usage,
    Value,
)


class EntityDraft(Value):
    """An entity as extraction names it."""

    name: str
    type: str = "Thing"
    weak: bool = False


class RelationDraft(Value):
    """A typed triple as extraction names it; `source` and `target` are names of entity drafts."""

    source: str
    type: str
    target: str
    confidence: float = 1.0
    lasting: bool = False
    """Holds whatever the sentence says of it: "my brother Tom" in a tale of the past, in a plan, in an ending."""


class FactDraft(Value):
    """One self-contained statement that extraction proposes."""

    text: str
    message: int
    """Index of the message that it comes from."""
    quote: str = ""
    kind: Kind = "semantic"
    subject: str | None = None
    """Name of the entity that the fact is about."""
    entities: tuple[EntityDraft, ...] = ()
    relations: tuple[RelationDraft, ...] = ()
    claims: tuple[Claim, ...] = ()
    modality: Modality = "asserted"
    correction: bool = False
    """Says that an earlier statement was a mistake ("sorry, I meant Tuesday")."""
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    confidence: float = 1.0
    metadata: Mapping[str, Any] = Field(default_factory=dict)


class Mention(Value):
    """A message names an entity: the edge the graph walk uses for raw messages."""

    message: int
    entity: EntityDraft


class Dropped(Value):
    """Something extraction proposed and validation refused, with the reason."""

    reason: str
    text: str = ""


Outcome = Literal["none", "ok", "repaired", "retried", "quarantined"]
"""What became of a chat model's reply. none: no model was asked, or it did not answer; repaired: mended, or parts of it
were left out; retried: it took another request; quarantined: it could not be used, and the episode waits as failed."""


class Draft(Value):
    """What an extractor proposes for one episode. Nothing in it is decided."""

    facts: tuple[FactDraft, ...] = ()
    mentions: tuple[Mention, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    outcome: Outcome = "none"
    usage: Usage = Usage()


class Triple(Value):
    """A relation by entity ids, before it has an id of its own."""

    source_id: str
    type: str
    target_id: str
    confidence: float = 1.0


class LinkedFact(Value):
    """A fact draft whose names have become entity ids."""

    draft: FactDraft
    memory_id: str
    """The id it will have if it is added."""
    subject_id: str | None = None
    entity_ids: tuple[str, ...] = ()
    triples: tuple[Triple, ...] = ()
    over: tuple[Triple, ...] = ()
    """Relations that it names as ended: they close others and are not stored."""
    valid_from: Moment
    valid_to: Moment | None = None


class Candidate(Value):
    """A memory already known near a new fact."""

    memory: Memory
    triples: tuple[Triple, ...] = ()
    similarity: float = 0.0
    """Cosine between the two texts."""
    names: Mapping[str, str] = Field(default_factory=dict)
    """Entity id -> name, for the ids in `triples`."""


Action = Literal["keep", "same", "revise", "supersede", "end", "correct", "late"]
"""What a new fact does to one known memory. keep: nothing. same: the same fact again. revise: more detail on the
same fact. supersede: takes its place from `valid_from` on. end: closes it, and stands as a fact itself.
correct: it was never true. late: the new fact is older, and is itself closed by the known one."""


class Verdict(Value):
    """What was judged about one new fact against one known memory."""

    fact: int
    memory_id: str
    action: Action
    reason: str
    decided_by: Literal["rule", "model"] = "rule"
    confidence: float = 1.0


class Closure(Value):
    """A memory stops being true at `valid_to`; it stays in the ledger."""

    memory_id: str
    valid_to: Moment
    superseded_by: str | None
    reason: str


class Revision(Value):
    """A memory gets a better text; the old one goes to history."""

    memory_id: str
    text: str
    previous_text: str
    reason: str
    evidence: tuple[Evidence, ...] = ()
    entity_ids: tuple[str, ...] = ()
    triples: tuple[Triple, ...] = ()
    claims: tuple[Claim, ...] = ()


class Repeat(Value):
    """The same fact was said again."""

    memory_id: str
    evidence: tuple[Evidence, ...] = ()
    reason: str = "the same fact was said again"


class Addition(Value):
    """A new memory with everything that hangs on it."""

    memory: Memory
    evidence: tuple[Evidence, ...] = ()
    entity_ids: tuple[str, ...] = ()
    triples: tuple[Triple, ...] = ()


class Change(Value):
    """One line of what an operation did to the memory."""

    event: Event
    memory_id: str
    text: str
    previous_text: str | None = None
    reason: str = ""


class Held(Value):
    """A fact of an untrusted source that waits for a decision of a person, see `steps/trust.py`."""

    id: str
    kind: Literal["supersede", "instruction", "personal"]
    draft: FactDraft
    message_id: str
    trust: str
    verdicts: tuple[Verdict, ...] = ()
    """What it would do to known memories."""
    reason: str = ""


class Plan(Value):
    """What one resolution will do, whole. The ledger commits it in one transaction, and can undo it."""

    resolution_id: str
    scope: Scope
    at: Moment
    """Transaction time."""
    episode_id: str | None = None
    entities: tuple[Entity, ...] = ()
    """New or changed (a better type, one more alias)."""
    additions: tuple[Addition, ...] = ()
    closures: tuple[Closure, ...] = ()
    revisions: tuple[Revision, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    message_entities: tuple[tuple[str, str], ...] = ()
    """(message id, entity id) pairs."""
    similar: tuple[tuple[str, str, float], ...] = ()
    """Proposals that two entities may be the same: (entity id, entity id, cosine). Never merged silently."""
    changes: tuple[Change, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    held: tuple[Held, ...] = ()


class Fact(Value):
    """A fact that the caller supplies in place of extraction; names are linked as usual."""

    text: str
    message: int = 0
    quote: str = ""
    kind: Kind = "semantic"
    subject: str | None = None
    entities: tuple[EntityDraft, ...] = ()
    relations: tuple[tuple[str, str, str], ...] = ()
    """(source name, relation type, target name)."""
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    metadata: Mapping[str, Any] = Field(default_factory=dict)
