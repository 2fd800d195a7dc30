"""Full text on SQLite's FTS5: one index a view, so that rarity and length are judged among texts of the same kind.

The owner is an indexed column holding one digit-only token (stemming leaves digits alone): a query narrows to one
owner inside the index and stays fast however many others there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from itertools import islice

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    column,
    func,
    literal_column,
    select,
    table,
    text,
)

from graphmem.ledger.contracts import LexicalView
from graphmem.ledger.database import schema
from graphmem.ledger.database.engine import insert
from graphmem.ledger.database.prepared import Prepared, Shape
from graphmem.ledger.database.rows import in_scope, of_scope
from graphmem.ledger.text import postgres_text
from graphmem.ledger.text.common_words import WordCounts
from graphmem.ledger.text.words import indexed, query_words
from graphmem.stores.contracts import Near
from graphmem.values import Scope

VIEWS: tuple[LexicalView, ...] = ("fact", "turn", "window2", "window3")

CREATE = {
    "fact": "CREATE VIRTUAL TABLE words_fact USING fts5(owner, body, tokenize='porter unicode61')",
    "turn": "CREATE VIRTUAL TABLE words_turn USING fts5(owner, body, tokenize='porter unicode61')",
    "window2": "CREATE VIRTUAL TABLE words_window2 USING fts5(owner, body, tokenize='porter unicode61')",
    "window3": "CREATE VIRTUAL TABLE words_window3 USING fts5(owner, body, tokenize='porter unicode61')",
}
_TABLES = {view: table(f"words_{view}", column("rowid"), column("owner"), column("body")) for view in VIEWS}


def create(connection: Connection) -> None:
    """Make the indexes."""
    if connection.dialect.name == "postgresql":
        postgres_text.create(connection)
        return
    for statement in CREATE.values():
        connection.execute(text(statement))


def owner_token(owner: str) -> str:
    """The one token that stands for an owner."""
    return str(int.from_bytes(blake2b(owner.encode(), digest_size=16).digest()))


def put(connection: Connection, view: LexicalView, owner: str, texts: Sequence[tuple[int, str]]) -> None:
    """Index (seq of the item, text) pairs, replacing those that exist. Empty: a no-op."""
    if not texts:
        return
    remove(connection, view, [seq for seq, _ in texts])
    add(connection, view, owner, texts)


def add(connection: Connection, view: LexicalView, owner: str, texts: Sequence[tuple[int, str]]) -> None:
    """Index (seq of the item, text) pairs that are new. Empty: a no-op."""
    token = owner_token(owner)
    if texts and connection.dialect.name == "postgresql":
        postgres_text.add(connection, view, token, texts)
    elif texts:
        rows = [{"rowid": seq, "owner": token, "body": indexed(body)} for seq, body in texts]
        insert(connection, _TABLES[view], rows)


def remove(connection: Connection, view: LexicalView, seqs: Sequence[int]) -> None:
    """Take items out of an index. Unknown ones: a no-op."""
    _removal(view).run_each(connection, [{"seq": seq} for seq in seqs])


@lru_cache(maxsize=len(VIEWS))
def _removal(view: LexicalView) -> Prepared:
    words = _TABLES[view]
    return Prepared(words.delete().where(words.c.rowid == bindparam("seq", type_=Integer)))


def remove_selected(connection: Connection, scope: Scope) -> None:
    """Take everything of a scope out of all indexes."""
    for view in VIEWS:
        items: Table = schema.memories if view == "fact" else schema.messages
        words = _TABLES[view]
        connection.execute(words.delete().where(words.c.rowid.in_(select(items.c.seq).where(in_scope(items, scope)))))


def clear(connection: Connection, view: LexicalView) -> None:
    """Empty an index."""
    connection.execute(_TABLES[view].delete())


def rowids(connection: Connection, view: LexicalView) -> set[int]:
    """Seqs of everything indexed in a view."""
    return set(connection.scalars(select(_TABLES[view].c.rowid)))


def search(
    connection: Connection,
    counts: WordCounts,
    view: LexicalView,
    query: str,
    scope: Scope,
    k: int,
    allowed: set[str] | None,
) -> tuple[Near, ...]:
    """The k best by BM25, best first, scores positive."""
    if connection.dialect.name == "postgresql":
        return postgres_text.search(connection, view, query, scope, k, allowed, owner_token(scope.owner))
    words = query_words(query)
    if not words or k < 1 or (allowed is not None and not allowed):
        return ()
    if allowed is not None:
        ranked = _ranked(connection, view, _match(scope, words), scope, None)
        return tuple(islice((near for near in ranked if near.item_id in allowed), k))
    if scope.user_id is not None:
        parts = counts.divided(view, words, k, _size(connection, view), partial(_count, connection, view))
        if parts.common:
            found = tuple(_ranked(connection, view, _match(scope, parts.rare, parts.common), scope, k))
            if len(found) == k and found[-1].score >= parts.bound:
                return found
    return tuple(_ranked(connection, view, _match(scope, words), scope, k))


def _match(scope: Scope, words: Sequence[str], optional: Sequence[str] = ()) -> str:
    """A query for texts of the owner with one of the words; `optional` ones count where they are, too."""
    body = f"body : ({_any(words)})"
    if scope.user_id is None:
        return body
    owner = f"owner : {_quoted(owner_token(scope.owner))}"
    # The part after the owner and the words is true of all that they match: it brings other words into the score.
    return f"{owner} AND {body}" + (f" AND ({owner} OR body : ({_any(optional)}))" if optional else "")


def _any(words: Sequence[str]) -> str:
    return " OR ".join(map(_quoted, words))


def _size(connection: Connection, view: LexicalView) -> int:
    """How many texts there are, at most."""
    return int(_last(view).rows(connection, {})[0][0] or 0)


@lru_cache(maxsize=len(VIEWS))
def _last(view: LexicalView) -> Prepared:
    return Prepared(select(func.max((schema.memories if view == "fact" else schema.messages).c.seq)))


def _count(connection: Connection, view: LexicalView, word: str) -> int:
    return int(_counting(view).rows(connection, {"match": f"body : {_quoted(word)}"})[0][0])


@lru_cache(maxsize=len(VIEWS))
def _counting(view: LexicalView) -> Prepared:
    return Prepared(select(func.count()).select_from(_TABLES[view]).where(_matching(view)))


def _matching(view: LexicalView) -> ColumnElement[bool]:
    return literal_column(_TABLES[view].name).op("MATCH", is_comparison=True)(bindparam("match", type_=String))


def _ranked(connection: Connection, view: LexicalView, match: str, scope: Scope, limit: int | None) -> Iterator[Near]:
    statement = _ranking(view, tuple(scope.labels), limit is not None)
    for item_id, score in statement.each(connection, {"match": match, "most": limit, **scope.labels}):
        yield Near(item_id, max(-score, 1e-9))


@lru_cache(maxsize=64)
def _ranking(view: LexicalView, labels: tuple[str, ...], limited: bool) -> Prepared:
    items: Table = schema.memories if view == "fact" else schema.messages
    words = _TABLES[view]
    scope = Shape(labels, as_of=False, known_at=False, everything=False).scope()
    most = bindparam("most", type_=Integer) if limited else None
    # bm25() answers with negative numbers, best first; the owner's token weighs nothing.
    rank = func.bm25(literal_column(words.name), 0.0, 1.0).label("rank")
    matching = _matching(view)
    if labels == ("user_id",):
        best = select(words.c.rowid, rank).where(matching).order_by(rank).limit(most).subquery()
        joined = select(items.c.id, best.c.rank).join(best, items.c.seq == best.c.rowid).order_by(best.c.rank)
        return Prepared(joined.where(of_scope(items, scope)))
    ranked = select(items.c.id, rank).join_from(words, items, items.c.seq == words.c.rowid)
    return Prepared(ranked.where(and_(matching, of_scope(items, scope))).order_by(rank).limit(most))


def _quoted(word: str) -> str:
    doubled = word.replace('"', '""')
    return f'"{doubled}"'
