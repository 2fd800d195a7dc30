"""A whole memory on PostgreSQL: the same answers as on SQLite, ways between both, and a server that goes away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphmem import ConfigError, Memory, StoreUnavailable
from graphmem.ledger.database.engine import Database
from graphmem.ledger.database.postgres import escaped, restored
from graphmem.ledger.sql import SqlLedger
from tests import postgres_server
from tests.conftest import Clock
from tests.ledger.worlds import MARIA, fact, live, plan, say
from tests.upkeep.worlds import PLAIN, answers


@pytest.fixture
def url() -> str:
    """An empty schema."""
    return postgres_server.emptied()


@pytest.fixture
def memory(url: str, tmp_path: Path, clock: Clock) -> Iterator[Memory]:
    """A memory whose ledger is on PostgreSQL."""
    with Memory.open(home=tmp_path / "home", ledger_url=url, clock=clock, **PLAIN) as opened:
        yield opened


def test_a_sqlite_home_moves_there_and_back(memory: Memory, one: Path, tmp_path: Path, clock: Clock) -> None:
    """Export and import keep the state, the facts in order, their history and relations, and what is found."""
    with Memory.open(home=one, clock=clock, **PLAIN) as old:
        first = old.export(tmp_path / "there.jsonl")
        told = answers(old)
    read = memory.import_from(tmp_path / "there.jsonl")
    moved = answers(memory)
    back = memory.export(tmp_path / "back.jsonl")

    assert first.state == read.state == back.state == memory.verify().state
    assert told[0] == moved[0]
    assert [told[part] for part in (1, 3, 4)] == [moved[part] for part in (1, 3, 4)]
    # The order may differ: SQLite counts how rare a word is among all owners, PostgreSQL inside one.
    assert {i for i, _ in told[2]} == {i for i, _ in moved[2]}  # type: ignore[attr-defined]
    assert () == memory.verify().differences
    with Memory.open(home=tmp_path / "again", clock=clock, **PLAIN) as again:
        assert first.state == again.import_from(tmp_path / "back.jsonl").state


def test_words_rank_as_on_sqlite(url: str, tmp_path: Path) -> None:
    """The same texts of one owner in the same order for one- and many-word questions."""
    texts = ["we met in Paris", "Paris, Paris and Rome", "a long walk through the old streets of Rome at night", "tea"]
    found: list[list[list[str]]] = []
    for where in (tmp_path / "ledger.db", url):
        ledger = SqlLedger.open(where)
        said = {m.id: m.content for n, text in enumerate(texts) for m in say(ledger, text, on=n)}
        questions = ("Paris", "rome paris", "old street", "walking at night in Rome", "the", "nothing of it")
        found.append([[said[n.item_id] for n in ledger.lexical("turn", q, MARIA)] for q in questions])
        ledger.close()

    assert found[0] == found[1]
    assert [2, 3, 1] == [len(hits) for hits in found[1][:3]]


def test_a_very_long_text_is_stored_whole(memory: Memory) -> None:
    """A tsvector has an end; a message of a million characters is kept and found by its beginning."""
    text = "beginning " + " ".join(f"word{n}é" for n in range(90_000))
    memory.add(text[:1_000_000], user_id="ann", infer=False)

    (hit,) = memory.search("beginning", user_id="ann").hits
    assert text[:1_000_000] == memory._engine.ledger.messages([hit.id])[hit.id].content


@pytest.mark.parametrize("text", ["a\0b", "\U0010fffd", "\U0010fffd0\0\U0010fffd1", "plain", "\0" * 3])
def test_any_text_comes_back_as_it_was(text: str) -> None:
    """NUL and the character that stands for it are told apart."""
    assert text == restored(escaped(text))
    assert "\0" not in escaped(text)


def test_backup_doctor_and_reembed_work_there(memory: Memory, tmp_path: Path, url: str) -> None:
    """A backup is an export; doctor names the server; another model is exchanged."""
    memory.add("Ann works at Acme", user_id="ann", facts=["Ann works at Acme"])
    report = memory.backup(tmp_path / "copy")
    options: dict[str, Any] = {**PLAIN, "home": tmp_path / "home", "ledger_url": url}
    found = {check.name: check for check in Memory.doctor(**options, deep=True).checks}
    moved = Memory.reembed(**{**options, "embedding_dimensions": 24})

    assert {"ledger.jsonl.gz", "manifest.json"} == {path.name for path in (tmp_path / "copy").iterdir()}
    assert report.state == Memory.restore(tmp_path / "copy", dry_run=True).state == memory.verify().state
    assert ("ok", True) == (found["ledger"].health, "postgresql 1" in found["ledger"].found)
    assert "ok" == found["ledger inside"].health
    assert moved.switched


WRITER = """
import sys
from graphmem.ledger.sql import SqlLedger
from tests.ledger.worlds import say, plan, fact
ledger = SqlLedger.open(sys.argv[1])
for n in range(15):
    (message,) = say(ledger, f"{sys.argv[2]} {n}", name=f"{sys.argv[2]}-{n}")
    ledger.commit(plan(f"{sys.argv[2]}-{n}", fact(f"{sys.argv[2]}-{n}", message, ("Maria", "knows", "Bo"))))
"""


def test_two_processes_write_one_schema_from_its_beginning(postgres_url: str) -> None:
    """Both make the tables; every write is there, chained and counted."""
    command = [sys.executable, "-c", WRITER, postgres_url]
    writers = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    codes = [writer.wait() for writer in writers]
    ledger = SqlLedger.open(postgres_url)

    assert [0, 0] == codes
    assert 30 == len(live(ledger, MARIA))
    assert {"maria/Bo": 30} == ledger.mention_counts(["maria/Bo"])
    assert () == ledger.check()
    ledger.close()


def test_a_server_that_went_away_is_named_and_found_again(url: str) -> None:
    """A connection that was cut is replaced; a server that is not there is StoreUnavailable, without the password."""
    ledger = SqlLedger.open(url)
    (message,) = say(ledger, "one")
    ledger.commit(plan("r", fact("a", message)))
    database = Database.at(url)
    with database.write("test") as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query <> ''"
            " AND usename = current_user AND datname = current_database()"
        )
    assert ["a"] == live(ledger)
    say(ledger, "two")
    ledger.close()
    database.close()

    with pytest.raises(StoreUnavailable) as caught:
        SqlLedger.open("postgresql://ann:secret-word@127.0.0.1:1/none")
    assert "secret-word" not in str(caught.value)
    with pytest.raises(ConfigError, match="mysql"):
        SqlLedger.open("mysql://ann@127.0.0.1/none")


def test_readers_see_one_state(url: str) -> None:
    """A snapshot does not see what is written while it is open."""
    ledger, other = SqlLedger.open(url), SqlLedger.open(url)
    say(ledger, "one")
    with ledger.snapshot():
        before = len(ledger.episodes())
        say(other, "two")
        during = len(ledger.episodes())
    after = len(ledger.episodes())
    ledger.close()
    other.close()

    assert (1, 1, 2) == (before, during, after)
