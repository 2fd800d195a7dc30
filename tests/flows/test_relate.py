"""Relationship queries on a small graph."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest

from graphmem import InputError, Memory, UnknownEntity
from tests.conftest import Clock

FAMILY = "Ann works_at Acme. Bob works_at Acme. Bob lives_in Oslo. Ann lives_in Rome. Bob knows Cem. Cem likes Chess."


@pytest.fixture
def family(graph: Memory) -> Memory:
    """Four people and what connects them."""
    graph.add(FAMILY, user_id="u")
    return graph


def test_direction_and_type_narrow_the_relations(family: Memory) -> None:
    """Out of Bob, into Acme, of one type."""
    assert {"Acme", "Oslo", "Cem"} == {r.target.name for r in family.relations("bob", direction="out", user_id="u")}
    assert {"Ann", "Bob"} == {r.source.name for r in family.relations("ACME", direction="in", user_id="u")}
    assert ["Oslo"] == [r.target.name for r in family.relations("Bob", type="LIVES_IN", user_id="u")]


def test_every_relation_has_its_evidence(family: Memory) -> None:
    """Memory id, sentence and episode come with it."""
    relation = family.relations("Cem", type="likes", user_id="u")[0]
    assert "Cem likes Chess" == relation.fact == family.get(relation.memory_ids[0]).text
    assert 1 == len(relation.episode_ids)


def test_an_unknown_name_suggests_the_nearest(family: Memory) -> None:
    """A typing mistake is answered with the name that was meant."""
    with pytest.raises(UnknownEntity) as caught:
        family.relations("Oslu", user_id="u")
    assert ("Oslo",) == caught.value.suggestions[:1]


def test_paths_are_shortest_first_with_their_relations(family: Memory) -> None:
    """Ann and Chess are joined over Acme, Bob and Cem."""
    path = family.paths("Ann", "Chess", user_id="u")[0]
    assert ["Ann", "Acme", "Bob", "Cem", "Chess"] == [e.name for e in path.entities]
    assert ["works_at", "works_at", "knows", "likes"] == [r.type for r in path.relations]
    assert () == family.paths("Ann", "Chess", max_hops=3, user_id="u")


def test_neighbours_grow_with_depth(family: Memory) -> None:
    """One hop from Cem, then two."""
    near = family.neighbors("Cem", user_id="u")
    wide = family.neighbors("Cem", depth=2, user_id="u")
    assert {"Cem", "Bob", "Chess"} == {e.name for e in near.entities}
    assert {"Cem", "Bob", "Chess", "Acme", "Oslo"} == {e.name for e in wide.entities}


def test_common_is_what_both_touch(family: Memory) -> None:
    """Ann and Bob share their employer."""
    assert ["Acme"] == [e.name for e in family.common("Ann", "Bob", user_id="u")]


def test_match_joins_patterns(family: Memory) -> None:
    """Who works at Acme, and where they live."""
    rows = family.match("?p works_at Acme", "?p lives_in ?c", user_id="u")
    assert ({"p": "Ann", "c": "Rome"}, {"p": "Bob", "c": "Oslo"}) == rows
    assert () == family.match("?p works_at Acme", "?p likes ?x", user_id="u")
    assert {"p": "Bob", "r": "knows"} in family.match("?p ?r Cem", user_id="u")


@pytest.mark.parametrize("pattern", ["", "?p", "?p works_at", "one two three four", "? works_at Acme"])
def test_a_malformed_pattern_says_how_to_write_one(family: Memory, pattern: str) -> None:
    """The error shows an example."""
    with pytest.raises(InputError, match="works_at"):
        family.match(pattern, user_id="u")


def test_the_card_holds_now_and_before(family: Memory, clock: Clock) -> None:
    """Where Ann lives, and where she lived."""
    clock.advance(days=9)
    family.add("Ann lives_in Oslo", user_id="u")
    card = family.entity("ann", user_id="u")

    assert ("Ann", "Person") == (card.entity.name, card.entity.type)
    assert {"Acme", "Oslo"} == {r.target.name for r in card.now}
    assert ["Rome"] == [r.target.name for r in card.before]
    assert {"Ann works_at Acme", "Ann lives_in Oslo"} == {m.text for m in card.facts}


def test_the_graph_goes_to_other_tools(family: Memory, tmp_path: Path) -> None:
    """networkx, GraphML and records hold the same relations."""
    view = family.graph(user_id="u")
    target = tmp_path / "graph.graphml"
    view.to_graphml(target)

    assert 6 == view.to_networkx().number_of_edges() == nx.read_graphml(target).number_of_edges()
    assert {"Ann", "Bob", "Cem"} == {str(row["source"]) for row in view.to_records()}
    assert '"works_at"' in view.to_json()


def test_a_graphml_file_can_always_be_read_again(family: Memory, tmp_path: Path) -> None:
    """What XML cannot hold is replaced; a path that cannot be written is an error that names it."""
    view = family.graph(user_id="u")
    odd = view.entities[0].model_copy(update={"name": "A\x0b & <B>\ud7ff\uffff 🐈"})
    target = tmp_path / "graph.graphml"
    view.model_copy(update={"entities": (odd, *view.entities[1:])}).to_graphml(target)

    assert "A\ufffd & <B>\ud7ff\ufffd 🐈" == nx.read_graphml(target).nodes[odd.id]["name"]
    for path in (tmp_path / "none" / "g.graphml", tmp_path, None):
        with pytest.raises(InputError, match="path"):
            view.to_graphml(path)  # type: ignore[arg-type]
