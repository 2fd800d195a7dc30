"""What only a power cut, a look at the bytes of a file, or a planted bug would show."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphmem import Fact, Memory
from graphmem.ledger.sql import SqlLedger
from graphmem.models.contracts import Reply


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


def test_each_episode_has_replies_of_its_own(tmp_path: Path) -> None:
    """The same prompt in another episode was answered for that one alone."""
    with Memory.open(home=tmp_path, embedder="hash", extractor="none", vectors="none") as memory:
        one, two = (memory.add(text, user_id="u").episode_id for text in ("Good morning", "Good night"))
        ledger = memory._engine.ledger
        ledger.journal(one, "hash of a prompt", Reply(text="of the first"))
        assert ledger.reply(one, "hash of a prompt") is not None
        assert ledger.reply(two, "hash of a prompt") is None


def test_what_was_superseded_says_by_what(tmp_path: Path) -> None:
    """The old value leads to the new one."""
    with Memory.open(home=tmp_path, embedder="hash", extractor="none", vectors="none") as memory:
        for city in ("Oslo", "Rome"):
            fact = Fact(text=f"Ann lives in {city}", subject="Ann", relations=(("Ann", "lives_in", city),))
            memory.add(f"Now {city}", facts=[fact], user_id="u")
        old = next(m for m in memory.list(user_id="u", include_past=True) if "Oslo" in m.text)
        new = next(m for m in memory.list(user_id="u") if "Rome" in m.text)
        assert new.id == old.superseded_by
