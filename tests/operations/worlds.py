"""What the tests of operations look at: everything an owner has, and every byte of a home."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from graphmem import Memory


def everything(memory: Memory, user: str) -> tuple[Any, ...]:
    """All that can be read of a user, past included, for comparing before and after."""
    facts = memory.list(user_id=user, include_past=True, limit=1000).items
    return (
        facts,
        {fact.id: memory.history(fact.id) for fact in facts},
        memory.episodes(user_id=user, limit=1000),
        memory.entities(user_id=user, limit=1000),
        sorted(memory.relations(user_id=user, include_past=True), key=lambda relation: relation.id),
        {e.name: memory.entity(f"{e.name} ({e.type})", user_id=user).mentions for e in memory.entities(user_id=user)},
        {(v.item_id, v.view): v.vector.tobytes() for v in memory._engine.ledger.projected_vectors()
         if v.scope.user_id == user},
    )  # fmt: skip


def bytes_left(home: Path, *texts: str | bytes) -> dict[tuple[str, str], int]:
    """(file, text) -> occurrences in the file's bytes; words are looked for in lower case, UTF-8, UTF-16 and base64."""
    found: dict[tuple[str, str], int] = {}
    for path in sorted(home.rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            folded = raw.lower()
            for text in texts:
                if isinstance(text, bytes):
                    count = raw.count(text)
                else:
                    word = text.encode()
                    forms = {word.lower(), text.lower().encode("utf-16-le")}
                    count = sum(folded.count(form) for form in forms) + raw.count(base64.b64encode(word)[:-4])
                if count:
                    found[path.name, str(text)] = count
    return found
