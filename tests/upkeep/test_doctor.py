"""doctor: what is wrong is told with its way out, and nothing is changed by looking."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from graphmem import Memory
from graphmem.flows.doctor import sqlite_check
from graphmem.values import Check, DoctorReport
from tests.conftest import Clock
from tests.faults import tearing
from tests.upkeep.worlds import PLAIN, opened


def examined(home: Path, **options: Any) -> tuple[DoctorReport, dict[str, Check]]:
    """The report, and its checks by name."""
    report = Memory.doctor(home=home, **{**PLAIN, **options})
    return report, {check.name: check for check in report.checks}


def test_a_sound_home_has_no_failure(one: Path) -> None:
    """Versions, disk, models, ledger; the settings with where they came from."""
    one.chmod(0o700)
    report, checks = examined(one, deep=True)
    origins = {setting.key: setting.origin for setting in report.settings}

    assert set() == {name for name, check in checks.items() if check.health == "failure"}
    assert {"graphmem", "python", "sqlite", "home", "permissions", "disk", "embedding model", "ledger"} <= set(checks)
    assert ("argument", "default") == (origins["home"], origins["llm_model"])
    assert "6 memories" in checks["ledger"].found or "memories" in checks["ledger"].found
    assert "every row" in checks["ledger inside"].found


@pytest.mark.parametrize(
    ("version", "health"),
    [((3, 6, 23), "ok"), ((3, 7, 0), "warning"), ((3, 40, 1), "warning"), ((3, 51, 2), "warning"), ((3, 51, 3), "ok")],
)
def test_the_range_of_the_wal_bug(version: tuple[int, ...], health: str) -> None:
    """From 3.7.0 to 3.51.2."""
    assert health == sqlite_check(version).health


def test_what_is_wrong_is_told(one: Path, clock: Clock) -> None:
    """Another model, unfinished and failed episodes, a home open to all, rows out of place."""
    with opened(one, clock) as memory:
        memory._engine.ledger.mark(memory.episodes()[0].id, "failed", "no model", retryable=True)
    one.chmod(0o755)
    with sqlite3.connect(one / "ledger.db") as raw:
        raw.execute("UPDATE entities SET degree = degree + 1")
        raw.execute("DELETE FROM vectors WHERE view = 'fact'")
    report, checks = examined(one, embedding_dimensions=24, deep=True)

    assert ("failure", "failure") == (report.health, checks["vectors"].health)
    assert "graphmem reembed" in checks["vectors"].advice
    assert ("warning", "Run: graphmem retry") == (checks["episodes"].health, checks["episodes"].advice)
    assert "graphmem reembed" in checks["missing vectors"].advice
    assert "chmod 700" in checks["permissions"].advice
    assert ("failure", True) == (checks["ledger inside"].health, "degree" in checks["ledger inside"].found)


def test_a_home_that_cannot_be_opened_is_examined(one: Path) -> None:
    """A damaged ledger, one of a newer version, and a model that cannot be built are findings, not errors."""
    with sqlite3.connect(one / "ledger.db") as raw:
        raw.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    newer = examined(one, embedder="ollama")[1]
    (one / "ledger.db").write_bytes(b"noise" * 1000)
    damaged = examined(one)[1]

    assert ("failure", True) == (newer["ledger"].health, "upgrade" in newer["ledger"].advice)
    assert "failure" == newer["embedding model"].health or newer["embedding model"].found
    assert ("failure", True) == (damaged["ledger"].health, "backup" in damaged["ledger"].advice)


def test_a_vector_store_that_is_not_whole_is_told(tmp_path: Path) -> None:
    """Cut off in the middle of a write, or damaged."""
    home = tearing.begun(tmp_path / "home", adds=1)
    seal, database = home / "chroma" / "index.seal", home / "chroma" / "chroma.sqlite3"
    whole = examined(home, vectors="chroma")[1]["vector store"]
    sealed = seal.read_text()
    seal.write_text("{}")
    cut_off = examined(home, vectors="chroma")[1]["vector store"]
    seal.write_text(sealed)
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"noise" * 1000)
    damaged = examined(home, vectors="chroma")[1]["vector store"]

    assert ("ok", "warning", "failure") == (whole.health, cut_off.health, damaged.health)
    assert cut_off.advice == damaged.advice == "Run: graphmem rebuild vectors"


def test_looking_changes_nothing(one: Path, tmp_path: Path) -> None:
    """A home of an older version is not brought to the present; an absent one is not made."""
    old = Path(__file__).parents[1] / "upgrades" / "homes" / "0.1.0" / "ledger.db"
    (one / "ledger.db").write_bytes(old.read_bytes())
    checks = examined(one)[1]
    examined(tmp_path / "absent")

    assert "schema 1;" in checks["ledger"].found
    assert old.read_bytes() == (one / "ledger.db").read_bytes()
    assert not (tmp_path / "absent").exists()
