"""What a ledger says, in a form that two homes can be compared by: every table row by row, without places and times
that only count writes.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

State = dict[str, frozenset[str]]
"""Rows by table."""
LEFT_OUT = {"outbox", "meta", "sqlite_sequence"}
PLACES = {"seq", "item_seq", "milliseconds"}
ITEMS = {"words_fact": "memories", "words_turn": "messages", "words_window2": "messages", "words_window3": "messages"}


def state(home: Path) -> State:
    """The content of the ledger in `home`; empty when there is none."""
    path = home / "ledger.db"
    if not path.exists():
        return {}
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    connection.row_factory = sqlite3.Row
    try:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        plain = [n for n in names if n not in LEFT_OUT and not n.startswith("words_")]
        tables = {name: frozenset(_rows(connection, name)) for name in plain}
        tables |= {view: frozenset(_words(connection, view)) for view in ITEMS if view in names}
        return {name: rows for name, rows in tables.items() if rows}
    finally:
        connection.close()


def digest(one: State) -> str:
    """The same for equal states."""
    text = json.dumps({name: sorted(rows) for name, rows in one.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(wanted: State, found: State, most: int = 6) -> list[str]:
    """Rows that only one of them has, in words."""
    lines = []
    for name in sorted({*wanted, *found}):
        left, right = wanted.get(name, frozenset()), found.get(name, frozenset())
        lines += [f"{name} lacks {row[:300]}" for row in sorted(left - right)[:most]]
        lines += [f"{name} has too much: {row[:300]}" for row in sorted(right - left)[:most]]
    return lines


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    for row in connection.execute(f'SELECT * FROM "{table}"'):
        yield json.dumps(
            {key: _plain(row[key]) for key in row.keys() if key not in PLACES},  # noqa: SIM118 - a Row iterates values
            sort_keys=True,
        )


def _words(connection: sqlite3.Connection, view: str) -> Iterator[str]:
    joined = f'SELECT i.id, w.owner, w.body FROM "{view}" w LEFT JOIN "{ITEMS[view]}" i ON i.seq = w.rowid'
    return (json.dumps(tuple(row)) for row in connection.execute(joined))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()[:16]
    if isinstance(value, str) and value[:1] in {"{", "["}:
        return _without_places(json.loads(value))
    return value


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_places(v) for key, v in value.items() if key not in PLACES}
    if isinstance(value, list):
        return sorted((_without_places(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
    return value
