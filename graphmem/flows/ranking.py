"""Candidates with their signals, the walk over the graph around them, and the one ranking that comes of both."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from graphmem.errors import StoreError
from graphmem.flows.lists import Lists
from graphmem.ledger.contracts import Ledger
from graphmem.models.contracts import Embedder
from graphmem.steps import fusion, signals
from graphmem.steps.filters import Condition
from graphmem.steps.fusion import Recipe
from graphmem.steps.linking import key
from graphmem.steps.question import Question, parse
from graphmem.steps.signals import FactOutline, MessageOutline, Signals
from graphmem.steps.walk import Walk, mix, rarity
from graphmem.stores.contracts import GraphStore, VectorStore
from graphmem.values import Node, Scope, Source, When

TRIPLES = 3
"""Facts with relations whose entities seed the walk."""
TRIPLES_SEEN = 30
"""Nearest facts among which those are looked for."""
PASSAGE = 40
"""Words from which on a message that stands alone is taken for a passage of a document."""
LED = 0.99
"""What the fact nearest to the question has of its passage's mass."""


class Stores(NamedTuple):
    """What a search reads."""

    ledger: Ledger
    graph: GraphStore | None
    vectors: VectorStore | None
    embedder: Embedder | None


class Query(NamedTuple):
    """What a search was asked."""

    text: str
    scope: Scope
    when: When
    include: frozenset[Source]
    condition: Condition | None


class Pool(NamedTuple):
    """The candidates with everything that the ranking looks at."""

    messages: Mapping[str, MessageOutline]
    memories: Mapping[str, FactOutline]
    signals: dict[Node, Signals]
    sources: Mapping[Node, tuple[str, ...]]
    """Ids of the messages that a candidate rests on; a message rests on itself."""
    standing: frozenset[str]
    """Facts that stand for their messages."""


class Ranked(NamedTuple):
    """The ranking, with what explains it."""

    pool: Pool
    order: Sequence[tuple[Node, float]]
    starts: frozenset[Node]
    """Entities of the question."""
    named: frozenset[str]
    """Ids of those entities that are no mere noun phrases."""
    walk: Walk | None


def rank(stores: Stores, query: Query, lists: Sequence[Lists], recipe: Recipe | None) -> tuple[Ranked, tuple[str, ...]]:
    """Rank everything the lists name (one set of lists a wording of the question), and say what failed."""
    question = parse(query.text)
    pool = _pool(stores.ledger, query, question, lists)
    related = recipe.triple_mass > 0 if recipe else _passages(pool)
    relating = _relating(stores.ledger, pool, lists) if related else {}
    recipe = recipe or (fusion.DOCUMENTS if relating else fusion.CHAT)
    base = _base(pool, recipe)
    linked, named = _entities(stores.ledger, query.scope, question) if recipe.walks else ({}, frozenset[str]())
    walk: Walk | None = None
    failed: tuple[str, ...] = ()
    if recipe.walks and stores.graph is not None and base:
        items = max(stores.ledger.vector_count("turn", query.scope), len(base))
        asked = linked if recipe.graph.weak else {node: n for node, n in linked.items() if node.id in named}
        idf = {node: rarity(degree, items) for node, degree in asked.items()}
        walk = Walk(_seeds(pool, base, idf, relating, recipe), items, recipe.graph)
        failed = _fetch(walk, stores.graph, query)
        if recipe.discovered and "message" in query.include:
            pool = _widened(stores.ledger, query, question, pool, walk, recipe.discovered)
            base = dict.fromkeys(pool.signals, 0.0) | base
    reached = _reached(pool, walk, recipe) if walk else {}
    for node, mass in reached.items():
        pool.signals[node]["walk"] = mass
    scores = {n: score for n, score in fusion.combine(base, reached, recipe).items() if n.kind in query.include}
    order = fusion.order(scores, pool.sources, recipe.repeat)
    return Ranked(pool, order, frozenset(linked), named, walk), failed


def _pool(ledger: Ledger, query: Query, question: Question, lists: Sequence[Lists]) -> Pool:
    of_messages, of_facts = _gather(lists)
    memories = ledger.fact_outlines(sorted(of_facts))
    sources_ = ledger.sources(sorted(memories))
    cited = {fact: sources_.get(fact, ()) for fact in memories}
    behind = {message for ids in cited.values() for message in ids} - of_messages.keys()
    if behind:
        for message in _allowed(ledger, query, behind):
            of_messages[message] = {}
    messages = ledger.message_outlines(sorted(of_messages))
    participants = dict.fromkeys(filter(None, (query.scope.user_id, *sorted({m.speaker for m in messages.values()}))))
    asked = signals.asked_about(question, participants)
    said = {i: of_messages[i] | signals.of_message(m, question, asked) for i, m in messages.items()}
    known = {i: of_facts[i] | signals.of_fact(m, question, asked, query.when.now) for i, m in memories.items()}
    standing = signals.share(said, known, cited)
    both = {Node(kind="message", id=i): s for i, s in said.items()}
    sources: dict[Node, tuple[str, ...]] = {node: (node.id,) for node in both}
    both |= {Node(kind="fact", id=i): s for i, s in known.items()}
    sources |= {Node(kind="fact", id=i): ids for i, ids in cited.items()}
    return Pool(messages, memories, both, sources, frozenset(standing))


def _gather(lists: Sequence[Lists]) -> tuple[dict[str, Signals], dict[str, Signals]]:
    """Signals of messages and facts; of several wordings of a question each item keeps the best."""
    messages, facts = signals.gather(lists[0])
    for more in lists[1:]:
        for mine, other in zip((messages, facts), signals.gather(more), strict=True):
            for item, found in other.items():
                signals.strengthen(mine.setdefault(item, {}), found, tuple(found))
    return messages, facts


def _allowed(ledger: Ledger, query: Query, messages: set[str]) -> set[str]:
    if query.condition is not None:
        return messages & ledger.select(query.scope, query.when, query.condition, "message")
    return ledger.visible(sorted(messages), query.scope, query.when, "message")


def _passages(pool: Pool) -> bool:
    """The candidates are texts of some length that each stand alone."""
    if not pool.messages or any(m.previous_id or m.next_id for m in pool.messages.values()):
        return False
    return median(len(m.content.split()) for m in pool.messages.values()) >= PASSAGE


def _relating(ledger: Ledger, pool: Pool, lists: Sequence[Lists]) -> dict[str, tuple[float, frozenset[str]]]:
    """The nearest facts, if any of them has relations: their cosine and the entities that they relate."""
    near: dict[str, float] = {}
    for found in lists:
        for item, cosine in found.get("dense_fact", ()):
            if item in pool.memories:
                near[item] = max(cosine, near.get(item, cosine))
    nearest = sorted(near, key=lambda fact: (-near[fact], fact))[:TRIPLES_SEEN]
    known = ledger.known(nearest) if nearest else {}
    ends = {fact: frozenset(e for t in k.triples for e in (t.source_id, t.target_id)) for fact, k in known.items()}
    return {fact: (near[fact], entities) for fact, entities in ends.items()} if any(ends.values()) else {}


def _base(pool: Pool, recipe: Recipe) -> dict[Node, float]:
    base = fusion.weighted(pool.signals, recipe)
    if recipe.session:
        sessions = _sessions(pool)
        for node, mean in fusion.session_means(base, sessions).items():
            pool.signals[node]["session"] = mean
            base[node] += recipe.session * mean
    return base


def _sessions(pool: Pool) -> dict[Node, Hashable]:
    """A session is one day of one conversation; a fact belongs to that of its first message."""
    sessions: dict[Node, Hashable] = {}
    for node, ids in pool.sources.items():
        message = pool.messages.get(ids[0]) if ids else None
        if message is not None:
            sessions[node] = (message.conversation, message.timestamp.date())
    return sessions


def _entities(ledger: Ledger, scope: Scope, question: Question) -> tuple[dict[Node, int], frozenset[str]]:
    """Entities that the question names, with how many items name each."""
    keys = tuple(dict.fromkeys(key(gram) for gram in question.grams))
    found = {e.id: e for entities in ledger.entities(scope.owner, keys).values() for e in entities} if keys else {}
    degrees = ledger.mention_counts(sorted(found)) if found else {}
    linked = {Node(kind="entity", id=i): degrees.get(i, 1) for i in found}
    return linked, frozenset(i for i, entity in found.items() if not entity.weak)


def _seeds(
    pool: Pool,
    base: Mapping[Node, float],
    idf: Mapping[Node, float],
    relating: Mapping[str, tuple[float, frozenset[str]]],
    recipe: Recipe,
) -> dict[Node, float]:
    flat = fusion.norm({node: score for node, score in base.items() if node.kind == "message" or not pool.messages})
    best = dict(sorted(flat.items(), key=lambda item: (-item[1], item[0].id))[: recipe.seeds])
    phrases, share = _related(pool, flat, relating, recipe)
    triples = recipe.triple_mass * share
    return mix((best, 1.0 - triples - recipe.entity_mass), (phrases, triples), (idf, recipe.entity_mass))


def _related(
    pool: Pool,
    flat: Mapping[Node, float],
    relating: Mapping[str, tuple[float, frozenset[str]]],
    recipe: Recipe,
) -> tuple[dict[Node, float], float]:
    """Ends of the relations of the best facts, and how many of these have relations, as a share.

    A fact is as good as its cosine and its passage. The best that happen to have relations would lead astray where
    the best of all have none.
    """
    scores: dict[str, float] = {}
    for fact, (cosine, _) in relating.items():
        passages = (flat.get(Node(kind="message", id=i), 0.0) for i in pool.sources[Node(kind="fact", id=fact)])
        scores[fact] = cosine + recipe.triple_base * max(passages, default=0.0)
    ends: dict[Node, float] = {}
    best = sorted(scores, key=lambda fact: (-scores[fact], fact))[:TRIPLES]
    for fact in best:
        for entity in sorted(relating[fact][1]):
            node = Node(kind="entity", id=entity)
            ends[node] = ends.get(node, 0.0) + scores[fact]
    return ends, sum(bool(relating[fact][1]) for fact in best) / TRIPLES


def _fetch(walk: Walk, graph: GraphStore, query: Query) -> tuple[str, ...]:
    try:
        while asked := walk.frontier():
            walk.extend(asked, graph.edges(asked, query.scope, query.when, walk.recipe.fan))
    except StoreError:
        return ("graph",)
    return ()


def _widened(ledger: Ledger, query: Query, question: Question, pool: Pool, walk: Walk, most: int) -> Pool:
    """The pool with what the walk alone found: the end of a chain of passages may share no word with a question."""
    masses = {n.id: mass for n, mass in walk.ranking().items() if n.kind == "message" and n not in pool.signals}
    best = sorted(masses, key=lambda i: (-masses[i], i))[:most]
    found = ledger.message_outlines(sorted(_allowed(ledger, query, set(best)))) if best else {}
    nodes = {Node(kind="message", id=i): m for i, m in found.items()}
    return pool._replace(
        messages={**pool.messages, **found},
        signals=pool.signals | {n: signals.of_message(m, question, None) for n, m in nodes.items()},
        sources={**pool.sources, **{n: (n.id,) for n in nodes}},
    )


def _reached(pool: Pool, walk: Walk, recipe: Recipe) -> dict[Node, float]:
    """Mass of every candidate; a message counts that of its facts, and a fact that stands for it the same.

    Where the walk alone decides, a fact has the mass of its message by the share to which it is near the question,
    and never all of it: the passage leads.
    """
    masses = walk.ranking()
    reached = {node: masses.get(node, 0.0) for node in pool.signals}
    facts = {node: [Node(kind="message", id=i) for i in ids if i in pool.messages]
             for node, ids in pool.sources.items() if node.kind == "fact"}  # fmt: skip
    for fact, behind in facts.items():
        for message in behind:
            reached[message] = max(reached[message], reached[fact])
    for fact, behind in facts.items():
        share = LED * _nearness(pool.signals[fact]) if recipe.walk_alone else float(fact.id in pool.standing)
        reached[fact] = max([reached[fact], *(share * reached[message] for message in behind)])
    return reached


def _nearness(found: Signals) -> float:
    return max(found.get(name, 0.0) for name in signals.OF_FACTS)
