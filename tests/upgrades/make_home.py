"""Makes the fixture home of a release: python -m tests.upgrades.make_home tests/upgrades/homes/VERSION

Run once, with the release's own code, before its schema changes. It writes `ledger.db` and `state.json`, the hash of
every row of every table; an upgrade must leave those rows as they are.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DERIVED = ("words_", "sqlite_")
"""Full text is written anew by some upgrades; it is checked by searching."""


def tables(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Table -> columns, in order of names."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    kept = [name for name in names if not name.startswith(DERIVED)]
    return {
        name: sorted(row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (name,)))
        for name in kept
    }


def state(path: Path, shape: dict[str, list[str]]) -> str:
    """Hash of the rows of these tables in these columns; the schema version does not count."""
    connection = sqlite3.connect(path)
    found: dict[str, list[list[str]]] = {}
    for name, columns in shape.items():
        listed = ", ".join(f'"{column}"' for column in columns)
        rows = connection.execute(f'SELECT {listed} FROM "{name}"')
        plain = [[repr(value) for value in row] for row in rows if "schema_version" not in row]
        found[name] = sorted(plain)
    connection.close()
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def fill(home: Path) -> None:
    """Two users; facts added, said again, superseded, changed, deleted and undone; a failed add."""
    from graphmem import Fact, Memory

    moments = iter(datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(hours=n) for n in range(10_000))
    options: dict[str, Any] = {"embedder": "hash", "embedding_dimensions": 16, "vectors": "none", "extractor": "none"}
    with Memory.open(home=home, clock=lambda: next(moments), **options) as memory:

        def say(text: str, *relations: tuple[str, str, str], user: str = "maria", **more: Any) -> str:
            fact = Fact(text=text, relations=relations, subject=relations[0][0] if relations else None)
            return str(memory.add(text, facts=[fact], user_id=user, **more).resolution_id)

        say("Maria lives in Lisbon", ("Maria", "lives_in", "Lisbon"), at="2023-02-01", metadata={"n": 1, "tags": ["a"]})
        say("Maria lives in Porto", ("Maria", "lives_in", "Porto"), at="2023-09-01", run_id="chat-1")
        say("Maria works at Acme", ("Maria", "works_at", "Acme"), run_id="chat-1")
        say("Maria works at Acme", ("Maria", "works_at", "Acme"), run_id="chat-2")
        say("Ana is Maria's sister", ("Ana", "sister_of", "Maria"))
        memory.undo(say("Maria plays chess", ("Maria", "plays", "chess")))
        say("Bob knows Ana", ("Bob", "knows", "Ana"), user="bob", agent_id="helper")
        memory.add(
            [{"role": "user", "content": "Zoë mag Käse 🧀"}, {"role": "assistant", "content": "Noted."}],
            user_id="bob",
            infer=False,
        )
        facts = {item.text: item.id for item in memory.list(user_id="maria")}
        memory.update(facts["Maria works at Acme"], text="Maria works at Acme as a baker", metadata={"checked": True})
        memory.delete(facts["Ana is Maria's sister"])


def main(target: Path) -> None:
    """Make the home and its hash."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as folder:
        fill(Path(folder))
        source = sqlite3.connect(Path(folder) / "ledger.db")
        # Small pages and no journal: the file is for keeping.
        source.execute("PRAGMA journal_mode=DELETE")
        source.execute("PRAGMA page_size=512")
        source.execute("VACUUM")
        shape = tables(source)
        source.close()
        (target / "ledger.db").write_bytes((Path(folder) / "ledger.db").read_bytes())
    known = {"shape": shape, "state": state(target / "ledger.db", shape)}
    (target / "state.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
