"""Deciding what waits: a held fact is remembered with the user's own trust, or dropped; two entities become one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from graphmem.engine import Engine
from graphmem.errors import ConflictError
from graphmem.flows import consider
from graphmem.flows.consider import Vectors
from graphmem.flows.remember import Surroundings, Texts, vector_items
from graphmem.ledger.memories.reviews import Waiting, pair
from graphmem.steps import linking, resolution
from graphmem.values import Candidate, Draft, Episode, LinkedFact, MessageRecord, Plan, Review, Scope, Verdict

ACCEPTED = "user"
"""The trust of what a person has accepted."""
NO_MESSAGES = Surroundings((), {}, ())


def accept(engine: Engine, review_id: str) -> Review:
    """Carry out what waits. Raises NotFound, ConflictError."""
    if (ends := pair(review_id)) is not None:
        return _merge(engine, ends)
    waiting = engine.ledger.operating.review(review_id)
    if waiting.review.status != "open":
        raise ConflictError(
            f"Review {review_id!r} is {waiting.review.status} already.", advice="Undo its resolution to decide anew."
        )
    _remember(engine, waiting)
    engine.projection.apply()
    return engine.ledger.operating.review(review_id).review


def reject(engine: Engine, review_id: str) -> Review:
    """Drop what waits; `undo` of a rejected merge proposes it anew. Raises NotFound, ConflictError."""
    now = engine.clock()
    if (ends := pair(review_id)) is None:
        engine.ledger.operating.reject(review_id, now)
        return engine.ledger.operating.review(review_id).review
    proposal = engine.ledger.operating.proposal(*ends)
    resolution_id = engine.ledger.operating.part(*ends, now)
    return proposal.model_copy(update={"status": "rejected", "resolution_id": resolution_id})


def _merge(engine: Engine, ends: tuple[str, str]) -> Review:
    proposal = engine.ledger.operating.proposal(*ends)
    keep, other = proposal.entities
    with engine.locks.hold(proposal.scope.owner):
        report = engine.ledger.operating.merge(keep.id, other.id, engine.clock())
    engine.projection.apply()
    return proposal.model_copy(update={"status": "accepted", "resolution_id": report.resolution_id})


def _remember(engine: Engine, waiting: Waiting) -> None:
    """Commit the held fact as a person's own statement, with what it does to known memories that still hold."""
    episode, messages = engine.ledger.episode(str(waiting.review.episode_id))
    places = {message.id: index for index, message in enumerate(messages)}
    place = places[str(waiting.review.message_id)]
    draft = Draft(facts=(waiting.draft.model_copy(update={"message": place}),))
    vouched = tuple(m.model_copy(update={"trust": ACCEPTED}) for m in messages)
    vectors = Texts.of(NO_MESSAGES, draft).embed(engine)
    committed = False
    with engine.locks.hold(episode.scope.owner):
        # Another process may decide about the same owner meanwhile; then this is planned anew, on what it left.
        while not committed:
            after = engine.ledger.latest(episode.scope.owner)
            plan = _plan(engine, waiting, episode, vouched, draft, vectors)
            items = vector_items(NO_MESSAGES, plan, vectors, episode.scope)
            committed = engine.ledger.operating.accept(waiting.review.id, plan, items, after=after)


def _plan(
    engine: Engine,
    waiting: Waiting,
    episode: Episode,
    vouched: Sequence[MessageRecord],
    draft: Draft,
    vectors: Vectors,
) -> Plan:
    scope = episode.scope
    known = engine.ledger.entities(scope.owner, linking.keys(linking.names(draft)))
    linked = linking.link(draft, known, {}, owner=scope.owner, episode_id=waiting.review.id, messages=vouched)
    candidates, verdicts = _still(engine, waiting)
    since, more = _since(engine, scope, linked, vectors, {candidate.memory.id for candidate in candidates})
    candidates, verdicts = (*candidates, *since), (*verdicts, *more)
    plan = resolution.plan(
        linked, [candidates], verdicts, scope=scope, at=engine.clock(), episode_id=episode.id, messages=vouched
    )
    # The episode has its outcome already, that of the add.
    return plan.model_copy(update={"episode_id": None})


def _still(engine: Engine, waiting: Waiting) -> tuple[tuple[Candidate, ...], tuple[Verdict, ...]]:
    """What the fact would change, as far as it is there and has not ended meanwhile."""
    known = engine.ledger.known([verdict.memory_id for verdict in waiting.verdicts])
    standing = {i: k for i, k in known.items() if k.memory.retired_at is None}
    candidates = tuple(Candidate(memory=k.memory, triples=k.triples, names=k.names) for k in standing.values())
    kept = [v.model_copy(update={"fact": 0}) for v in waiting.verdicts if v.memory_id in standing]
    return candidates, tuple(kept)


def _since(
    engine: Engine, scope: Scope, linked: linking.Linked, vectors: Vectors, known: Collection[str]
) -> tuple[tuple[Candidate, ...], tuple[Verdict, ...]]:
    """What the fact says again, takes the place of by rule, or what has taken its place, since it was held."""
    (near,) = consider.candidates(engine, scope, linked.facts, vectors)
    rules = resolution.Settings(cardinality=engine.settings.cardinality)
    found = {v.memory_id: v for v in _judged(linked.facts[0], near, rules) if v.action != "keep"}
    found |= _outranked(linked.facts[0], near, rules)
    found = {memory_id: verdict for memory_id, verdict in found.items() if memory_id not in known}
    return tuple(c for c in near if c.memory.id in found), tuple(found.values())


def _vouched(candidate: Candidate) -> bool:
    """Whether a memory is trusted as much as what a person accepts."""
    return resolution.rank(candidate.memory.trust) >= resolution.rank(ACCEPTED)


def _judged(fact: LinkedFact, near: Sequence[Candidate], rules: resolution.Settings) -> tuple[Verdict, ...]:
    """What the rules say of the fact; what only a less trusted source says too is no word of a person's."""
    vouched = {candidate.memory.id for candidate in near if _vouched(candidate)}
    while True:
        found = resolution.judge([fact], [near], rules, trust=[ACCEPTED]).verdicts
        alone = {v.memory_id for v in found if v.action in {"same", "revise"}} - vouched
        if not alone:
            return found
        near = [candidate for candidate in near if candidate.memory.id not in alone]


def _outranked(fact: LinkedFact, near: Sequence[Candidate], rules: resolution.Settings) -> dict[str, Verdict]:
    """What less trusted sources have said since, and would not have been believed beside the fact."""
    found: dict[str, Verdict] = {}
    for candidate in near:
        memory = candidate.memory
        begun = memory.valid_from or memory.recorded_at
        over = memory.valid_to is not None or (fact.valid_to is not None and fact.valid_to <= begun)
        if over or begun <= fact.valid_from or _vouched(candidate):
            continue
        # As if it were said then: the rules look at what came before.
        said = fact.model_copy(update={"valid_from": begun})
        verdicts = resolution.judge([said], [[candidate]], rules, trust=[ACCEPTED]).verdicts
        found |= {v.memory_id: v for v in verdicts if v.action == "supersede"}
    return found
