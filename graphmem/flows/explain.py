"""Why a hit is where it is: its signals, and the way through the graph from an entity of the question, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphmem.flows.ranking import Ranked, Stores
from graphmem.steps.walk import route
from graphmem.stores.contracts import Edge
from graphmem.values import Node, Step, Why

_WORDS = {
    "next": "next to",
    "mentions": "named in",
    "derived_from": "said in",
    "relates": "related to",
    "same_as": "same as",
}
_BACK = {"mentions": "names", "derived_from": "source of"}
QUOTED = 80
"""Characters of a message or fact that a step quotes."""


def reasons(stores: Stores, ranked: Ranked, best: Sequence[tuple[Node, float]]) -> dict[Node, Why]:
    """Signals of every hit, and a route to each that the walk can reach from the question's entities."""
    edges = ranked.walk.edges if ranked.walk else {}
    routes = {node: route(edges, sorted(ranked.starts, key=lambda n: n.id), node) for node, _ in best}
    names = _names(stores, ranked, {node for way in routes.values() for e in way for node in (e.source, e.target)})
    return {
        node: Why(signals=ranked.pool.signals[node], route=tuple(_step(edge, names) for edge in routes[node]))
        for node, _ in best
    }


def _names(stores: Stores, ranked: Ranked, nodes: set[Node]) -> dict[Node, str]:
    ids = {kind: sorted(n.id for n in nodes if n.kind == kind) for kind in ("entity", "fact", "message")}
    known = ranked.pool.messages.keys(), ranked.pool.memories.keys()
    messages = {
        **ranked.pool.messages,
        **stores.ledger.message_outlines([i for i in ids["message"] if i not in known[0]]),
    }
    memories = {**ranked.pool.memories, **stores.ledger.fact_outlines([i for i in ids["fact"] if i not in known[1]])}
    names = {Node(kind="entity", id=i): e.name for i, e in stores.ledger.entities_by_id(ids["entity"]).items()}
    names |= {n: f"{messages[n.id].speaker}: {_cut(messages[n.id].content)}" for n in nodes if n.id in messages}
    names |= {n: _cut(memories[n.id].text) for n in nodes if n.id in memories}
    return names


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1] + "…"


def _step(edge: Edge, names: Mapping[Node, str]) -> Step:
    facts = tuple(node.id for node in (edge.source, edge.target) if node.kind == "fact")
    backwards = edge.kind in _BACK and edge.source.kind != "entity" and edge.target.kind != "message"
    return Step(
        source=names.get(edge.source, edge.source.id),
        type=(_BACK if backwards else _WORDS)[edge.kind],
        target=names.get(edge.target, edge.target.id),
        memory_ids=facts,
    )
