"""`memory.cypher`: what it gives, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from graphmem import ConfigError, InputError, Memory
from tests.neo4j.conftest import Opened, neo4j_memory, said

COUNTED = "MATCH (n:Graphmem {home: $home}) RETURN count(n) AS nodes, count(n.name) AS names, count(n.x) AS marks"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, neo4j_url: str) -> Iterator[Memory]:
    """Ann and Bob at Acme; nothing here may change it."""
    with neo4j_memory(tmp_path_factory.mktemp("people"), neo4j_url) as memory:
        memory.add("Hello", user_id="u", facts=said("Ann works_at Acme", "Bob works_at Acme", "Ann knows Bob"))
        yield memory


def test_rows_are_plain_values(people: Memory) -> None:
    """Columns by name; nodes and edges as dicts, times aware and in UTC, paths as lists."""
    asked = "MATCH w = (p:Entity {home: $home})-[r:KNOWS]->(x) RETURN p, r, x.name AS name, r.valid_from AS since, w"
    (row,) = people.cypher(asked)

    assert ["p", "r", "name", "since", "w"] == list(row)
    assert ("Ann", "KNOWS", "Bob") == (row["p"]["name"], row["r"]["type"], row["name"])  # type: ignore[index]
    assert datetime(2024, 1, 15, 12, tzinfo=UTC) == row["since"]
    assert ["Ann", "KNOWS", "Bob"] == [part.get("name", part.get("type")) for part in row["w"]]  # type: ignore[attr-defined]


def test_parameters_and_helpers_are_there(people: Memory) -> None:
    """`$home`, `$owner`, `$now` and the labels come by themselves; others are the caller's."""
    query = "MATCH (m:Memory {home: $home, owner: $owner}) WHERE m.text CONTAINS $part AND m.valid_from <= $now"
    rows = people.cypher(f"{query} RETURN m.text AS text, $user_id AS user, $run_id AS run", user_id="u", part="Bob w")

    assert ({"text": "Bob works at Acme", "user": "u", "run": None},) == rows


def test_the_limit_cuts_the_rows(people: Memory) -> None:
    """No more rows than asked for are fetched."""
    assert 2 == len(people.cypher("UNWIND range(1, 1000) AS n RETURN n", limit=2))


@pytest.mark.parametrize(
    "query",
    [
        "CREATE (n:Person {name: 'Eve'}) RETURN n",
        "MATCH (n:Graphmem) DETACH DELETE n",
        "MATCH (n:Graphmem) SET n.name = 'x' RETURN n",
        "MATCH (n) CALL (n) { DELETE n } RETURN 1",
        "MERGE (n:Thing {a: 1}) RETURN n",
        "CREATE INDEX evil FOR (n:Entity) ON (n.name)",
        "DROP CONSTRAINT graphmem_key",
        "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
        "CALL db.createLabel('Evil')",
        "CALL dbms.listConfig() YIELD name RETURN name",
        "PROFILE CREATE (n:Evil) RETURN n",
        "MATCH (n) RETURN n; MATCH (m) DETACH DELETE m",
        "RETURN 1 //\nUNION MATCH (n:Entity) SET n.x = 1 RETURN 1",
        "RETURN $missing",
        "not cypher at all",
        "MATCH (n RETURN n",
    ],
)
def test_what_is_no_read_is_refused(people: Memory, query: str) -> None:
    """Writes, changes of the schema, files, procedures and nonsense: one InputError, and nothing has changed."""
    before = people.cypher(COUNTED)
    with pytest.raises(InputError, match=r"^(query|params): "):
        people.cypher(query)

    assert before == people.cypher(COUNTED)


def test_a_long_query_is_stopped(people: Memory) -> None:
    """The timeout is the server's: it stops to work."""
    with pytest.raises(InputError, match="took too long"):
        people.cypher("UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b)", timeout=0.5)


@pytest.mark.parametrize(("field", "value"), [("limit", 0), ("timeout", 0), ("timeout", "fast"), ("query", "  ")])
def test_wrong_arguments_name_their_field(people: Memory, field: str, value: object) -> None:
    """As everywhere."""
    arguments: dict[str, object] = {"query": "RETURN 1", field: value}
    with pytest.raises(InputError, match=f"^{field}"):
        people.cypher(**arguments)  # type: ignore[arg-type]


def test_a_parameter_that_cannot_be_sent_is_named(people: Memory) -> None:
    """An object of the caller's own is no value of Neo4j."""
    with pytest.raises(InputError, match="params"):
        people.cypher("RETURN $thing", thing=object())


def test_without_neo4j_it_says_what_to_set(opened: Opened) -> None:
    """The ledger's graph speaks no Cypher."""
    with pytest.raises(ConfigError, match="neo4j"):
        opened("other", graph="embedded").cypher("RETURN 1")
