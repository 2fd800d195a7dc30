"""Opening: fresh, newer, damaged, read-only and shared homes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from graphmem.errors import NewerHome, StoreError, StoreReadOnly
from graphmem.ledger.sql import SqlLedger
from tests.ledger.worlds import MARIA, live, say


def test_a_newer_home_is_refused(tmp_path: Path) -> None:
    """The error names the schema and the fix; nothing is changed."""
    ledger = SqlLedger.open(tmp_path / "l.db")
    ledger.set_meta("schema_version", "99")
    ledger.close()
    ledger.close()

    with pytest.raises(NewerHome, match=r"schema 99.*pip install --upgrade"):
        SqlLedger.open(tmp_path / "l.db")


def test_a_home_that_cannot_be_made_or_read_is_a_typed_error(tmp_path: Path) -> None:
    """A file in the way, a folder in place of the file, and a file that is no database."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "noise").write_bytes(b"not a database" * 1000)

    with pytest.raises(StoreReadOnly):
        SqlLedger.open(tmp_path / "file" / "l.db")
    with pytest.raises(StoreReadOnly):
        SqlLedger.open(tmp_path)
    with pytest.raises(StoreError, match="not a database"):
        SqlLedger.open(tmp_path / "noise")


def test_a_full_disk_is_named_and_loses_nothing(tmp_path: Path) -> None:
    """What was accepted stays; writing goes on once there is room."""
    ledger = SqlLedger.open(f"sqlite:///{tmp_path / 'l.db'}")
    say(ledger, "kept")
    with ledger._database.write("test") as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
    with pytest.raises(StoreReadOnly, match="full"):
        say(ledger, "x" * 1_000_000, name="big")
    with ledger._database.write("test") as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=100000")
    say(ledger, "more")

    assert ["kept", "more"] == [ledger.episode(e.id)[1][0].content for e in ledger.episodes()]


WRITER = """
import sys
from graphmem.ledger.sql import SqlLedger
from tests.ledger.worlds import say, plan, fact
ledger = SqlLedger.open(sys.argv[1])
for n in range(15):
    (message,) = say(ledger, f"{sys.argv[2]} {n}", name=f"{sys.argv[2]}-{n}")
    ledger.commit(plan(f"{sys.argv[2]}-{n}", fact(f"{sys.argv[2]}-{n}", message, ("Maria", "knows", "Bo"))))
"""


def test_two_processes_write_one_file(tmp_path: Path) -> None:
    """Both begin on an empty home; every write is there, chained and counted."""
    command = [sys.executable, "-c", WRITER, str(tmp_path / "l.db")]
    writers = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    codes = [writer.wait() for writer in writers]
    ledger = SqlLedger.open(tmp_path / "l.db")

    assert [0, 0] == codes
    assert 30 == len(live(ledger, MARIA))
    assert {"maria/Bo": 30} == ledger.mention_counts(["maria/Bo"])
    assert () == ledger.check()
