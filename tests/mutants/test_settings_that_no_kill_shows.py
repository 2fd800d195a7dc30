"""Settings whose loss only a power cut, or a look at the bytes of a file, would show."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphmem.ledger.sql import SqlLedger


@pytest.mark.parametrize(
    ("name", "value"), [("synchronous", 2), ("secure_delete", 1), ("foreign_keys", 1), ("journal_mode", "wal")]
)
def test_every_connection_writes_as_promised(tmp_path: Path, name: str, value: object) -> None:
    """synchronous=FULL: an acknowledged write is on the disk; secure_delete: what is deleted is overwritten."""
    ledger = SqlLedger.open(tmp_path / "ledger.db")
    with ledger._database.write("meta") as connection:
        found = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
    ledger.close()
    assert value == found
