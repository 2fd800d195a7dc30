"""From a question to hits: lists, priors, a bounded walk, one ranking. No chat model; one embedding call.

Facts and messages are ranked together. A message and the facts derived from it say the same, so they share their
signals: the message counts what its facts have in the lists of facts, and a fact what its messages have in the lists
of messages. The better of them keeps its place, and what repeats evidence already shown is set back
(`Recipe.repeat`), so that the first k hits cover as many messages as k messages would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from graphmem.errors import InputError, ModelError, StoreError
from graphmem.flows.explain import reasons
from graphmem.flows.lists import Lists, Reader, Vector, gather
from graphmem.flows.ranking import Query, Ranked, Stores, rank
from graphmem.ledger.contracts import Ledger
from graphmem.models.contracts import Embedder
from graphmem.steps import fusion
from graphmem.steps.filters import Condition
from graphmem.steps.fusion import Recipe
from graphmem.steps.relation_types import asked, cardinality
from graphmem.steps.resolution.plan import of_message
from graphmem.stores.contracts import GraphStore, VectorStore
from graphmem.values import (
    Evidence,
    Hit,
    Memory,
    MessageRecord,
    Node,
    Relation,
    Scope,
    SearchResult,
    Source,
    Usage,
    When,
    Why,
)

Rerank = Callable[[str, Sequence[Hit]], Sequence[Hit]]
Rewrite = Callable[[str], Sequence[str]]

RERANKED = 30
"""Hits that a rerank hook sees, at least."""
MOST_RELATIONS = 20
SPENT = 0.3
"""Factor on a message whose facts have all ended."""
ONE_VALUE, MANY_VALUES = 1.0, 0.3
"""Added to the score of a fact whose relation is asked for: by whether it has one value at a time, or many."""
MOST_ANSWERS = 10
SURE = 0.5
"""Cosine of the nearest item from which on the best hit scores 1; below it all scores shrink alike."""


def search(
    question: str,
    scope: Scope,
    when: When,
    *,
    ledger: Ledger,
    embedder: Embedder | None,
    graph: GraphStore | None = None,
    vectors: VectorStore | None = None,
    k: int = 10,
    condition: Condition | None = None,
    include: Collection[str] = ("facts", "messages"),
    min_score: float | None = None,
    explain: bool = False,
    relations: bool = True,
    rerank: Rerank | None = None,
    rewrite: Rewrite | None = None,
    recipe: Recipe | None = None,
) -> SearchResult:
    """The k best facts and messages for a question.

    `recipe` None chooses: `CHAT` where messages follow one another, `DOCUMENTS` where none does. Scores are in
    [0, 1] and fall with the rank. `rewrite` gives more questions that are searched along (in the same embedding
    call); `rerank` reorders the best 30. A part that fails is named in `degraded`, and the rest answers.
    """
    began = time.perf_counter()
    stores = Stores(ledger, graph, vectors, embedder)
    query = Query(question, scope, when, _sources(include), condition)
    texts = tuple(dict.fromkeys((question, *(rewrite(question) if rewrite else ()))))
    embedded, degraded = _embed(embedder, texts)
    read = time.perf_counter()
    with ledger.snapshot():
        lists, lost = _lists(stores, query, texts, embedded, recipe)
        ranked, failed = rank(stores, query, lists, recipe)
        best = _chosen(stores, query, ranked)[: max(k, RERANKED) if rerank else k]
        hits = _hits(ledger, best, _strength(lists), reasons(stores, ranked, best) if explain else {})
    if rerank:
        hits = _reranked(hits, rerank(question, hits))[:k]
    if min_score is not None:
        hits = tuple(hit for hit in hits if hit.score >= min_score)
    with ledger.snapshot():
        around, broken = _relations(stores, query, ranked, hits) if relations else ((), ())
    searched = (time.perf_counter() - read) * 1e3
    return SearchResult(
        hits=hits,
        relations=around,
        degraded=tuple(sorted({*degraded, *lost, *failed, *broken})),
        usage=Usage(
            embedding_calls=1 if embedder else 0, milliseconds={"embed": (read - began) * 1e3, "search": searched}
        ),
    )


def _sources(include: Collection[str]) -> frozenset[Source]:
    known: Mapping[str, Source] = {"fact": "fact", "facts": "fact", "message": "message", "messages": "message"}
    if not include or set(include) - known.keys():
        raise InputError("include", f"cannot be {include!r}.", advice="Give 'facts', 'messages' or both.")
    return frozenset(known[name] for name in include)


def _embed(embedder: Embedder | None, texts: Sequence[str]) -> tuple[Sequence[Vector | None], tuple[str, ...]]:
    if embedder is None:
        return [None] * len(texts), ()
    try:
        return list(embedder.embed(texts)), ()
    except ModelError:
        return [None] * len(texts), ("embedder",)


def _lists(
    stores: Stores, query: Query, texts: Sequence[str], embedded: Sequence[Vector | None], recipe: Recipe | None
) -> tuple[list[Lists], set[str]]:
    """The lists of each wording of the question, and what failed."""
    allowed: dict[Source, set[str]] | None = None
    if query.condition is not None:
        sources: tuple[Source, ...] = ("fact", "message")
        allowed = {s: stores.ledger.select(query.scope, query.when, query.condition, s) for s in sources}
    reader = Reader(stores.ledger, stores.vectors, query.scope, query.when)
    names = (recipe or fusion.CHAT).lists
    gathered = [gather(reader, names, text, vector, allowed) for text, vector in zip(texts, embedded, strict=True)]
    return [g.lists for g in gathered], {part for g in gathered for part in g.degraded}


def _chosen(stores: Stores, query: Query, ranked: Ranked) -> list[tuple[Node, float]]:
    """What may be shown, best first: what the graph answers comes first, what only tells of the past is set back."""
    order = [(node, score) for node, score in ranked.order if node.kind in query.include]
    answers, standing = _answers(stores, query, ranked), _standing(stores.ledger, query, order)
    if not order or not (answers or standing):
        return order
    moved = [(n, answers.get(n.id, 0.0) + s * standing.get(n.id, 1.0)) for n, s in order]
    most = max(score for _, score in moved)
    return sorted(((n, s / max(most, 1.0)) for n, s in moved), key=lambda item: -item[1])


def _answers(stores: Stores, query: Query, ranked: Ranked) -> dict[str, float]:
    """Facts behind the relations that the question asks for by its words, of the entities that it names."""
    kinds = asked(query.text) if ranked.named and stores.graph is not None else frozenset()
    if not kinds or stores.graph is None:
        return {}
    try:
        found = stores.graph.relations(
            query.scope, query.when, entity_ids=sorted(ranked.named), types=sorted(kinds), limit=MOST_ANSWERS
        )
    except StoreError:
        return {}
    lift = {relation: ONE_VALUE if cardinality(relation) == "one" else MANY_VALUES for relation in kinds}
    return {memory: lift[r.type] for r in found if r.source.id in ranked.named for memory in r.memory_ids}


def _standing(ledger: Ledger, query: Query, order: Sequence[tuple[Node, float]]) -> dict[str, float]:
    """Factors on messages of which facts have ended, down to `SPENT` where all have."""
    said = [node.id for node, _ in order if node.kind == "message"]
    resting = ledger.derived(said) if said and not query.when.everything else {}
    facts = sorted({fact for found in resting.values() for fact in found})
    live = ledger.visible(facts, query.scope, query.when, "fact") if facts else set()
    shares = {message: sum(fact in live for fact in found) / len(found) for message, found in resting.items()}
    return {message: SPENT + (1 - SPENT) * share for message, share in shares.items() if share < 1}


def _strength(lists: Sequence[Lists]) -> float:
    """What the best hit is worth: how near the nearest item is, in [0, 1]; 1 when nothing was embedded."""
    best = [near[0].score for found in lists for name, near in found.items() if name.startswith("dense") and near]
    return min(1.0, max(0.0, *best) / SURE) if best else 1.0


class _Shown(NamedTuple):
    """The winners, whole."""

    messages: Mapping[str, MessageRecord]
    memories: Mapping[str, Memory]
    evidence: Mapping[str, tuple[Evidence, ...]]


def _hits(
    ledger: Ledger, best: Sequence[tuple[Node, float]], strength: float, why: Mapping[Node, Why]
) -> tuple[Hit, ...]:
    facts = [node.id for node, _ in best if node.kind == "fact"]
    messages = ledger.messages([node.id for node, _ in best if node.kind == "message"])
    shown = _Shown(messages, ledger.memories(facts), ledger.evidence(facts))
    return tuple(_hit(shown, node, min(1.0, score * strength), why.get(node)) for node, score in best)


def _hit(shown: _Shown, node: Node, score: float, why: Why | None) -> Hit:
    if node.kind == "message":
        said = shown.messages[node.id]
        own = Evidence(episode_id=said.episode_id, message_id=said.id, message_index=said.position)
        return Hit(
            id=said.id, text=said.content, score=score, source="message", recorded_at=said.timestamp,
            valid_from=said.timestamp, metadata=said.metadata, scope=said.scope, speaker=said.speaker,
            trust=of_message(said), evidence=(own,), why=why,
        )  # fmt: skip
    memory = shown.memories[node.id]
    return Hit(
        id=memory.id, text=memory.text, score=score, source="fact", valid_from=memory.valid_from,
        valid_to=memory.valid_to, recorded_at=memory.recorded_at, metadata=memory.metadata, scope=memory.scope,
        speaker=memory.speaker, trust=memory.trust, kind=memory.kind, evidence=shown.evidence.get(memory.id, ()),
        why=why,
    )  # fmt: skip


def _reranked(hits: Sequence[Hit], preferred: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hook's order first, then what it left out; the scores stay in place, so they still fall with the rank."""
    known = {hit.id: hit for hit in hits}
    order = [known.pop(hit.id) for hit in preferred if hit.id in known]
    order += known.values()
    return tuple(hit.model_copy(update={"score": was.score}) for hit, was in zip(order, hits, strict=True))


def _relations(
    stores: Stores, query: Query, ranked: Ranked, hits: Sequence[Hit]
) -> tuple[tuple[Relation, ...], tuple[str, ...]]:
    """Relations that the hits support, then the newest of the question's entities."""
    if stores.graph is None:
        return (), ()
    facts = [hit.id for hit in hits if hit.source == "fact"]
    found = {r.id: r for r in stores.ledger.relations_by_memory(facts, query.scope, query.when)} if facts else {}
    if len(found) < MOST_RELATIONS // 2 and ranked.named:
        named = sorted(ranked.named)
        try:
            around = stores.graph.relations(query.scope, query.when, entity_ids=named, limit=MOST_RELATIONS)
        except StoreError:
            return tuple(found.values()), ("graph",)
        found |= {r.id: r for r in around if r.id not in found}
    return tuple(found.values())[:MOST_RELATIONS], ()
