"""The vocabulary: frozen values that travel between the layers. They know nothing of storage.

One set of names for Python, the command line's JSON, HTTP and MCP. Every datetime is aware and in UTC;
every id is a string; scores and confidences are in [0, 1] and higher is better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SCOPE_LABELS = ("user_id", "agent_id", "app_id", "run_id")
"""The labels of a scope, most significant first: the first one given is the owner."""

Role = Literal["user", "assistant", "system", "tool"]
Kind = Literal["semantic", "episodic", "procedural"]
Status = Literal["pending", "running", "done", "empty", "failed"]
Modality = Literal["asserted", "ended", "planned", "hypothetical", "past"]
"""asserted: holds; ended: says that something stopped; planned, hypothetical: never retires anything;
past: a single past event or a state given as over ("used to live in Rome")."""
Event = Literal["ADD", "UPDATE", "DELETE", "NONE"]
Direction = Literal["out", "in", "both"]
Source = Literal["fact", "message"]


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("has no time zone; add one, for example 2024-05-08T13:56:00Z")
    return moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_utc)]
"""An aware datetime, converted to UTC."""


class Value(BaseModel):
    """The base of all values: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Scope(Value):
    """Whose memory it is. Written as labels, read as an equality filter over the labels given."""

    user_id: str | None = None
    agent_id: str | None = None
    app_id: str | None = None
    run_id: str | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The labels given, most significant first."""
        return {label: value for label in SCOPE_LABELS if (value := getattr(self, label)) is not None}

    @property
    def owner(self) -> str:
        """The key inside which entities and relations are unified, such as `user:maria`."""
        label, value = next(iter(self.labels.items()))
        return f"{label.removesuffix('_id')}:{value}"


class Message(Value):
    """What somebody said, word for word."""

    role: Role = "user"
    content: str
    name: str | None = None
    timestamp: Moment | None = None
    metadata: Mapping[str, Any] = Field(default_factory=dict)


class MessageRecord(Value):
    """A message as the ledger holds it, with its place in the conversation."""

    id: str
    episode_id: str
    position: int
    """Index in its episode, from 0."""
    conversation: str
    """Messages with the same value form one chain; `previous_id` and `next_id` are neighbours in it."""
    scope: Scope
    role: Role
    speaker: str
    """Display name of who said it: the message's name, else the scope's user, else the role."""
    content: str
    timestamp: Moment
    previous_id: str | None = None
    next_id: str | None = None
    metadata: Mapping[str, Any] = Field(default_factory=dict)


class Episode(Value):
    """The raw messages of one add. Durable before any model is called; only its status ever changes."""

    id: str
    scope: Scope
    conversation: str
    occurred_at: Moment
    recorded_at: Moment
    status: Status = "pending"
    reason: str = ""
    retryable: bool = False
    idempotency_key: str = ""
    infer: bool = True
    instructions: str = ""
    metadata: Mapping[str, Any] = Field(default_factory=dict)


class Evidence(Value):
    """Where a memory comes from: a quoted span of a message."""

    episode_id: str
    message_id: str
    message_index: int
    quote: str = ""


class Entity(Value):
    """Somebody or something named, unified inside one owner."""

    id: str
    name: str
    """As written: "Alice Smith"."""
    type: str = "Thing"
    aliases: tuple[str, ...] = ()
    weak: bool = False
    """A search key (a noun phrase), never merged and not listed as an entity."""


class Relation(Value):
    """`source` -> `type` -> `target`, live while a live memory supports it.

    One value is one interval of validity: A -> B -> A gives two values for A.
    """

    id: str
    source: Entity
    type: str
    """snake_case, such as `works_at`."""
    target: Entity
    fact: str = ""
    """The sentence of the supporting memory."""
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    recorded_at: Moment | None = None
    memory_ids: tuple[str, ...] = ()
    episode_ids: tuple[str, ...] = ()
    confidence: float = 1.0


class Claim(Value):
    """One clause of a fact in a form that rules can compare; see `steps/resolution`."""

    subject: str
    predicate: str
    """Lemma with its particle or preposition: `live in`, `break up with`, `be`."""
    object: str = ""
    object_type: str = "thing"
    """place, organisation, person, date, number, food, vehicle, ... or thing."""
    affirmed: bool = True
    modality: Modality = "asserted"
    slot: str | None = None
    """Name of the functional slot it fills (`lives_in`), when one is recognised."""
    value: str = ""
    """The slot's value, when it differs from the object."""
    markers: tuple[str, ...] = ()
    """Words that show change or addition: `now`, `no longer`, `also`, `for good`."""


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


class Usage(Value):
    """What an operation cost: model calls, tokens and milliseconds by stage."""

    model_calls: int = 0
    embedding_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    milliseconds: Mapping[str, float] = Field(default_factory=dict)

    def __add__(self, other: Usage) -> Usage:
        """Sum of two usages, stage by stage."""
        stages = dict(self.milliseconds)
        for stage, spent in other.milliseconds.items():
            stages[stage] = stages.get(stage, 0.0) + spent
        return Usage(
            model_calls=self.model_calls + other.model_calls,
            embedding_calls=self.embedding_calls + other.embedding_calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            milliseconds=stages,
        )


class Draft(Value):
    """What an extractor proposes for one episode. Nothing in it is decided."""

    facts: tuple[FactDraft, ...] = ()
    mentions: tuple[Mention, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    usage: Usage = Usage()


class Memory(Value):
    """One self-contained fact sentence, with when it was true and when it was believed."""

    id: str
    text: str
    scope: Scope
    kind: Kind = "semantic"
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    recorded_at: Moment
    retired_at: Moment | None = None
    """When the system learned that `valid_to` closes it. Before this moment it was believed open."""
    updated_at: Moment | None = None
    superseded_by: str | None = None
    expires_at: Moment | None = None
    metadata: Mapping[str, Any] = Field(default_factory=dict)
    trust: str = "user"
    subject_id: str | None = None
    claims: tuple[Claim, ...] = ()
    modality: Modality = "asserted"
    confidence: float = 1.0
    times_seen: int = 1
    speaker: str | None = None
    role: Role | None = None


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


class AddResult(Value):
    """What an add did."""

    episode_id: str
    resolution_id: str | None = None
    status: Status = "done"
    reason: str = ""
    changes: tuple[Change, ...] = ()
    relations_added: tuple[Relation, ...] = ()
    relations_ended: tuple[Relation, ...] = ()
    message_ids: tuple[str, ...] = ()
    usage: Usage = Usage()
    projected: bool = True
    duplicate: bool = False
    """The same add had been accepted before; nothing was written."""

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


class When(Value):
    """The moment a read asks about. Both absent: what is true now, as known now."""

    as_of: Moment | None = None
    """True in the world at this moment."""
    known_at: Moment | None = None
    """As the system believed at this moment."""
    now: Moment
    everything: bool = False
    """Also what has ended."""


NodeKind = Literal["fact", "message", "entity"]


class Node(Value):
    """A vertex of the graph that the walk crosses."""

    kind: NodeKind
    id: str

    def __hash__(self) -> int:
        return hash((self.kind, self.id))
