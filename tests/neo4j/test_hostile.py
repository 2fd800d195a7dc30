"""Hostile texts in every field are data: kept byte for byte, and nothing else comes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import neo4j
import pytest

from graphmem import Fact, InputError, Memory
from graphmem.inputs import MAX_LABEL
from graphmem.steps.linking import key
from graphmem.values import EntityDraft
from tests.neo4j.conftest import neo4j_memory
from tests.neo4j.hostile import HOSTILE

FIELDS = (
    "content",
    "speaker",
    "user_id",
    "agent_id",
    "run_id",
    "metadata",
    "quote",
    "text",
    "name",
    "type",
    "relation",
)
LABELS = ("user_id", "agent_id", "run_id", "speaker")
FIELDS = (*LABELS, "content", "metadata", "quote", "text", "name", "type", "relation")
CONTROL = re.compile(r"[\x00-\x1f]")
FAIR = re.compile(r"[A-Z][A-Za-z0-9_]{0,63}")


class Schema(NamedTuple):
    """All that a database has names for."""

    labels: frozenset[str]
    types: frozenset[str]
    keys: frozenset[str]


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory, neo4j_url: str) -> Iterator[Memory]:
    with neo4j_memory(tmp_path_factory.mktemp("hostile"), neo4j_url) as opened:
        opened.add("Hello", user_id="calm", agent_id="a", run_id="r", facts=[told()], metadata={"k": "v"})
        yield opened


def told(**fields: str) -> Fact:
    """A fact that ties an entity to another one, with these texts in place of tame ones."""
    given = {"name": "Calm", "type": "Person", "relation": "knows", "text": "A fact", "quote": ""} | fields
    ends = (EntityDraft(name=given["name"], type=given["type"]), EntityDraft(name="Other", type="Person"))
    triple = (given["name"], given["relation"], "Other")
    return Fact(text=given["text"], quote=given["quote"], relations=(triple,), entities=ends)


def schema(url: str) -> Schema:
    """The names of labels, types and properties in the database, of whomever."""
    with neo4j.GraphDatabase.driver(url) as driver:
        found = [
            frozenset(driver.execute_query(query).records[0][0])
            for query in (
                "CALL db.labels() YIELD label RETURN collect(label)",
                "CALL db.relationshipTypes() YIELD relationshipType RETURN collect(relationshipType)",
                "CALL db.propertyKeys() YIELD propertyKey RETURN collect(propertyKey)",
            )
        ]
    return Schema(*found)


def nodes(memory: Memory) -> dict[str, int]:
    """Nodes of this home by label."""
    query = "MATCH (n:Graphmem {home: $home}) UNWIND labels(n) AS label RETURN label, count(*) AS n"
    return {str(row["label"]): int(str(row["n"])) for row in memory.cypher(query, limit=100_000)}


def usable(field: str, text: str) -> bool:
    """Whether a field takes a text; labels and names of speakers are short and hold no control character."""
    return field not in LABELS or (bool(text.strip()) and len(text) <= MAX_LABEL and not CONTROL.search(text))


def put(memory: Memory, text: str, number: int) -> None:
    """One add with a text in every field that takes it; a tame one in the others."""
    fill = {field: text if usable(field, text) else f"{field} {number}" for field in FIELDS}
    fact = told(**{field: fill[field] for field in ("name", "type", "relation", "text", "quote")})
    message = {"content": fill["content"], "name": fill["speaker"]}
    labels = {label: fill[label] for label in ("user_id", "agent_id", "run_id")}
    memory.add([message], facts=[fact], metadata={"note": fill["metadata"]}, **labels)  # type: ignore[arg-type]


def found(memory: Memory, field: str) -> set[str]:
    """The texts of a field, as they stand in the database."""
    queries = {
        "content": "MATCH (n:Message {home: $home}) RETURN n.content AS v",
        "speaker": "MATCH (n:Message {home: $home}) RETURN n.speaker AS v",
        "metadata": "MATCH (n:Memory {home: $home}) RETURN n.metadata AS v",
        "quote": "MATCH (:Memory {home: $home})-[r:DERIVED_FROM]->() UNWIND r.quotes AS v RETURN v",
        "text": "MATCH (n:Memory {home: $home}) RETURN n.text AS v",
        "name": "MATCH (n:Entity {home: $home}) RETURN n.name AS v",
        "type": "MATCH (n:Entity {home: $home}) RETURN n.type AS v",
        "relation": "MATCH (:Memory {home: $home})-[r:SUBJECT]->() RETURN r.relation AS v",
    }
    query = queries.get(field, f"MATCH (n:Memory {{home: $home}}) RETURN n.{field} AS v")
    return {str(row["v"]) for row in memory.cypher(query, limit=100_000)}


@pytest.mark.timeout(600)
def test_hostile_texts_are_data(memory: Memory, neo4j_url: str) -> None:
    """Every text in every field: as many nodes as tame ones give, no new property, label or type but those that types
    become, every text as it was; and the ledger and Neo4j agree on all of it."""
    graph = memory._engine.projection.graph
    assert graph is not None
    before, names = nodes(memory), schema(neo4j_url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph, "apply", lambda: True)  # all of them in few statements, as after an outage
        for number, text in enumerate(HOSTILE):
            put(memory, text, number)
    assert graph.flush(), graph.problem
    after = schema(neo4j_url)

    assert names.keys == after.keys
    assert [] == [name for name in (after.labels | after.types) if not FAIR.fullmatch(name)]
    assert {"Evil", "Admin"} & (after.labels | after.types) <= names.labels | names.types
    added = {view: count - before.get(view, 0) for view, count in nodes(memory).items()}
    assert dict.fromkeys(("Memory", "Message", "Episode"), len(HOSTILE)) == {
        view: added[view] for view in ("Memory", "Message", "Episode")
    }
    wanted, held = graph.compare() or ({}, {})
    assert wanted == held
    for field in FIELDS:
        texts, kept = [text for text in HOSTILE if usable(field, text)], found(memory, field)
        if field == "relation":
            assert [] == [name for name in kept if not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
        elif field == "metadata":
            assert {json.dumps({"note": text}, ensure_ascii=False) for text in texts} <= kept
        elif field == "name":
            # A name is kept without the signs around it, in the ledger as here: the digests above say so.
            assert {key(text) for text in texts} <= {key(name) for name in kept}
        else:
            assert [] == [text for text in texts if text not in kept]


def kept_rows(memory: Memory) -> dict[str, int]:
    """Rows of the ledger by table, without what waits for Neo4j."""
    return {table: rows for table, rows in memory.status().counts.items() if table != "outbox"}


def test_there_are_enough_of_them() -> None:
    """At least 150, and labels take most of them."""
    assert 150 <= len(HOSTILE)
    assert 110 <= sum(usable("user_id", text) for text in HOSTILE)


@pytest.mark.parametrize("field", ["name", "type", "relation", "text", "quote"])
@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"])
def test_what_no_database_keeps_is_refused_by_name(memory: Memory, field: str, bad: str) -> None:
    """NUL and half of a character: an error that names the field, and nothing is written."""
    before = kept_rows(memory)
    with pytest.raises(InputError, match=r"^facts\[0\]"):
        memory.add("Hello", user_id="calm", facts=[told(**{field: bad})])

    assert before == kept_rows(memory)
