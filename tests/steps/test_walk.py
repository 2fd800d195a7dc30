"""The walk: PageRank by push, in rounds, over a graph that is fetched as it goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphmem.steps.walk import Walk, WalkRecipe, mix, rarity, route, weight
from graphmem.stores.contracts import Edge
from graphmem.values import Node


def message(name):
    return Node(kind="message", id=str(name))


def entity(name):
    return Node(kind="entity", id=str(name))


def both(one, other, kind="next", degree=0):
    return [Edge(one, other, kind, 1.0, degree), Edge(other, one, kind, 1.0, degree)]


class Graph:
    """Edges in memory, counting how often they are asked for."""

    def __init__(self, *edges):
        self.edges = [edge for pair in edges for edge in pair]
        self.fetches = 0
        self.asked = []

    def walk(self, seeds, recipe=None, items=100):
        walk = Walk(seeds, items, recipe)
        while wanted := walk.frontier():
            self.fetches += 1
            self.asked += wanted
            walk.extend(wanted, [edge for edge in self.edges if edge.source in set(wanted)])
        return walk


def chain(length):
    return Graph(*(both(message(n), message(n + 1)) for n in range(length)))


def iterated(graph, seeds, recipe, rounds=200):
    """PageRank by plain iteration, for comparison."""
    nodes = {n for e in graph.edges for n in (e.source, e.target)} | set(seeds)
    out = {n: [(e.target, weight(e, recipe, 100)) for e in graph.edges if e.source == n] for n in nodes}
    scores = dict(seeds)
    for _ in range(rounds):
        spread = {n: (1 - recipe.damping) * seeds.get(n, 0.0) for n in nodes}
        for node, edges in out.items():
            total = sum(w for _, w in edges)
            for target, w in edges:
                spread[target] += recipe.damping * scores.get(node, 0.0) * w / total
        scores = spread
    return scores


def test_without_bounds_the_push_is_pagerank():
    """With a small epsilon and enough rounds it equals the iteration."""
    recipe = WalkRecipe(epsilon=1e-9, rounds=50)
    graph = Graph(
        both(message(1), message(2)),
        both(message(2), message(3)),
        both(message(1), entity("rome"), "mentions", 2),
        both(message(3), entity("rome"), "mentions", 2),
    )
    seeds = {message(1): 0.75, message(2): 0.25}

    found = graph.walk(seeds, recipe).ranking()

    assert iterated(graph, seeds, recipe) == pytest.approx({n: found.get(n, 0.0) for n in found}, abs=1e-6)


def test_neighbours_of_a_seed_are_reached():
    """Nearer nodes have more."""
    found = chain(6).walk({message(0): 1.0}).ranking()

    assert found[message(1)] > found[message(2)] > found[message(3)] > 0


def test_the_walk_asks_at_most_four_times():
    """After that it goes on over what it has."""
    graph = chain(40)
    graph.walk({message(0): 1.0})

    assert 4 == graph.fetches


def test_the_walk_asks_for_a_bounded_number_of_nodes():
    """However many seeds there are."""
    graph = chain(50)
    graph.walk({message(n): 1.0 for n in range(50)}, WalkRecipe(nodes=10))

    assert 10 == len(graph.asked)
    assert len(set(graph.asked)) == len(graph.asked)


def test_a_hub_is_not_expanded():
    """An entity that everything names is reached, and not asked for."""
    hub = entity("everybody")
    graph = Graph(both(message(1), hub, "mentions", 5000), both(message(1), message(2)))
    graph.walk({message(1): 1.0}, WalkRecipe(mentions=1.0))

    assert hub not in graph.asked


def test_a_rare_entity_weighs_more():
    """Inverse document frequency, never below the weight of an entity in every item."""
    rare, common = (weight(Edge(message(1), entity("e"), "mentions", 1.0, d), WalkRecipe(), 100) for d in (1, 90))

    assert rare > common > 0
    assert rarity(0, 10) == rarity(1, 10)


def test_words_and_facts_can_be_left_out():
    """With their factors at 0 a walk leads over names and relations alone."""
    recipe = WalkRecipe(weak=0.0, facts=0.0, derived_from=0.0)
    named = Edge(message(1), entity("e"), "mentions", 1.0, 2)
    fact = Node(kind="fact", id="f")
    left_out = [
        named._replace(weak=True),
        Edge(fact, entity("e"), "mentions", 1.0, 2),
        Edge(entity("e"), fact, "mentions", 1.0, 2),
        Edge(message(1), fact, "derived_from", 1.0, 0),
    ]

    assert weight(named, recipe, 100) > 0
    assert [0.0] * 4 == [weight(edge, recipe, 100) for edge in left_out]
    assert all(weight(edge, WalkRecipe(), 100) > 0 for edge in left_out)


def test_an_edge_without_weight_leads_nowhere():
    """What is left out is not reached, not even with nothing."""
    graph = Graph(both(message(1), message(2)), both(message(1), Node(kind="fact", id="f"), "derived_from"))

    found = graph.walk({message(1): 1.0}, WalkRecipe(derived_from=0.0)).ranking()

    assert {message(1), message(2)} == found.keys()


def test_seeds_are_mixed_by_mass():
    """Each group gets its mass, whatever its scale; a node of two groups gets both."""
    seeds = mix(({message(1): 3.0, message(2): 1.0}, 0.8), ({entity("a"): 9.0, message(1): 9.0}, 0.2))

    assert {message(1): 0.7, message(2): 0.2, entity("a"): 0.1} == pytest.approx(seeds)
    assert {} == mix(({}, 1.0))


def test_nothing_to_walk_from_is_no_walk():
    """No seeds, no fetch, no scores."""
    graph = chain(3)

    assert {} == graph.walk({}).ranking()
    assert 0 == graph.fetches


def test_a_route_is_a_shortest_way():
    """From an entity of the question to a hit, edge by edge."""
    edges = graph_edges(both(entity("ann"), message(1), "mentions"), both(message(1), message(2)))

    way = route(edges, [entity("ann")], message(2))

    assert [entity("ann"), message(1)] == [edge.source for edge in way]
    assert message(2) == way[-1].target
    assert () == route(edges, [entity("bob")], message(2))
    assert () == route(edges, [entity("ann")], entity("ann"))


def graph_edges(*pairs):
    found = {}
    for edge in (edge for pair in pairs for edge in pair):
        found.setdefault(edge.source, []).append(edge)
    return found


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30), st.integers(1, 4))
def test_no_mass_is_made(pairs, rounds):
    """On any graph the scores are positive and sum to at most 1."""
    graph = Graph(*(both(message(a), message(b)) for a, b in pairs if a != b))

    found = graph.walk({message(0): 1.0, message(1): 2.0}, WalkRecipe(rounds=rounds)).ranking()

    assert all(score >= 0 for score in found.values())
    assert sum(found.values()) <= 1.0 + 1e-9
