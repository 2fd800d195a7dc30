"""Homes of earlier versions open as they are, and a home of a later one is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from graphmem import Memory, NewerHome
from graphmem.ledger.database import schema
from graphmem.ledger.database.engine import Database
from graphmem.ledger.migrations import MIGRATIONS, migrate, version
from graphmem.ledger.sql import SqlLedger
from graphmem.ledger.text.lexical import create
from tests.upgrades.make_home import state

HOMES = sorted((Path(__file__).parent / "homes").iterdir())


def opened(home: Path) -> Memory:
    """A memory with the settings that the fixture homes were made with."""
    return Memory.open(home=home, embedder="hash", embedding_dimensions=16, vectors="none", extractor="none")


@pytest.fixture(params=HOMES, ids=lambda path: path.name)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the home of a released version."""
    home = tmp_path / "home"
    shutil.copytree(request.param, home)
    return home


def test_an_old_home_keeps_every_row(old: Path):
    """The rows of all tables that the old version knew are what they were."""
    known = json.loads((old / "state.json").read_text(encoding="utf-8"))

    opened(old).close()

    assert known["state"] == state(old / "ledger.db", known["shape"])


def test_an_old_home_is_whole_and_found(old: Path):
    """After the upgrade nothing is missing inside, and search, history, relations and undo answer."""
    with opened(old) as memory:
        texts = [hit.text for hit in memory.search("Where does Maria live?", user_id="maria", include=("facts",))]
        card = memory.entity("Maria", user_id="maria")
        baker = next(item for item in memory.list(user_id="maria") if "baker" in item.text)
        changes = memory.history(baker.id)
        memory.undo(str(changes[-1].resolution_id))

        assert "Maria lives in Porto" in texts
        assert {"Porto"} == {r.target.name for r in card.now if r.type == "lives_in"}
        assert ["ADD", "UPDATE"] == [line.event for line in changes]
        assert () == memory.verify().differences


def test_an_old_home_learns_whose_history_a_line_is(old: Path):
    """Lines of memories that are there, and of deleted ones, name their owner after the upgrade."""
    opened(old).close()

    engine = create_engine(f"sqlite:///{old / 'ledger.db'}")
    with engine.connect() as connection:
        owners = {row.owner for row in connection.execute(schema.history.select())}
    engine.dispose()

    assert {"user:maria", "user:bob"} == owners


def test_the_steps_lead_to_the_present_schema(tmp_path: Path):
    """An upgraded database has the tables, columns and indexes that the code describes."""
    SqlLedger.open(tmp_path / "stepped.db").close()
    made = Database.at(tmp_path / "made.db")
    with made.write("migrate") as connection:
        schema.metadata.create_all(connection)
        create(connection)
    made.close()

    assert shape(tmp_path / "made.db") == shape(tmp_path / "stepped.db")


def shape(path: Path) -> dict[str, object]:
    """Columns and indexes by table."""
    engine = create_engine(f"sqlite:///{path}")
    seen = inspect(engine)
    found: dict[str, object] = {
        name: (
            {c["name"]: (str(c["type"]), c["nullable"]) for c in seen.get_columns(name)},
            sorted((i["name"] or "", tuple(i["column_names"])) for i in seen.get_indexes(name)),
        )
        for name in seen.get_table_names()
    }
    engine.dispose()
    return found


def test_a_newer_home_is_refused(tmp_path: Path):
    """A home of a later version is left alone, and the error says what to do."""
    home = tmp_path / "home"
    with opened(home) as memory:
        memory._engine.ledger.set_meta("schema_version", str(len(MIGRATIONS) + 1))

    with pytest.raises(NewerHome, match="pip install --upgrade graphmem"):
        opened(home)


def test_a_step_that_fails_changes_nothing(old: Path):
    """Each step is one transaction: a crash in the middle leaves the old schema, and the next try succeeds."""
    database = Database.at(old / "ledger.db")
    with database.read() as connection:
        before = version(connection)

    def failing(connection: object) -> None:
        MIGRATIONS[before].apply(connection)  # type: ignore[arg-type]
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        migrate(database, (*MIGRATIONS[:before], MIGRATIONS[before]._replace(apply=failing)))
    with database.read() as connection:
        assert before == version(connection)
    migrate(database)
    with database.read() as connection:
        assert len(MIGRATIONS) == version(connection)
    database.close()
