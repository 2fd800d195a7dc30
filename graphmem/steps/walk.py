"""Personalised PageRank by local push, in rounds, over a graph that is fetched as the walk goes.

Andersen, Chung and Lang, "Local Graph Partitioning using PageRank Vectors" (FOCS 2006): mass that waits at a node is
pushed to its neighbours until no node holds more than `epsilon`. Here the adjacency of all waiting nodes is asked for
in one batch a round, at most `rounds` times and for at most `nodes` nodes, so the cost does not depend on the size of
the store; after the last batch the walk goes on over what it has. Against the full iteration the first ten agree
to .98, and recall within a point.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from graphmem.stores.contracts import Edge
from graphmem.values import Node, Value


class WalkRecipe(Value):
    """Weights of the edges and bounds of the walk, as data."""

    next: float = 3.0
    mentions: float = 0.03
    """Times the idf of the entity. At 1 the entities drown the order of the conversation."""
    weak: float = 1.0
    """Factor on the mentions of mere words. 0 where relations lead: between documents they lead anywhere."""
    derived_from: float = 1.0
    facts: float = 1.0
    """Factor on the mentions by facts. With 0 here and for `derived_from` a fact is no node, only its relations are."""
    relates: float = 3.0
    same_as: float = 0.8
    damping: float = 0.85
    epsilon: float = 1e-3
    rounds: int = 4
    nodes: int = 250
    fan: int = 64
    hub: int = 24
    """An entity that more items name is not expanded: it is everywhere, and says little."""


class Walk:
    """The state of one walk: `frontier` says whose edges to fetch, `extend` takes them and pushes on."""

    def __init__(self, seeds: Mapping[Node, float], items: int, recipe: WalkRecipe | None = None) -> None:
        """Start with the mass of `seeds`, scaled to sum 1; `items` counts the facts and messages in the scope."""
        self.recipe = recipe or WalkRecipe()
        self.items = max(items, 1)
        self.edges: dict[Node, tuple[Edge, ...]] = {}
        """Edges by source, of the nodes fetched so far."""
        total = sum(seeds.values())
        self._nodes = {_name(node): node for node in seeds}
        self._waiting = {_name(node): mass / total for node, mass in seeds.items() if mass > 0}
        self._scores: dict[str, float] = {}
        self._shares: dict[str, tuple[tuple[str, float], ...]] = {}
        self._hubs: set[str] = set()
        self._rounds = 0

    def frontier(self) -> tuple[Node, ...]:
        """Nodes whose edges are needed next, most mass first; empty when the walk is over."""
        room = self.recipe.nodes - len(self._shares)
        if self._rounds >= self.recipe.rounds or room <= 0:
            return ()
        known = self._shares.keys() | self._hubs
        wanted = [(-m, name) for name, m in self._waiting.items() if m >= self.recipe.epsilon and name not in known]
        return tuple(self._nodes[name] for _, name in sorted(wanted)[:room])

    def extend(self, asked: Sequence[Node], edges: Iterable[Edge]) -> None:
        """Take the edges of the nodes asked for, and push until all that waits is light or at an unknown node."""
        self._rounds += 1
        fetched: dict[str, list[Edge]] = {_name(node): [] for node in asked}
        for edge in edges:
            mine = fetched.get(_name(edge.source))
            if mine is not None:
                mine.append(edge)
        for node in asked:
            name = _name(node)
            self.edges[node] = tuple(fetched[name])
            self._shares[name] = self._share(fetched[name])
        self._push()

    def _share(self, edges: Sequence[Edge]) -> tuple[tuple[str, float], ...]:
        weights: dict[str, float] = {}
        for edge in edges:
            target = _name(edge.target)
            self._nodes.setdefault(target, edge.target)
            if edge.degree > self.recipe.hub and edge.target.kind == "entity":
                self._hubs.add(target)
            if (drawn := weight(edge, self.recipe, self.items)) > 0:
                weights[target] = weights.get(target, 0.0) + drawn
        total = sum(weights.values())
        return tuple((name, part / total) for name, part in weights.items()) if total > 0 else ()

    def _push(self) -> None:
        """Push in rounds over the heavy nodes; their order within a round moves the result by less than epsilon."""
        damping, epsilon = self.recipe.damping, self.recipe.epsilon
        waiting, scores, shares = self._waiting, self._scores, self._shares
        heavy = [name for name, mass in waiting.items() if mass >= epsilon and name in shares]
        while heavy:
            for name in heavy:
                mass = waiting.pop(name, 0.0)
                scores[name] = scores.get(name, 0.0) + (1 - damping) * mass
                for target, part in shares[name]:
                    waiting[target] = waiting.get(target, 0.0) + damping * mass * part
            heavy = [name for name, mass in waiting.items() if mass >= epsilon and name in shares]

    def ranking(self) -> dict[Node, float]:
        """PageRank of every node reached; what still waits counts for the node it waits at."""
        result = dict(self._scores)
        for name, mass in self._waiting.items():
            result[name] = result.get(name, 0.0) + (1 - self.recipe.damping) * mass
        return {self._nodes[name]: score for name, score in result.items()}


def _name(node: Node) -> str:
    """A key that hashes faster than the node: a walk looks up tens of thousands."""
    return node.kind + node.id


def weight(edge: Edge, recipe: WalkRecipe, items: int) -> float:
    """How much of a node's mass this edge draws, relative to its other edges."""
    if edge.kind == "mentions":
        kept = (recipe.weak if edge.weak else 1.0) * (recipe.facts if "fact" in _kinds(edge) else 1.0)
        return recipe.mentions * kept * rarity(edge.degree, items) * edge.strength
    return {
        "next": recipe.next,
        "derived_from": recipe.derived_from,
        "relates": recipe.relates,
        "same_as": recipe.same_as,
    }[edge.kind] * edge.strength


def _kinds(edge: Edge) -> tuple[str, str]:
    return edge.source.kind, edge.target.kind


def rarity(degree: int, items: int) -> float:
    """Inverse document frequency of an entity: ln(1 + items / degree)."""
    return math.log1p(max(items, degree) / max(degree, 1))


def mix(*groups: tuple[Mapping[Node, float], float]) -> dict[Node, float]:
    """Seeds from groups of weighted nodes: each group gets its mass; the mass of an empty group goes to the others."""
    seeds: dict[Node, float] = {}
    for weights, mass in groups:
        total = sum(weights.values())
        for node, part in weights.items():
            if total > 0 and part > 0:
                seeds[node] = seeds.get(node, 0.0) + mass * part / total
    return seeds


def route(
    edges: Mapping[Node, Sequence[Edge]], starts: Iterable[Node], target: Node, longest: int = 6
) -> tuple[Edge, ...]:
    """A shortest way from one of `starts` to `target` over the edges of a walk; empty when there is none."""
    came: dict[Node, Edge | None] = dict.fromkeys(starts)
    border = list(came)
    for _ in range(longest):
        reached: list[Node] = []
        for node in border:
            for edge in edges.get(node, ()):
                if edge.target not in came:
                    came[edge.target] = edge
                    reached.append(edge.target)
        if target in came or not reached:
            break
        border = reached
    way: list[Edge] = []
    step = came.get(target)
    while step is not None:
        way.append(step)
        step = came[step.source]
    return tuple(reversed(way))
