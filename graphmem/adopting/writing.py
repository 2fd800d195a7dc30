"""Writing adopted facts through the ledger, each step of their history as a plan of its own.

Resumable and idempotent: ids of facts and plans are derived from what was found, and a plan that the ledger knows is
not written again. What was found is kept as evidence that no search returns: it says what the facts say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from uuid import uuid5

import numpy as np
import numpy.typing as npt

from graphmem.adopting import facts as building
from graphmem.adopting import mem0
from graphmem.adopting.facts import EDGES, ENGINE, Facts, NewFact, Step, dated
from graphmem.adopting.names import readable, renamed
from graphmem.adopting.records import Found
from graphmem.adopting.redacting import without_secrets
from graphmem.adopting.report import AdoptReport, Count, Kind, Skipped
from graphmem.engine import Engine
from graphmem.errors import NotFound
from graphmem.faults import reach
from graphmem.flows.consider import names_scope
from graphmem.ledger.contracts import Recorded
from graphmem.steps import linking
from graphmem.steps.linking import NAMESPACE, UNDATED
from graphmem.stores.contracts import VectorItem
from graphmem.values import (
    Addition,
    Change,
    Claim,
    Closure,
    Draft,
    Entity,
    Episode,
    Evidence,
    FactDraft,
    LinkedFact,
    Memory,
    Message,
    Plan,
    Revision,
    Scope,
)

BATCH = 200
"""Facts embedded and linked at a time."""
BEGUN = "adopting"
"""Name of the ledger's mark: the episode whose facts are being written; empty when none is."""
SAMPLE = 8
"""Vectors compared before the others are taken over."""
SAME_MODEL = 0.999
"""Cosine between a vector and one made anew, from which on both come from one model."""
Progress = Callable[[int, int], None]
"""Told how many facts are written, and of how many."""
Vector = npt.NDArray[np.float32]


def adopt(
    engine: Engine, source: mem0.Mem0Source, *, dry_run: bool = False, progress: Progress | None = None
) -> AdoptReport:
    """Take over what the source holds. See `Memory.adopt`."""
    found, redacted = without_secrets(mem0.read(source), engine.settings.redact)
    plans = building.of(found, mem0.NAME)
    with engine.ledger.snapshot():
        done = _done(engine, plans)
    todo = [fact for fact in [*plans.facts, *_left_over(engine, plans, done)] if not _is_there(fact, done)]
    vectors: Mapping[str, Vector] = {}
    if not dry_run:
        vectors = _same_model(engine, found, todo)
        _write_all(engine, todo, done, vectors, progress)
    report = _report(found, plans, {fact.id for fact in todo}, vectors, dry_run=dry_run)
    return report.model_copy(update={"redacted": redacted})


def _write_all(
    engine: Engine, todo: Sequence[NewFact], done: _Done, vectors: Mapping[str, Vector], progress: Progress | None
) -> None:
    written = 0
    for scope, facts in groupby(sorted(todo, key=_by_scope), key=lambda fact: fact.scope):
        for begun, batch in _batches(engine, scope, list(facts)):
            _write(engine, scope, batch, done, vectors, begun)
            written += len(batch)
            if progress is not None:
                progress(written, len(todo))


def _by_scope(fact: NewFact) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(fact.scope.labels.items()))


def _batches(
    engine: Engine, scope: Scope, facts: Sequence[NewFact]
) -> Iterator[tuple[Recorded | None, Sequence[NewFact]]]:
    """What is written together; first the rest of what an earlier run had begun, with its episode."""
    begun = _begun(engine, scope)
    first = 0 if begun is None else _rest(begun, facts)
    if first:
        yield begun, facts[:first]
    for start in range(first, len(facts), BATCH):
        yield None, facts[start : start + BATCH]


def _begun(engine: Engine, scope: Scope) -> Recorded | None:
    """The episode of this scope whose facts an earlier run did not finish."""
    begun = engine.ledger.meta(BEGUN)
    try:
        episode, messages = engine.ledger.episode(begun) if begun else (None, ())
    except NotFound:
        return None
    return None if episode is None or episode.scope != scope else Recorded(episode, messages, (), created=False)


def _rest(begun: Recorded, facts: Sequence[NewFact]) -> int:
    """How many of the facts, the first ones, are said by the last messages of an episode: they are written in order."""
    said = [message.content for message in begun.messages]
    most = min(len(said), len(facts))
    return next((n for n in range(most, 0, -1) if said[-n:] == [fact.evidence for fact in facts[:n]]), 0)


class _Done(NamedTuple):
    """What an earlier run wrote."""

    plans: Mapping[str, frozenset[str]]
    """Fact id -> ids of the resolutions in its history; facts without a history are left out."""
    memories: Mapping[str, Memory]
    """Those that are still there."""


def _done(engine: Engine, plans: Facts) -> _Done:
    ids = [fact.id for fact in plans.facts] + list(plans.alone)
    lines = {item: engine.ledger.history(item) for item in ids}
    written = {item: frozenset(line.resolution_id or "" for line in found) for item, found in lines.items() if found}
    return _Done(written, engine.ledger.memories(list(written)))


def _is_there(fact: NewFact, done: _Done) -> bool:
    """Nothing is left to do: every step was written, or the fact was deleted here since."""
    if fact.id not in done.plans:
        return False
    return fact.id not in done.memories or all(i in done.plans[fact.id] for i in _plan_ids(fact))


def _left_over(engine: Engine, plans: Facts, done: _Done) -> Iterator[NewFact]:
    """Edges whose memory was adopted before they came: they become facts of their own."""
    for edge, memory_id in plans.linked.items():
        memory = done.memories.get(memory_id)
        if memory is not None and edge not in memory.metadata.get(EDGES, ()):
            yield plans.alone[edge]


def _plan_ids(fact: NewFact) -> tuple[str, ...]:
    return tuple(
        str(uuid5(NAMESPACE, f"adopt\n{fact.id}\n{number}\n{step.event}\n{step.at or ''}\n{step.text}"))
        for number, step in enumerate(fact.steps)
    )


def _same_model(engine: Engine, found: Found, todo: Iterable[NewFact]) -> Mapping[str, Vector]:
    """Text -> vector of the old collection, if a sample shows that the present model made them."""
    fitting = {
        fact.text: found.vectors[fact.id]
        for fact in todo
        # Mem0 replaces line breaks before it embeds.
        if fact.id in found.vectors and "\n" not in fact.text
        if found.vectors[fact.id].shape == (engine.embedder.dimensions,) and found.vectors[fact.id].any()
    }
    unit = {text: np.asarray(vector / np.linalg.norm(vector), dtype=np.float32) for text, vector in fitting.items()}
    sample = list(unit)[:: max(1, len(unit) // SAMPLE)][:SAMPLE]
    if not sample:
        return {}
    anew = engine.embedder.embed(sample)
    cosines = [float(np.dot(unit[text], row)) for text, row in zip(sample, anew, strict=True)]
    return unit if min(cosines) >= SAME_MODEL else {}


def _write(
    engine: Engine,
    scope: Scope,
    batch: Sequence[NewFact],
    done: _Done,
    vectors: Mapping[str, Vector],
    begun: Recorded | None,
) -> None:
    """One batch of one scope: keep what was found, link names, embed, and commit step by step."""
    now = engine.clock()
    moments = [dated(fact, now) for fact in batch]
    recorded = begun or engine.ledger.record(*_episode(scope, moments, now), searchable=False)
    engine.ledger.set_meta(BEGUN, recorded.episode.id)
    first = len(recorded.messages) - len(batch)
    reach("adopt.recorded")
    claims = _claims(engine, [fact.text for fact in batch], scope)
    draft = Draft(facts=tuple(_draft(fact, index) for index, fact in enumerate(moments, first)))
    texts = _texts(draft, vectors)
    made = dict(zip(texts, engine.embedder.embed(texts), strict=True)) if texts else {}
    with engine.locks.hold(scope.owner):
        linked = _linked(engine, recorded, draft)
        work = _Work(engine, scope, recorded, {**vectors, **made}, {e.id: e for e in linked.entities})
        for index, fact in enumerate(batch):
            work.commit(fact, moments[index].steps, first + index, linked.facts[index], claims[index], done)
    engine.ledger.set_meta(BEGUN, "")
    engine.projection.apply()


def _episode(scope: Scope, facts: Sequence[NewFact], now: datetime) -> tuple[Episode, list[Message]]:
    said = [_message(fact) for fact in facts]
    content = "\n".join(f"{fact.id}\n{fact.evidence}" for fact in facts)
    identity = str(uuid5(NAMESPACE, f"adopted episode\n{scope.model_dump_json()}\n{content}"))
    episode = Episode(
        id=identity,
        scope=scope,
        conversation=identity,
        occurred_at=max(fact.begun or now for fact in facts),
        recorded_at=now,
        # Never pending: a retry must not read these texts anew. A run that stops is finished by the next one.
        status="done",
        reason=f"adopted from {mem0.NAME}",
        idempotency_key=f"adopted:{identity}",
        infer=False,
        metadata={ENGINE: mem0.NAME},
    )
    return episode, said


def _message(fact: NewFact) -> Message:
    role = fact.fields.get("role") or "system"
    speaker = fact.fields.get("speaker") or mem0.NAME
    return Message(role=role, content=fact.evidence, name=speaker, timestamp=fact.begun, metadata={ENGINE: mem0.NAME})


def _draft(fact: NewFact, index: int) -> FactDraft:
    return FactDraft(
        text=fact.text,
        message=index,
        quote=fact.evidence,
        subject=fact.relations[0].source if fact.relations else None,
        entities=fact.entities,
        relations=fact.relations,
    )


def _claims(engine: Engine, texts: Sequence[str], scope: Scope) -> Sequence[tuple[Claim, ...]]:
    """What rules will compare with later facts. No text says since when it holds."""
    if engine.reader is None:
        return [()] * len(texts)
    said = [readable(text, scope) for text in texts]
    read = engine.reader.claims([text for text, _ in said])
    return [
        tuple(_undated(renamed(claim, name, scope.user_id)) for claim in found)
        for found, (_, name) in zip(read, said, strict=True)
    ]


def _undated(claim: Claim) -> Claim:
    return claim.model_copy(update={"markers": (*claim.markers, UNDATED)})


def _texts(draft: Draft, vectors: Mapping[str, Vector]) -> list[str]:
    """What is to be embedded: facts without a vector, and names."""
    named = [entity.name for fact in draft.facts for entity in fact.entities if not entity.weak]
    return list(dict.fromkeys(text for text in [*(f.text for f in draft.facts), *named] if text not in vectors))


def _linked(engine: Engine, recorded: Recorded, draft: Draft) -> linking.Linked:
    owner = recorded.episode.scope.owner
    known = engine.ledger.entities(owner, linking.keys(linking.names(draft)))
    return linking.link(draft, known, {}, owner=owner, episode_id=recorded.episode.id, messages=recorded.messages)


class _Work:
    """The commits of one batch; an entity is written with the first fact that names it."""

    def __init__(
        self,
        engine: Engine,
        scope: Scope,
        recorded: Recorded,
        vectors: Mapping[str, Vector],
        entities: dict[str, Entity],
    ) -> None:
        self._engine, self._scope, self._recorded = engine, scope, recorded
        self._vectors, self._entities = vectors, entities

    def commit(
        self,
        fact: NewFact,
        steps: Sequence[Step],
        index: int,
        linked: LinkedFact,
        claims: tuple[Claim, ...],
        done: _Done,
    ) -> None:
        """Commit the steps of a fact that no earlier run committed, oldest first."""
        named = [linked.subject_id, *linked.entity_ids]
        new = {i: self._entities.pop(i) for i in dict.fromkeys(named) if i in self._entities}
        before = ""
        worded = max(number for number, step in enumerate(steps) if step.event != "DELETE")
        for number, (step, plan_id) in enumerate(zip(steps, _plan_ids(fact), strict=True)):
            if plan_id not in done.plans.get(fact.id, ()):
                plan = self._plan(fact, step, before, linked, claims, index)
                plan = plan.model_copy(update={"resolution_id": plan_id, "entities": tuple(new.values())})
                items = self._items(fact, new) if number == worded else []
                self._engine.ledger.commit(plan, items)
                reach("adopt.committed")
            before = step.text

    def _plan(
        self, fact: NewFact, step: Step, before: str, linked: LinkedFact, claims: tuple[Claim, ...], index: int
    ) -> Plan:
        event, at = step.event, step.at or self._engine.clock()
        change = Change(
            event=event, memory_id=fact.id, text=step.text, previous_text=before or None, reason=step.reason
        )
        plan = Plan(resolution_id="", scope=self._scope, at=at, changes=(change,))
        if event == "DELETE":
            by, why = fact.superseded_by, step.reason
            closure = Closure(memory_id=fact.id, valid_to=at, superseded_by=by, reason=why)
            return plan.model_copy(update={"closures": (closure,)})
        ids, triples = linked.entity_ids, linked.triples
        if event == "UPDATE":
            revision = Revision(
                memory_id=fact.id, text=step.text, previous_text=before, reason=step.reason, claims=claims,
                entity_ids=ids, triples=triples,
            )  # fmt: skip
            return plan.model_copy(update={"revisions": (revision,)})
        own = {"claims": claims, "subject_id": linked.subject_id}
        memory = building.memory_of(fact, step.text, at).model_copy(update=own)
        evidence = (self._evidence(fact, index),)
        addition = Addition(memory=memory, evidence=evidence, entity_ids=ids, triples=triples)
        return plan.model_copy(update={"additions": (addition,)})

    def _evidence(self, fact: NewFact, index: int) -> Evidence:
        message = self._recorded.messages[index]
        return Evidence(episode_id=message.episode_id, message_id=message.id, message_index=index, quote=fact.evidence)

    def _items(self, fact: NewFact, new: Mapping[str, Entity]) -> list[VectorItem]:
        owner = names_scope(self._scope)
        items = [VectorItem(fact.id, "fact", self._scope, self._vectors[fact.text])]
        named = [e for e in new.values() if not e.weak and e.name in self._vectors]
        return items + [VectorItem(e.id, "entity", owner, self._vectors[e.name]) for e in named]


def _report(found: Found, plans: Facts, todo: set[str], vectors: Mapping[str, Vector], *, dry_run: bool) -> AdoptReport:
    skipped = (*found.skipped, *plans.skipped)
    new: dict[Kind | None, int] = {}
    there: dict[Kind | None, int] = {}
    for fact in plans.facts:
        where = new if fact.id in todo else there
        where[fact.kind] = where.get(fact.kind, 0) + 1
    for edge, memory_id in plans.linked.items():
        where = new if edge in todo or memory_id in todo else there
        where["live edge"] = where.get("live edge", 0) + 1
    return AdoptReport(
        memories=_count("memory", new, there, skipped),
        live_edges=_count("live edge", new, there, skipped),
        invalid_edges=_count("invalid edge", new, there, skipped),
        linked_edges=len([edge for edge in plans.linked if edge not in todo]),
        earlier_texts=new.get(None, 0),
        lone_nodes=found.lone_nodes,
        vectors_reused=len([fact for fact in plans.facts if fact.id in todo and fact.text in vectors]),
        skipped=skipped,
        dry_run=dry_run,
    )


def _count(
    kind: Kind, new: Mapping[Kind | None, int], there: Mapping[Kind | None, int], skipped: Iterable[Skipped]
) -> Count:
    left = sum(item.kind == kind for item in skipped)
    adopted, before = new.get(kind, 0), there.get(kind, 0)
    return Count(found=adopted + before + left, adopted=adopted, there=before, skipped=left)
