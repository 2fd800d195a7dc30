"""Cleaning the ledger's files after an erasure, so that no byte of what went is left in them.

SQLite with `secure_delete` overwrites what it deletes, with three exceptions: full text keeps the words of deleted rows
in its segments until they are merged; a page that is split may keep a copy of a moved cell; and the write-ahead log
keeps old pages until it is cut. So the segments are merged, the file is written anew, and the log is cut. PostgreSQL
rewrites its tables; its own log and its backups are the operator's.
"""

from __future__ import annotations

from sqlalchemy import text

from graphmem.ledger.database.engine import Database

MERGE = (
    "INSERT INTO words_fact(words_fact) VALUES ('optimize')",
    "INSERT INTO words_turn(words_turn) VALUES ('optimize')",
    "INSERT INTO words_window2(words_window2) VALUES ('optimize')",
    "INSERT INTO words_window3(words_window3) VALUES ('optimize')",
)
BUSY = "another process reads the ledger, so its write-ahead log could not be cut"


def clean(database: Database) -> str:
    """Write the ledger's files anew. Returns why some of it could not be done; empty when all is clean."""
    if database.url.get_backend_name() != "sqlite":
        with database.outside() as cursor:
            cursor.execute("VACUUM FULL")
        return ""
    with database.write("clean") as connection:
        for statement in MERGE:
            connection.execute(text(statement))
    with database.outside() as cursor:
        cursor.execute("VACUUM")
        busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return BUSY if busy else ""
