"""A home with something of everything: facts that ended, were changed, deleted, undone, and two owners."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from graphmem import Fact, Memory
from tests.conftest import Clock

PLAIN: dict[str, Any] = {"embedder": "hash", "embedding_dimensions": 16, "vectors": "none", "extractor": "none"}


def opened(home: Path, clock: Clock, **options: Any) -> Memory:
    """A memory without Chroma, with 16 dimensions; `options` replace these."""
    return Memory.open(home=home, clock=clock, **{**PLAIN, **options})


def say(memory: Memory, clock: Clock, text: str, *ties: tuple[str, str, str], user: str = "maria", **more: Any) -> Any:
    """Add one supplied fact, an hour later than what was before."""
    clock.advance(hours=1)
    fact = Fact(text=text, relations=ties, subject=ties[0][0] if ties else None)
    return memory.add(text, facts=[fact], user_id=user, **more)


def fill(memory: Memory, clock: Clock) -> None:
    """Add, supersede, change, delete, undo; Maria and Bob."""
    say(memory, clock, "Maria lives in Lisbon", ("Maria", "lives_in", "Lisbon"), metadata={"n": 1, "tags": ["a", "b"]})
    say(memory, clock, "Maria lives in Porto", ("Maria", "lives_in", "Porto"), run_id="chat-1")
    say(memory, clock, "Maria works at Acme", ("Maria", "works_at", "Acme"), run_id="chat-1")
    gone = say(memory, clock, "Maria likes tea", ("Maria", "likes", "tea"))
    back = say(memory, clock, "Maria likes çay and 日本茶", ("Maria", "likes", "日本茶"))
    say(memory, clock, "Bob works at Acme", ("Bob", "works_at", "Acme"), user="bob")
    memory.update(gone.changes[0].memory_id, "Maria loves tea", {"checked": True})
    clock.advance(hours=1)
    memory.delete(gone.changes[0].memory_id)
    report = memory.delete(back.changes[0].memory_id)
    clock.advance(hours=1)
    memory.undo(report.resolution_id)


def copied(home: Path, target: Path) -> Path:
    """A home of one's own, as the given one is."""
    shutil.copytree(home, target)
    return target


def answers(memory: Memory, user: str = "maria") -> tuple[object, ...]:
    """What a user of the memory sees: facts in order, history, search, relations."""
    facts = memory.list(user_id=user, include_past=True).items
    found = memory.search("Where does Maria live and work?", user_id=user)
    return (
        facts,
        [memory.history(fact.id) for fact in facts],
        [(hit.id, round(hit.score, 6)) for hit in found],
        memory.relations(user_id=user, include_past=True),
        [e.model_dump() for e in memory.episodes(user_id=user)],
    )
