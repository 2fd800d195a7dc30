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
    derived_from: float = 1.0
    relates: float = 3.0
    same_as: float = 0.8
    damping: float = 0.85
    epsilon: float = 1e-3
    rounds: int = 4
    nodes: int = 500
    fan: int = 64


class Walk:
    """The state of one walk: `frontier` says whose edges to fetch, `extend` takes them and pushes on."""

    def __init__(self, seeds: Mapping[Node, float], items: int, recipe: WalkRecipe | None = None) -> None:
        """Start with the mass of `seeds`, scaled to sum 1; `items` counts the facts and messages in the scope."""
        self.recipe = recipe or WalkRecipe()
        self.items = max(items, 1)
        total = sum(seeds.values())
        self.scores: dict[Node, float] = {}
        self.edges: dict[Node, tuple[Edge, ...]] = {}
        """Edges by source, of the nodes fetched so far."""
        self._waiting = {node: mass / total for node, mass in seeds.items() if mass > 0}
        self._shares: dict[Node, tuple[tuple[Node, float], ...]] = {}
        self._rounds = 0

    def frontier(self) -> tuple[Node, ...]:
        """Nodes whose edges are needed next, most mass first; empty when the walk is over."""
        room = self.recipe.nodes - len(self._shares)
        if self._rounds >= self.recipe.rounds or room <= 0:
            return ()
        epsilon = self.recipe.epsilon
        wanted = [
            (-mass, n.kind, n.id, n) for n, mass in self._waiting.items() if mass >= epsilon and n not in self._shares
        ]
        return tuple(node for *_, node in sorted(wanted)[:room])

    def extend(self, asked: Sequence[Node], edges: Iterable[Edge]) -> None:
        """Take the edges of the nodes asked for, and push until all that waits is light or at an unknown node."""
        self._rounds += 1
        fetched: dict[Node, list[Edge]] = {node: [] for node in asked}
        for edge in edges:
            if edge.source in fetched:
                fetched[edge.source].append(edge)
        for node, found in fetched.items():
            self.edges[node] = tuple(found)
            self._shares[node] = self._share(found)
        self._push()

    def _share(self, edges: Sequence[Edge]) -> tuple[tuple[Node, float], ...]:
        weights: dict[Node, float] = {}
        for edge in edges:
            weights[edge.target] = weights.get(edge.target, 0.0) + weight(edge, self.recipe, self.items)
        total = sum(weights.values())
        return tuple((node, part / total) for node, part in weights.items()) if total > 0 else ()

    def _push(self) -> None:
        """Push in rounds over the heavy nodes; their order within a round moves the result by less than epsilon."""
        damping, epsilon = self.recipe.damping, self.recipe.epsilon
        waiting, scores, shares = self._waiting, self.scores, self._shares
        heavy = [node for node, mass in waiting.items() if mass >= epsilon and node in shares]
        while heavy:
            for node in heavy:
                mass = waiting.pop(node, 0.0)
                scores[node] = scores.get(node, 0.0) + (1 - damping) * mass
                for target, part in shares[node]:
                    waiting[target] = waiting.get(target, 0.0) + damping * mass * part
            heavy = [node for node, mass in waiting.items() if mass >= epsilon and node in shares]

    def ranking(self) -> dict[Node, float]:
        """PageRank of every node reached; what still waits counts for the node it waits at."""
        result = dict(self.scores)
        for node, mass in self._waiting.items():
            result[node] = result.get(node, 0.0) + (1 - self.recipe.damping) * mass
        return result


def weight(edge: Edge, recipe: WalkRecipe, items: int) -> float:
    """How much of a node's mass this edge draws, relative to its other edges."""
    if edge.kind == "mentions":
        return recipe.mentions * rarity(edge.degree, items) * edge.strength
    return {
        "next": recipe.next,
        "derived_from": recipe.derived_from,
        "relates": recipe.relates,
        "same_as": recipe.same_as,
    }[edge.kind] * edge.strength


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
