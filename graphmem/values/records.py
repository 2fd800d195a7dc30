"""What is remembered: scopes, messages, episodes, memories, entities, relations, and the moment a read asks about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

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


class _Plain(str):
    """Text that shows without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Value(BaseModel):
    """The base of all values: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What is not as usual, times in ISO 8601: values are read at a prompt."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if field.repr and (field.is_required() or value != field.get_default(call_default_factory=True)):
                yield name, _shown(value)


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        return _Plain(value.isoformat(timespec="seconds").removesuffix("T00:00:00+00:00").replace("+00:00", "Z"))
    if isinstance(value, float):
        return round(value, 4)
    return {key: _shown(part) for key, part in value.items()} if isinstance(value, Mapping) else value


def span(start: datetime | None, end: datetime | None) -> str:
    """An interval in words: `since 2024-05-08`, `2024-05-08 to 2025-01-02`; empty when neither end is known."""
    first, last = (moment and moment.astimezone(UTC).strftime("%Y-%m-%d") for moment in (start, end))
    if first and last:
        return first if first == last else f"{first} to {last}"
    return f"since {first}" if first else f"until {last}" if last else ""


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
    trust: str = ""
    """How far its source is trusted, when the caller said so; else its role decides."""
    expires_at: Moment | None = None


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
    trust: str = ""
    expires_at: Moment | None = None
    """From this moment on, what was said and what rests on it alone is no longer found."""


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

    def __str__(self) -> str:
        return self.name


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

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """With its ends by name."""
        for name, value in super().__repr_args__():
            yield name, value.name if isinstance(value, Entity) else value

    def __str__(self) -> str:
        when = span(self.valid_from, self.valid_to)
        return f"{self.source.name} -{self.type}-> {self.target.name}" + (f" ({when})" if when else "")


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
    claims: tuple[Claim, ...] = Field(default=(), repr=False)
    modality: Modality = "asserted"
    confidence: float = 1.0
    times_seen: int = 1
    speaker: str | None = None
    role: Role | None = None


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


class Node(NamedTuple):
    """A vertex of the graph that the walk crosses. A plain tuple: a walk hashes tens of thousands of them."""

    kind: NodeKind
    id: str


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
