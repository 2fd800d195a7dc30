"""Data is never code: a hostile string, in any place that takes text, is kept, found and compared as text alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphmem import Fact, GraphMemError, InputError, Memory
from graphmem.errors import NotFound, UnknownEntity
from graphmem.models.scripted import HashEmbedder
from graphmem.values import EntityDraft
from tests.conftest import Clock
from tests.lengths import longer
from tests.security.hostile import CHROMA, CHROMA_KEYS, CYPHER, FULL_TEXT, HOSTILE, SQL

WITNESS = "zqxwitness"
BATCH = 12
BATCHES = [HOSTILE[start : start + BATCH] for start in range(0, len(HOSTILE), BATCH)]


@pytest.fixture
def memory(home: Path, clock: Clock) -> Iterator[Memory]:
    """Holds something of somebody else, which nothing here may touch or show."""
    with Memory.open(home=home, embedder=HashEmbedder(32), extractor="none", clock=clock, redact="none") as opened:
        opened.add(
            f"{WITNESS} was here",
            facts=[Fact(text=f"{WITNESS} knows Bob", relations=((WITNESS, "knows", "Bob"),))],
            user_id=WITNESS,
        )
        yield opened


def tables(home: Path) -> list[str]:
    """The schema, word for word."""
    with sqlite3.connect(home / "ledger.db") as connection:
        return [row[0] or "" for row in connection.execute("SELECT sql FROM sqlite_master ORDER BY name")]


def test_there_are_as_many_as_there_should_be() -> None:
    """150 of Cypher, 100 of SQL, 50 of full text, 30 of Chroma's filters."""
    assert len(CYPHER) >= 150
    assert len(SQL) >= 100
    assert len(FULL_TEXT) >= 50
    assert len(CHROMA) >= 30
    assert len(set(HOSTILE)) == len(HOSTILE) >= 330


def told(text: str, message: int = 0) -> Fact:
    """A fact with the string in every place that a fact has: text, names, types, the relation, metadata."""
    other = f"{text} other"
    return Fact(
        text=f"fact {text}",
        message=message,
        subject=text,
        entities=(EntityDraft(name=text, type="Person"), EntityDraft(name=other, type=f"T {text}")),
        relations=((text, text, other),),
        metadata={"key": text, f"k {text}"[:200]: text},
    )


def test_hostile_strings_are_kept_as_text(home: Path, memory: Memory) -> None:
    """In content, speaker, metadata, fact, entity and relation; byte for byte, and the schema is as it was."""
    before, schema = memory.search(WITNESS, user_id=WITNESS).hits, tables(home)
    for batch in BATCHES:
        said = [{"name": text[:200], "content": text, "metadata": {text[:200]: text}} for text in batch]
        facts = [told(text, index) for index, text in enumerate(batch)]
        result = memory.add(said, user_id="ann", facts=facts)
        added = [change.memory_id for change in result.changes if change.event == "ADD"]
        found = [memory.get(memory_id) for memory_id in added]
        _, kept = memory._engine.ledger.episode(result.episode_id)
        assert [(f"fact {text}", text) for text in batch] == [(m.text, m.metadata["key"]) for m in found]
        assert list(batch) == [message.content for message in kept]
        assert [{text[:200]: text} for text in batch] == [message.metadata for message in kept]
    assert schema == tables(home)
    assert before == memory.search(WITNESS, user_id=WITNESS).hits
    assert () == memory.verify().differences


@pytest.mark.parametrize("part", range(4))
def test_hostile_strings_are_found_as_text(memory: Memory, part: int) -> None:
    """As a scope, a question and a filter value: found by itself and in its own scope; the short form takes some."""
    mine = HOSTILE[part::4]
    for text in mine[:: longer(6, 1)]:
        _found(memory, text)


def _found(memory: Memory, text: str) -> None:
    """One string in every place at once."""
    labels: dict[str, Any] = dict.fromkeys(("user_id", "agent_id", "app_id", "run_id"), text[:200])
    said = {"role": "user", "name": text[:200], "content": text, "metadata": {text[:200]: text}}
    result = memory.add(
        said, **labels, facts=[told(text)], idempotency_key=text, instructions=text, metadata={"m": text}
    )
    (memory_id,) = {change.memory_id for change in result.changes if change.event == "ADD"}
    found = memory.search(text, **labels, explain=True)
    shown = {hit.text for hit in found.hits}
    assert {text, f"fact {text}"} <= shown, (text, shown)
    assert WITNESS not in repr(found)
    one = memory.get(memory_id)
    assert (f"fact {text}", text, text) == (one.text, one.metadata["key"], one.metadata["m"])
    assert text[:200] == one.scope.user_id
    assert memory_id in {m.id for m in memory.list(**labels, filters={"key": text}).items}
    assert memory.add(
        said, **labels, facts=[told(text)], idempotency_key=text, instructions=text, metadata={"m": text}
    ).duplicate


@pytest.mark.parametrize("batch", BATCHES[:: longer(8, 1)], ids=lambda batch: batch[0][:12])
def test_hostile_names_ids_and_queries_reach_nothing(memory: Memory, batch: tuple[str, ...]) -> None:
    """As an id, a name, a relation type, a cursor, a filter or a question of another tenant: nothing, or a refusal."""
    for text in batch:
        scope = {"user_id": "nobody"}
        for call in (memory.get, memory.delete, memory.undo, memory.erase):
            with pytest.raises((NotFound, InputError)):
                call(text)
        with pytest.raises((NotFound, InputError)):
            memory.update(text, text="x y z")
        with pytest.raises((UnknownEntity, InputError)):
            memory.entity(text, **scope)
        assert () == memory.history(text[:256])
        assert () == memory.relations(**scope, type=text)
        assert () == memory.search(text, **scope, filters={"key": text}).hits
        assert () == memory.search(text, **scope).hits


@pytest.mark.parametrize("key", [*CHROMA_KEYS[:: longer(2, 1)], *CYPHER[:: longer(30, 2)], *SQL[:: longer(20, 2)]])
def test_a_hostile_filter_key_is_a_key_or_an_error(memory: Memory, key: str) -> None:
    """No key of a filter shows what another tenant has; one that is no key is refused as a filter."""
    for value in ({"$ne": "x"}, {"ne": ""}, "*", ["a", "b"], {"$gt": 0}):
        try:
            found = memory.list(user_id="nobody", filters={key: value}).items
        except GraphMemError as exc:
            assert isinstance(exc, InputError), exc
        else:
            assert () == found


def test_every_hostile_string_may_be_deleted_alone(memory: Memory) -> None:
    """Deleting what belongs to one hostile name leaves its neighbours: no wildcard, no case, no prefix."""
    names = [text[:200] for text in HOSTILE if text.strip()][:: longer(24, 3)]
    for name in names:
        memory.add(f"I am {name}", user_id=name)
    for index, name in enumerate(names):
        assert 1 == memory.delete_all(user_id=name).messages, name
        left = {episode.scope.user_id for episode in memory.episodes(limit=10_000)}
        assert {*names[index + 1 :], WITNESS} == left
