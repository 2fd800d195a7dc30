"""Plan, then apply: what an add would do, without a write; and exactly that, later, without asking a model again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from graphmem.engine import Engine
from graphmem.errors import ConflictError, InputError
from graphmem.faults import reach
from graphmem.flows import admitting, consider, remember
from graphmem.flows.admitting import Admitted, Given
from graphmem.flows.remember import Texts, surroundings, vector_items
from graphmem.ledger.contracts import Recorded
from graphmem.steps.redaction import Redactor
from graphmem.stores.contracts import View
from graphmem.values import AddResult, Plan, PlannedAdd, Usage
from graphmem.values.drafts import Addition


def plan(engine: Engine, given: Given) -> PlannedAdd:
    """What the add would do. The ledger is only read; replies of models are not kept. Raises ModelError."""
    admitted = admitting.admit(engine, given)
    episode, operating = admitted.episode, engine.ledger.operating
    world = operating.world(episode.scope.owner)
    recorded = operating.foreseen(episode, admitted.messages)
    if not recorded.created and recorded.episode.status in {"done", "empty"}:
        return _known(engine, admitted, recorded, world)
    draft = remember.draft_of(engine, recorded, None, recent=operating.latest(episode))
    vectors = Texts.of(surroundings(engine, recorded), draft).embed(engine)
    decided = consider.decide(engine, recorded.episode, recorded.messages, draft, vectors, engine.llm)
    return PlannedAdd(
        episode=recorded.episode,
        messages=admitted.messages,
        plan=decided.plan,
        world=world,
        relations_added=decided.added,
        relations_ended=decided.ended,
        redacted=admitted.redacted,
        usage=draft.usage + decided.usage + Usage(embedding_calls=1),
    )


def _known(engine: Engine, admitted: Admitted, recorded: Recorded, world: str) -> PlannedAdd:
    """The same add was accepted before: its plan is what it did then."""
    episode = recorded.episode
    done = engine.ledger.episode_result(episode.id)
    nothing = Plan(resolution_id="", scope=episode.scope, at=episode.recorded_at, episode_id=episode.id)
    return PlannedAdd(episode=episode, messages=admitted.messages, plan=done or nothing, world=world, duplicate=True)


def apply(engine: Engine, planned: PlannedAdd) -> AddResult:
    """Carry out a plan; no model but the embedder is asked. Raises ConflictError when the world has changed."""
    _refuse_secrets(engine, planned)
    owner = planned.episode.scope.owner
    with engine.locks.hold(owner):
        after = engine.ledger.latest(owner)
        foreseen = engine.ledger.operating.foreseen(planned.episode, planned.messages)
        if not foreseen.created and foreseen.episode.status in {"done", "empty"}:
            return remember.known_before(engine, foreseen)
        if engine.ledger.operating.world(owner) != planned.world:
            raise ConflictError("Something has changed since this was planned.", advice="Plan it again.")
        around = surroundings(engine, foreseen)
        vectors = Texts(around.texts() | _texts(planned.plan)).embed(engine)
        now = engine.clock()
        recorded = engine.ledger.record(planned.episode.model_copy(update={"recorded_at": now}), planned.messages)
        reach("apply.recorded")
        timed = _at(planned.plan, now)
        items = vector_items(around, timed, vectors, planned.episode.scope)
        if not engine.ledger.commit(timed, items, after=after):
            raise ConflictError("Another process changed this memory meanwhile.", advice="Finish it with retry().")
    reach("apply.committed")
    return _result(planned, timed, recorded, projected=engine.projection.apply())


def _refuse_secrets(engine: Engine, planned: PlannedAdd) -> None:
    """A plan may come from a file, or was made when secrets were kept."""
    redactor = Redactor(engine.settings.redact)
    for message in planned.messages:
        redactor.message(message)
    redactor.value(planned.episode.metadata)
    redactor.text(planned.episode.instructions)
    if redactor.counts:
        raise InputError("plan", f"holds what this home takes out: {redactor.told()}.", advice="Plan it again.")


def _texts(planned: Plan) -> dict[tuple[str, View], str]:
    texts: dict[tuple[str, View], str] = {}
    for text in (*(a.memory.text for a in planned.additions), *(r.text for r in planned.revisions)):
        texts[text, "fact"] = text
    return texts | {(e.name, "entity"): e.name for e in planned.entities if not e.weak}


def _at(planned: Plan, now: datetime) -> Plan:
    """The plan as of the moment at which it is carried out: that is when the system learned it."""
    additions: Sequence[Addition] = [
        a.model_copy(
            update={
                "memory": a.memory.model_copy(
                    update={"recorded_at": now, "retired_at": None if a.memory.retired_at is None else now}
                )
            }
        )
        for a in planned.additions
    ]
    return planned.model_copy(update={"at": now, "additions": tuple(additions)})


def _result(planned: PlannedAdd, done: Plan, recorded: Recorded, *, projected: bool) -> AddResult:
    return AddResult(
        episode_id=recorded.episode.id,
        resolution_id=done.resolution_id,
        status="done" if done.changes or done.held else "empty",
        reason=remember.said_of(done),
        changes=done.changes,
        relations_added=planned.relations_added,
        relations_ended=planned.relations_ended,
        message_ids=tuple(message.id for message in recorded.messages),
        usage=Usage(embedding_calls=1),
        projected=projected,
        reviews=tuple(held.id for held in done.held),
        redacted=planned.redacted,
    )
