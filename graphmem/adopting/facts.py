"""What is to be written: facts with their times, names, relations and the steps of their history. Pure.

A memory becomes a fact under its old id. The texts that it had before become facts that have ended, so that `as_of`
answers as it was. An edge that a memory states becomes a relation of that fact; any other edge becomes a fact of its
own, and an invalid one ends when it was found invalid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid5

from graphmem.adopting import matching, names
from graphmem.adopting.matching import Ends
from graphmem.adopting.names import Name
from graphmem.adopting.records import Found, OldEdge, OldMemory, Version
from graphmem.adopting.report import Kind, Skipped
from graphmem.adopting.texts import Library
from graphmem.steps import mentions
from graphmem.steps.linking import NAMESPACE, key
from graphmem.values import EntityDraft, Event, Memory, RelationDraft, Scope

ENGINE = "graphmem.adopted"
"""Metadata key of every adopted fact; its value is the engine that it comes from."""
EDGES = "graphmem.adopted.edges"
"""Metadata key: the edges that a fact carries, by id."""
EDGE = "graphmem.adopted.edge"
"""Metadata key: the edge that a fact was made of, as it was written."""
EARLIER = "graphmem.adopted.earlier_text_of"
"""Metadata key: the memory whose text this was."""
CREATED = "graphmem.adopted.created_at"
"""Metadata key: when a memory was made, if that was before its present text."""
TRUST = "adopted"


@dataclass(frozen=True)
class Step:
    """One thing that happened to a fact: it was written, reworded or ended."""

    event: Event
    at: datetime | None
    """None: nobody knows; it counts as the moment of the adoption."""
    text: str
    reason: str


@dataclass(frozen=True)
class NewFact:
    """One fact to write."""

    id: str
    kind: Kind | None
    """What it is counted as; None for an earlier text of a memory."""
    text: str
    scope: Scope
    evidence: str
    """What stood in the old store, word for word."""
    steps: tuple[Step, ...]
    """Oldest first."""
    fields: Mapping[str, Any]
    """Further fields of the memory."""
    entities: tuple[EntityDraft, ...] = ()
    relations: tuple[RelationDraft, ...] = ()
    superseded_by: str | None = None

    @property
    def begun(self) -> datetime | None:
        """When it was first written."""
        return self.steps[0].at


@dataclass
class Facts:
    """Everything that an adoption writes."""

    facts: list[NewFact] = field(default_factory=list)
    linked: dict[str, str] = field(default_factory=dict)
    """Id of an edge that a memory states -> the memory."""
    alone: dict[str, NewFact] = field(default_factory=dict)
    """The same edges as facts of their own, for a memory that was adopted before they came."""
    skipped: list[Skipped] = field(default_factory=list)


def of(found: Found, engine: str) -> Facts:
    """The facts of what was found, oldest first."""
    facts = Facts()
    libraries = _libraries(found.memories)
    edges, ends = _usable(found.edges, [_ends(edge, libraries) for edge in found.edges], facts)
    stated = matching.matched(edges, ends, found.memories)
    carried: dict[str, list[tuple[OldEdge, Ends]]] = {}
    for index, (edge, pair) in enumerate(zip(edges, ends, strict=True)):
        fact = _of_edge(edge, pair, engine)
        if index in stated:
            carried.setdefault(stated[index].id, []).append((edge, pair))
            facts.linked[fact.id], facts.alone[fact.id] = stated[index].id, fact
        else:
            facts.facts.append(fact)
    known = _known(edges, ends)
    for memory in found.memories:
        facts.facts += _of_memory(memory, carried.get(memory.id, ()), known.get(memory.scope.owner, {}), engine)
    facts.facts.sort(key=lambda fact: (fact.begun is not None, fact.begun, fact.id))
    return facts


def _usable(edges: Sequence[OldEdge], ends: Sequence[Ends], facts: Facts) -> tuple[Sequence[OldEdge], Sequence[Ends]]:
    """Edges that can be written, each once, with their ends; the others are noted."""
    kept: dict[str, tuple[OldEdge, Ends]] = {}
    for edge, pair in zip(edges, ends, strict=True):
        problem = _problem(pair) or ("stands there twice" if edge_id(edge) in kept else "")
        if problem:
            kind: Kind = "live edge" if edge.live else "invalid edge"
            facts.skipped.append(Skipped(kind=kind, item=edge.written, reason=problem))
        else:
            kept[edge_id(edge)] = edge, pair
    return [edge for edge, _ in kept.values()], [pair for _, pair in kept.values()]


def _libraries(memories: Iterable[OldMemory]) -> dict[str, Library]:
    texts: dict[str, list[str]] = {}
    for memory in memories:
        texts.setdefault(memory.scope.owner, []).extend(version.text for version in memory.versions)
    return {owner: Library(found) for owner, found in texts.items()}


def _ends(edge: OldEdge, libraries: Mapping[str, Library]) -> Ends:
    library = libraries.get(edge.scope.owner) or Library(())
    source, target = (names.name_of(node, edge.scope, library) for node in (edge.source, edge.target))
    return Ends(source, target)


def _problem(ends: Ends) -> str:
    names_ = key(ends.source.text), key(ends.target.text)
    if not all(names_):
        return "an end has no name"
    return "both ends are the same" if names_[0] == names_[1] else ""


def edge_id(edge: OldEdge) -> str:
    """The same edge has the same id in every run."""
    created = edge.created_at.isoformat() if edge.created_at else ""
    parts = (*sorted(edge.scope.labels.items()), edge.source.name, edge.type, edge.target.name, created)
    return str(uuid5(NAMESPACE, "adopted edge\n" + "\n".join(map(str, parts))))


def _known(edges: Sequence[OldEdge], ends: Sequence[Ends]) -> dict[str, dict[str, Name]]:
    """Owner -> words of a name -> the name, of all nodes of the graph."""
    found: dict[str, dict[str, Name]] = {}
    for edge, pair in zip(edges, ends, strict=True):
        for name in pair:
            found.setdefault(edge.scope.owner, {})[" ".join(name.words)] = name
    return found


def _of_edge(edge: OldEdge, ends: Ends, engine: str) -> NewFact:
    text = names.sentence(edge, ends.source, ends.target)
    ended = (
        ()
        if edge.live
        else (Step("DELETE", edge.ended_at or edge.updated_at, text, f"marked invalid in {engine}'s graph"),)
    )
    return NewFact(
        id=edge_id(edge),
        kind="live edge" if edge.live else "invalid edge",
        text=text,
        scope=edge.scope,
        evidence=edge.written,
        steps=(Step("ADD", edge.created_at, text, f"adopted from {engine}'s graph"), *ended),
        fields={"times_seen": edge.mentions, "metadata": {ENGINE: engine, EDGE: edge.written}},
        entities=(ends.source.draft, ends.target.draft),
        relations=(_relation(edge, ends),),
    )


def _relation(edge: OldEdge, ends: Ends) -> RelationDraft:
    return RelationDraft(source=ends.source.text, type=edge.type, target=ends.target.text)


def _of_memory(
    memory: OldMemory, carried: Sequence[tuple[OldEdge, Ends]], known: Mapping[str, Name], engine: str
) -> Iterator[NewFact]:
    """The memory, and before it the texts that it had."""
    own: dict[str, Any] = {**memory.metadata, ENGINE: engine}
    if memory.created_at is not None and memory.since != memory.created_at:
        own[CREATED] = memory.created_at.isoformat()
    shared = {"speaker": memory.speaker, "role": memory.role, "kind": memory.kind}
    for number, (version, following) in enumerate(zip(memory.versions, memory.versions[1:], strict=False)):
        yield _earlier(memory, number, version, following, shared, engine)
    if carried:
        own[EDGES] = [edge_id(edge) for edge, _ in carried]
    ends = [name.draft for _, pair in carried for name in pair]
    since = {"valid_from": memory.since, **({"recorded_at": memory.since} if memory.since else {})}
    yield NewFact(
        id=memory.id,
        kind="memory",
        text=memory.text,
        scope=memory.scope,
        evidence=memory.text,
        steps=_steps(memory, engine),
        fields={
            **shared, **since, "metadata": own, "updated_at": memory.updated_at, "expires_at": memory.expires_at,
        },
        entities=_distinct([*ends, *_named(memory.text, known)]),
        relations=tuple(_relation(edge, pair) for edge, pair in carried),
    )  # fmt: skip


def _earlier(
    memory: OldMemory, number: int, version: Version, following: Version, shared: Mapping[str, Any], engine: str
) -> NewFact:
    reason = f"reworded in {engine}"
    return NewFact(
        id=str(uuid5(NAMESPACE, f"adopted text\n{memory.id}\n{number}\n{version.text}")),
        kind=None,
        text=version.text,
        scope=memory.scope,
        evidence=version.text,
        steps=(
            Step("ADD", version.at, version.text, f"adopted from {engine}'s history"),
            Step("DELETE", following.at, version.text, reason),
        ),
        fields={**shared, "metadata": {**memory.metadata, ENGINE: engine, EARLIER: memory.id}},
        entities=_distinct(_named(version.text, {})),
        superseded_by=memory.id,
    )


def _steps(memory: OldMemory, engine: str) -> tuple[Step, ...]:
    first, *later = memory.versions
    begun = Step("ADD", memory.created_at or first.at, first.text, f"adopted from {engine}")
    changed = [Step("UPDATE", version.at, version.text, f"updated in {engine}") for version in later]
    if memory.ended_at is None:
        return (begun, *changed)
    return (begun, *changed, Step("DELETE", memory.ended_at, memory.text, f"deleted in {engine}"))


def _named(text: str, known: Mapping[str, Name]) -> Iterator[EntityDraft]:
    """What a text names: entities of the old graph, and search keys for the walk."""
    words = [word.text for word in Library([text]).texts[0].words]
    for size in (1, 2, 3, 4):
        for at in range(len(words) - size + 1):
            if name := known.get(" ".join(words[at : at + size])):
                yield name.draft
    for draft in mentions.mentions(text):
        yield draft.model_copy(update={"weak": True})


def _distinct(drafts: Iterable[EntityDraft]) -> tuple[EntityDraft, ...]:
    found: dict[str, EntityDraft] = {}
    for draft in drafts:
        found.setdefault(key(draft.name), draft)
    return tuple(found.values())


def dated(fact: NewFact, now: datetime) -> NewFact:
    """The fact with every step at a moment; none lies before the step that it follows, or after `now`."""
    steps: list[Step] = []
    for step in fact.steps:
        at = min(step.at or now, now)
        steps.append(replace(step, at=max(at, steps[-1].at or at) if steps else at))
    return replace(fact, steps=tuple(steps))


def memory_of(fact: NewFact, text: str, at: datetime) -> Memory:
    """The fact as it is first written: open, and with its first text."""
    own = {"id": fact.id, "text": text, "scope": fact.scope, "trust": TRUST}
    return Memory.model_validate({"valid_from": fact.begun, "recorded_at": at, **fact.fields, **own})
