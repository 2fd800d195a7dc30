"""The middle of an add: link names, gather what is known near the new facts, judge, and make one plan."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graphmem.engine import Engine
from graphmem.errors import ModelError
from graphmem.flows.admitting import RECALLED
from graphmem.ledger.contracts import Known
from graphmem.models.contracts import LLM
from graphmem.steps import echo, linking, resolution, trust
from graphmem.steps.relation_types import mirrored
from graphmem.steps.resolution.sides import untrusted
from graphmem.stores.contracts import View
from graphmem.values import (
    Candidate,
    Draft,
    Entity,
    Episode,
    Held,
    LinkedFact,
    Memory,
    MessageRecord,
    Plan,
    Relation,
    Scope,
    Triple,
    Usage,
    Verdict,
    When,
)

log = logging.getLogger(__name__)
Vector = npt.NDArray[np.float32]
Vectors = Mapping[tuple[str, View], Vector]
"""By message id, fact text or entity name, and view."""

RESERVED = "graphmem."
"""Beginning of the metadata keys that are the engine's own."""
NEAR_NAMES = 5
NEAR = 10
"""Semantic neighbours looked at for each new fact."""
SAME_SLOT = 40
"""Memories with the same subject and relation looked at for each add."""


class Decision(NamedTuple):
    """A plan with what callers are told about it."""

    plan: Plan
    added: tuple[Relation, ...]
    ended: tuple[Relation, ...]
    usage: Usage
    after: int
    """The last resolution about the owner that was seen."""


def owner_scope(scope: Scope) -> Scope:
    """The scope in which facts are compared: the same labels without the run."""
    wider = {label: value for label, value in scope.labels.items() if label != "run_id"}
    return Scope(**wider) if wider else scope


def names_scope(scope: Scope) -> Scope:
    """The scope of entity names: the owner's label alone."""
    label, value = next(iter(scope.labels.items()))
    return Scope(**{label: value})


def decide(
    engine: Engine,
    episode: Episode,
    messages: Sequence[MessageRecord],
    draft: Draft,
    vectors: Vectors,
    llm: LLM | None,
) -> Decision:
    """From drafts to a plan. The ledger is read, never written; at most one model call, for undecided pairs."""
    draft = _unlearned(engine, episode, messages, draft)
    with engine.ledger.snapshot():
        after = engine.ledger.latest(episode.scope.owner)
        linked, names, candidates = _gathered(engine, episode, messages, draft, vectors)
    rules = resolution.Settings(cardinality=engine.settings.cardinality)
    trusted = resolution.trust_of(linked.facts, messages)
    judgement = resolution.judge(linked.facts, candidates, rules, trust=trusted)
    verdicts, usage = _settle(llm, judgement)
    held: tuple[Held, ...] = ()
    if any(map(untrusted, trusted)):
        would = resolution.judge(linked.facts, candidates, rules, trust=["system"] * len(trusted)).verdicts
        there = engine.ledger.entities_by_id([entity.id for entity in linked.entities])
        asked = trust.Asked(draft, episode.scope, messages, there)
        linked, candidates, verdicts, held = trust.part(linked, candidates, verdicts, would, asked)
    plan = resolution.plan(
        linked,
        candidates,
        verdicts,
        scope=episode.scope,
        at=engine.clock(),
        episode_id=episode.id,
        messages=messages,
        metadata={key: value for key, value in episode.metadata.items() if not key.startswith(RESERVED)},
    )
    plan = plan.model_copy(update={"held": held})
    return Decision(plan, _added(plan, names, episode.id), _ended(engine, plan, candidates), usage, after)


def _unlearned(engine: Engine, episode: Episode, messages: Sequence[MessageRecord], draft: Draft) -> Draft:
    """The draft without what only repeats memories that were put into the conversation."""
    ids = list(episode.metadata.get(RECALLED, ()))
    if not ids or not draft.facts:
        return draft
    known = [memory.text for memory in engine.ledger.memories(ids).values()]
    return echo.unlearned(draft, messages, known + [m.content for m in engine.ledger.messages(ids).values()])


def _gathered(
    engine: Engine, episode: Episode, messages: Sequence[MessageRecord], draft: Draft, vectors: Vectors
) -> tuple[linking.Linked, dict[str, Entity], list[tuple[Candidate, ...]]]:
    """Linked facts, all entities that they name by id, and what is known near each."""
    known = engine.ledger.entities(episode.scope.owner, linking.keys(linking.names(draft)))
    linked = linking.link(
        draft,
        known,
        _near_names(engine, episode.scope, draft, known, vectors),
        owner=episode.scope.owner,
        episode_id=episode.id,
        messages=messages,
    )
    names = {e.id: e for group in known.values() for e in group} | {e.id: e for e in linked.entities}
    return linked, names, candidates(engine, episode.scope, linked.facts, vectors)


def _near_names(
    engine: Engine,
    scope: Scope,
    draft: Draft,
    known: Mapping[str, Sequence[Entity]],
    vectors: Vectors,
) -> dict[str, list[tuple[Entity, float]]]:
    """Known entities whose names lie near a new name."""
    owner = names_scope(scope)
    new = [n for n in linking.names(draft) if (n, "entity") in vectors and linking.key(n) not in known]
    found = {n: engine.ledger.nearest("entity", vectors[n, "entity"], owner, k=NEAR_NAMES) for n in new}
    ids = sorted({near.item_id for nears in found.values() for near in nears if near.score >= linking.SIMILAR})
    entities = engine.ledger.entities_by_id(ids) if ids else {}
    return {
        name: [(entities[near.item_id], near.score) for near in nears if near.item_id in entities]
        for name, nears in found.items()
    }


def candidates(
    engine: Engine, scope: Scope, facts: Sequence[LinkedFact], vectors: Vectors
) -> list[tuple[Candidate, ...]]:
    """What is known near each fact: by meaning, and by the same subject in the graph."""
    wider = owner_scope(scope)
    near = [_nearest(engine, wider, fact, vectors) for fact in facts]
    linked = _same_subject(engine, wider, facts)
    wanted = [
        dict.fromkeys([*found, *(i for party in _parties(fact) for i in linked.get(party, ()))])
        for fact, found in zip(facts, near, strict=True)
    ]
    ids = sorted({memory_id for group in wanted for memory_id in group})
    known = engine.ledger.known(ids) if ids else {}
    comparable = {i: k for i, k in known.items() if _same_labels(k.memory.scope, scope)}
    far = sorted({i for group, found in zip(wanted, near, strict=True) for i in group if i not in found})
    stored = engine.ledger.vectors([(i, "fact") for i in far]) if far else {}
    rows = []
    for fact, group, found in zip(facts, wanted, near, strict=True):
        own = vectors.get((fact.draft.text, "fact"))
        rows.append(
            tuple(
                _candidate(comparable[i], found.get(i, _cosine(own, stored.get((i, "fact")))))
                for i in group
                if i in comparable
            )
        )
    return rows


def _nearest(engine: Engine, scope: Scope, fact: LinkedFact, vectors: Vectors) -> dict[str, float]:
    vector = vectors.get((fact.draft.text, "fact"))
    if vector is None:
        return {}
    return {near.item_id: near.score for near in engine.ledger.nearest("fact", vector, scope, k=NEAR)}


def _same_subject(engine: Engine, scope: Scope, facts: Sequence[LinkedFact]) -> dict[str | None, list[str]]:
    """Memories about the subjects of the facts: the newest ones, and all that share subject and relation."""
    subjects = sorted({party for fact in facts for party in _parties(fact)})
    stated = {triple.type for fact in facts for triple in (*fact.triples, *fact.over)}
    types = sorted(stated | {mirror for kind in stated if (mirror := mirrored(kind)) is not None})
    found: dict[str | None, list[str]] = {}
    if not subjects:
        return found
    if types:
        ever = When(now=engine.clock(), everything=True)
        for relation in engine.ledger.graph.relations(scope, ever, entity_ids=subjects, types=types, limit=SAME_SLOT):
            for end in (relation.source.id, relation.target.id):
                found.setdefault(end, []).extend(relation.memory_ids)
    for subject in subjects:
        found.setdefault(subject, []).extend(engine.ledger.about(scope.owner, [subject], limit=SAME_SLOT))
    return found


def _parties(fact: LinkedFact) -> tuple[str, ...]:
    """Whom a fact is about: its subject, and both ends of what is mutual ("Ana married Tom" is about Tom, too)."""
    mutual = [t for t in (*fact.triples, *fact.over) if mirrored(t.type) == t.type]
    ends = [end for t in mutual for end in (t.source_id, t.target_id)]
    return tuple(dict.fromkeys([*([fact.subject_id] if fact.subject_id else []), *ends]))


def _same_labels(known: Scope, new: Scope) -> bool:
    """Facts of another agent or application neither retire nor repeat each other."""
    return (known.user_id, known.agent_id, known.app_id) == (new.user_id, new.agent_id, new.app_id)


def _cosine(one: Vector | None, other: Vector | None) -> float:
    return 0.0 if one is None or other is None else float(np.dot(one, other))


def _candidate(known: Known, similarity: float) -> Candidate:
    return Candidate(
        memory=known.memory, triples=known.triples, names=known.names, similarity=max(-1.0, min(1.0, similarity))
    )


def _settle(llm: LLM | None, judgement: resolution.Judgement) -> tuple[tuple[Verdict, ...], Usage]:
    """One call for all undecided pairs. Without a model, or when it fails, they are kept: nothing is retired on a
    guess.
    """
    if llm is None or not judgement.undecided:
        return judgement.verdicts, Usage()
    try:
        reply = llm.complete(resolution.prompt(judgement.undecided))
    except ModelError as exc:
        log.warning("undecided pairs are kept: %s", exc)
        return judgement.verdicts, Usage(model_calls=1)
    usage = Usage(model_calls=reply.calls, prompt_tokens=reply.prompt_tokens, completion_tokens=reply.completion_tokens)
    return resolution.apply_model(judgement, reply.text), usage


def _added(plan: Plan, entities: Mapping[str, Entity], episode_id: str) -> tuple[Relation, ...]:
    return tuple(
        _relation(triple, addition.memory, entities).model_copy(update={"episode_ids": (episode_id,)})
        for addition in plan.additions
        for triple in addition.triples
        if triple.source_id in entities and triple.target_id in entities
    )


def _ended(engine: Engine, plan: Plan, candidates: Sequence[Sequence[Candidate]]) -> tuple[Relation, ...]:
    closed = {closure.memory_id: closure for closure in plan.closures}
    known = {c.memory.id: c for group in candidates for c in group if c.memory.id in closed}
    named = {i: Entity(id=i, name=name) for c in known.values() for i, name in c.names.items()}
    ends = {**named, **(engine.ledger.entities_by_id(sorted(named)) if named else {})}
    found = []
    for memory_id, candidate in known.items():
        closure = closed[memory_id]
        memory = candidate.memory.model_copy(update={"valid_to": closure.valid_to})
        found += [_relation(t, memory, ends) for t in candidate.triples if {t.source_id, t.target_id} <= ends.keys()]
    return tuple(found)


def _relation(triple: Triple, memory: Memory, entities: Mapping[str, Entity]) -> Relation:
    since = "" if memory.valid_from is None else f"@{memory.valid_from.isoformat()}"
    return Relation(
        id=f"{linking.relation_id(memory.scope.owner, triple)}{since}",
        source=entities[triple.source_id],
        type=triple.type,
        target=entities[triple.target_id],
        fact=memory.text,
        valid_from=memory.valid_from,
        valid_to=memory.valid_to,
        recorded_at=memory.recorded_at,
        memory_ids=(memory.id,),
        confidence=triple.confidence,
    )
