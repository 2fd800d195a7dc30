"""Small worlds for the tests of the ledger: a clock, scopes, and plans in few words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from graphmem.ledger.sql import SqlLedger
from graphmem.stores.contracts import VectorItem
from graphmem.values import (
    Addition,
    Closure,
    Entity,
    Episode,
    Evidence,
    Memory,
    Message,
    MessageRecord,
    Plan,
    Scope,
    Triple,
    When,
)
from tests import postgres_server

START = datetime(2024, 1, 1, tzinfo=UTC)
MARIA = Scope(user_id="maria")
BOB = Scope(user_id="bob")


DATABASES = ("sqlite", "postgres")


@contextmanager
def database(kind: str, folder: Path) -> Iterator[Path | str]:
    """Where an empty ledger can be opened: a path in the folder, or a schema of its own."""
    if kind == "sqlite":
        yield folder / "ledger.db"
    else:
        yield postgres_server.emptied()


def day(number: int) -> datetime:
    """The midnight `number` days after the start."""
    return START + timedelta(days=number)


def now(number: int = 1000, **how: object) -> When:
    """A moment to read at."""
    return When(now=day(number), **how)  # type: ignore[arg-type]


def say(ledger: SqlLedger, *texts: str, scope: Scope = MARIA, on: int = 0, name: str = "") -> tuple[MessageRecord, ...]:
    """Record one episode of user messages."""
    episode = Episode(
        id=name or f"ep:{scope.owner}:{scope.run_id}:{on}:{texts[0][:20]}",
        scope=scope,
        conversation=f"talk:{scope.run_id or scope.owner}",
        occurred_at=day(on),
        recorded_at=day(on),
    )
    return ledger.record(episode, [Message(content=text) for text in texts]).messages


def entity(name: str, owner: str = "maria") -> Entity:
    """An entity whose id is its owner and name."""
    return Entity(id=f"{owner}/{name}", name=name, type="Thing")


def fact(
    text: str,
    source: MessageRecord,
    *triples: tuple[str, str, str],
    on: int = 0,
    recorded: int | None = None,
    until: int | None = None,
    metadata: Mapping[str, object] | None = None,
    **fields: object,
) -> Addition:
    """A memory with the text as id, resting on one message."""
    owner = source.scope.owner.partition(":")[2]
    ties = tuple(Triple(source_id=f"{owner}/{s}", type=t, target_id=f"{owner}/{o}") for s, t, o in triples)
    memory = Memory(
        id=f"{owner}#{text}",
        text=text,
        scope=source.scope,
        recorded_at=day(on if recorded is None else recorded),
        valid_from=day(on),
        valid_to=None if until is None else day(until),
        metadata=metadata or {},
        subject_id=ties[0].source_id if ties else None,
        **fields,  # type: ignore[arg-type]
    )
    span = Evidence(episode_id=source.episode_id, message_id=source.id, message_index=source.position, quote="q")
    named = tuple(dict.fromkeys(end for tie in ties for end in (tie.source_id, tie.target_id)))
    return Addition(memory=memory, evidence=(span,), entity_ids=named, triples=ties)


def close(text: str, on: int, by: str | None = None, owner: str = "maria") -> Closure:
    """The closure of a memory made by `fact`."""
    return Closure(memory_id=f"{owner}#{text}", valid_to=day(on), superseded_by=by and f"{owner}#{by}", reason="moved")


def plan(name: str, *additions: Addition, on: int = 0, scope: Scope = MARIA, **parts: object) -> Plan:
    """A plan whose entities are those that its triples name."""
    ids = dict.fromkeys(i for a in additions for i in a.entity_ids)
    entities = tuple(Entity(id=i, name=i.split("/")[-1]) for i in ids)
    return Plan(
        resolution_id=name,
        scope=scope,
        at=day(on),
        entities=entities,
        additions=additions,
        **parts,  # type: ignore[arg-type]
    )


def vector(*numbers: float) -> np.ndarray:
    """A vector of length 1."""
    found = np.array(numbers, dtype=np.float32)
    return found / np.linalg.norm(found)


def item(item_id: str, *numbers: float, view: str = "fact", scope: Scope = MARIA) -> VectorItem:
    """A vector of an item."""
    return VectorItem(item_id, view, scope, vector(*numbers))  # type: ignore[arg-type]


def live(ledger: SqlLedger, scope: Scope = MARIA, **how: object) -> list[str]:
    """Texts of the memories that a read sees, sorted."""
    return sorted(memory.text for memory in ledger.list(scope, now(**how), limit=1000))  # type: ignore[arg-type]


def rows(ledger: SqlLedger, scope: Scope) -> tuple[object, ...]:
    """Everything that an owner has, for comparing before and after."""
    facts = ledger.list(scope, now(everything=True), limit=10_000).items
    said = [ledger.episode(e.id) for e in ledger.episodes(scope=scope)]
    ids = [memory.id for memory in facts]
    vectors = sorted((v.item_id, v.view, v.vector.tobytes()) for v in ledger.projected_vectors() if v.scope == scope)
    ties = ledger.graph.relations(scope, now(everything=True))
    names: Sequence[Entity] = ledger.find_entities(scope, limit=1000)
    found = [ledger.lexical("fact", memory.text, scope) for memory in facts]
    return (facts, said, ledger.evidence(ids), vectors, ties, names, [[n.item_id for n in f] for f in found])
