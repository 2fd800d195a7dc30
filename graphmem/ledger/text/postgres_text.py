"""Full text on PostgreSQL: tsvector under a GIN index, ranked by BM25 as SQLite's FTS5 ranks.

The owner's token is a lexeme of every text, so that the index narrows to one owner by itself. How rare a word is and
how long texts are is counted among the owner's texts (all texts, when a scope names no user).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.dialects.postgresql import insert as pg_insert

from graphmem.ledger.contracts import LexicalView
from graphmem.ledger.database import schema
from graphmem.ledger.database.prepared import Shape
from graphmem.ledger.database.rows import of_scope
from graphmem.ledger.text.words import indexed, query_words, split
from graphmem.stores.contracts import Near
from graphmem.values import Scope

VIEWS: tuple[LexicalView, ...] = ("fact", "turn", "window2", "window3")
MOST_BYTES = 500_000
"""A tsvector holds one megabyte; a text is indexed up to half of it."""
K1, B = 1.2, 0.75
"""BM25's parameters, those of FTS5."""

# Stems without PostgreSQL's list of stop words: chat is told apart by words that the list drops.
DICTIONARY = (
    "DROP TEXT SEARCH CONFIGURATION IF EXISTS graphmem_words",
    "DROP TEXT SEARCH DICTIONARY IF EXISTS graphmem_stem",
    "CREATE TEXT SEARCH DICTIONARY graphmem_stem (TEMPLATE = pg_catalog.snowball, Language = english)",
    "CREATE TEXT SEARCH CONFIGURATION graphmem_words (COPY = pg_catalog.simple)",
    "ALTER TEXT SEARCH CONFIGURATION graphmem_words ALTER MAPPING FOR asciiword, word, numword WITH graphmem_stem",
)
CONFIGURATION: Any = literal_column("'graphmem_words'")

_metadata = MetaData()
_TABLES = {
    view: Table(
        f"words_{view}",
        _metadata,
        Column("rowid", BigInteger, primary_key=True, autoincrement=False),
        Column("owner", String, nullable=False),
        Column("length", Integer, nullable=False),
        Column("body", TSVECTOR, nullable=False),
        Index(f"ix_words_{view}_body", "body", postgresql_using="gin"),
        Index(f"ix_words_{view}_owner", "owner", postgresql_include=["length"]),
    )
    for view in VIEWS
}


def create(connection: Connection) -> None:
    """Make the indexes."""
    for statement in DICTIONARY:
        connection.execute(text(statement))
    _metadata.create_all(connection)


def add(connection: Connection, view: LexicalView, token: str, texts: Sequence[tuple[int, str]]) -> None:
    """Index (seq of the item, text) pairs under the token of their owner, replacing those that exist."""
    rows = []
    for seq, body in texts:
        found = words(body)
        rows.append({"rowid": seq, "owner": token, "length": len(found), "said": " ".join((token, *found))})
    made = func.to_tsvector(CONFIGURATION, bindparam("said", type_=String))
    statement = pg_insert(_TABLES[view]).values(
        rowid=bindparam("rowid"), owner=bindparam("owner"), length=bindparam("length"), body=made
    )
    new = {"length": statement.excluded.length, "body": statement.excluded.body}
    connection.execute(statement.on_conflict_do_update(index_elements=["rowid"], set_=new), rows)


def words(body: str) -> list[str]:
    """The words of a text as they are indexed: folded, without accents, runs of letters and digits."""
    kept = _folded(indexed(body)).encode("utf-8", "replace")[:MOST_BYTES]
    return split(kept.decode("utf-8", "ignore"))


def _folded(body: str) -> str:
    apart = unicodedata.normalize("NFKD", body.casefold())
    return unicodedata.normalize("NFKC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))


def search(
    connection: Connection, view: LexicalView, query: str, scope: Scope, k: int, allowed: set[str] | None, token: str
) -> tuple[Near, ...]:
    """The k best by BM25, best first, scores positive."""
    asked = [word for raw in query_words(query) for word in split(_folded(raw))]
    if not asked or k < 1 or (allowed is not None and not allowed):
        return ()
    ours = scope.user_id is not None
    any_of = " | ".join(asked)
    values = {
        "match": f"{token} & ({any_of})" if ours else any_of,
        "words": " ".join(asked),
        "token": token,
        "most": k if allowed is None else None,
        **scope.labels,
    }
    ranked = _ranked(connection, _ranking(view, tuple(scope.labels), ours), values)
    found = [near for near in ranked if allowed is None or near.item_id in allowed]
    return tuple(found[:k])


def _ranked(connection: Connection, statement: Select[Any], values: Mapping[str, Any]) -> Iterator[Near]:
    for item_id, score in connection.execute(statement, values):
        yield Near(item_id, max(float(score), 1e-9))


@lru_cache(maxsize=64)
def _ranking(view: LexicalView, labels: tuple[str, ...], ours: bool) -> Select[Any]:
    """BM25 over what matches: the sum over words of idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean))."""
    table = _TABLES[view]
    items = schema.memories if view == "fact" else schema.messages
    asked = func.to_tsquery(CONFIGURATION, bindparam("match", type_=String))
    found = select(table.c.rowid, table.c.length, table.c.body).where(table.c.body.op("@@")(asked)).cte("found")
    lexemes = func.tsvector_to_array(func.to_tsvector(CONFIGURATION, bindparam("words", type_=String)))
    taken_apart = func.unnest(found.c.body).table_valued("lexeme", "positions", "weights", joins_implicitly=True)
    parts = taken_apart.render_derived(name="parts")
    count = cast(func.cardinality(parts.c.positions), Float)
    terms = (
        select(found.c.rowid, found.c.length, parts.c.lexeme, count.label("tf"))
        .select_from(found, parts)
        .where(parts.c.lexeme == func.any(lexemes))
        .cte("terms")
    )
    held = select(terms.c.lexeme, func.count().label("n")).group_by(terms.c.lexeme).cte("held")
    sizes = select(func.count().label("n"), func.avg(table.c.length).label("mean"))
    whole = (sizes.where(table.c.owner == bindparam("token", type_=String)) if ours else sizes).cte("whole")
    rarity = func.greatest(func.ln((whole.c.n - held.c.n + 0.5) / (held.c.n + 0.5)), 1e-6)
    size = 1 - B + B * terms.c.length / func.greatest(whole.c.mean, 1e-6)
    score = func.sum(rarity * terms.c.tf * (K1 + 1) / (terms.c.tf + K1 * size)).label("score")
    scope = Shape(labels, as_of=False, known_at=False, everything=False).scope()
    return (
        select(items.c.id, score)
        .select_from(terms)
        .join(held, held.c.lexeme == terms.c.lexeme)
        .join(whole, true())
        .join(items, items.c.seq == terms.c.rowid)
        .where(of_scope(items, scope))
        .group_by(items.c.id, items.c.seq)
        .order_by(score.desc(), items.c.seq)
        .limit(bindparam("most", type_=Integer))
    )
