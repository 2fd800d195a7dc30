"""Texts that try to be more than text, for every field that ends up in a graph database."""

from __future__ import annotations

from itertools import product

ENDS = ("`", "``", '"', "'", "\\", "\\'", "}", "})", "]-()", "`]->()", "')", '")', "*/", "//", "\n", "\r\n", "$")
ACTS = (
    " DETACH DELETE n //",
    " MATCH (n) DETACH DELETE n //",
    " SET n:Admin //",
    " CREATE (:Evil {a: 1}) //",
    " RETURN 1 UNION MATCH (n) DETACH DELETE n RETURN 1",
    " WITH 1 AS x CALL dbms.procedures() YIELD name RETURN name //",
    " LOAD CSV FROM 'http://127.0.0.1/' AS l CREATE (:Evil) //",
)
ODD = (
    "KNOWS`]->() DETACH DELETE n //", "$batch", "${jndi:ldap://127.0.0.1/a}", "{key: 'x'}", "{{name}}", "%s%n",
    "; DROP DATABASE neo4j;", "Entity", "Current", "Graphmem", "null", "true", "NaN", "-1", "[]", "{}", "a" * 10_000,
    "é" * 10_000, "🙂" * 3_000,
    "人" * 5_000, "مرحبا بالعالم", "\u202ereversed\u202c", "\u200b\u200d", "e\u0301", "İstanbul",
    "ß", "\x7f", "\x01\x02", "\ufeffBOM", "\u2028line", "../../etc/passwd", "<script>alert(1)</script>", "a/b", "a:b",
    "a b", " lead", "trail ",
)  # fmt: skip
HOSTILE = tuple(
    text for text in dict.fromkeys([*(end + act for end, act in product(ENDS, ACTS)), *ENDS, *ODD]) if text.strip()
)
