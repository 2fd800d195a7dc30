"""One Mem0 with everything that Mem0 does, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from graphmem import Memory, Scope, Settings
from graphmem.adopting import AdoptReport, Mem0Source
from graphmem.models.contracts import Prompt, Reply
from graphmem.models.scripted import HashEmbedder
from tests.adopting.mem0_1 import Mem0Database

SISTER = "Sister Maria Silva plays the cello"
NOW = datetime(2025, 1, 1, tzinfo=UTC)


class NoModel:
    """A chat model that nobody may ask."""

    def complete(self, prompt: Prompt) -> Reply:
        raise AssertionError("an adoption asked a model")

    def close(self) -> None:
        """Nothing to free."""


def opened(home: Path, **options: Any) -> Memory:
    """A memory whose model must not be asked; 64 dimensions, as the old collection has."""
    options.setdefault("embedder", HashEmbedder(dimensions=64))
    options.setdefault("extractor", "none")
    return Memory.open(Settings(home=home), llm=NoModel(), clock=lambda: NOW, **options)


@dataclass
class Story:
    """A Mem0 database and the ids of what is in it."""

    mem0: Mem0Database
    user: str
    agent: str
    ids: dict[str, str]

    def source(self, **changes: Any) -> Mem0Source:
        """All of it, as far as it is the user's."""
        given = {"vectors": self.mem0.vectors, "history": self.mem0.history, "neo4j": self.mem0.url}
        return Mem0Source(**{**given, "scope": Scope(user_id=self.user), **changes})


def write_memories(mem0: Mem0Database, user: str, agent: str) -> dict[str, str]:
    """A year of Alex: a job, a move, a sister, a note by Bea, something to forget; and what the agent knows."""
    ids = {
        "name": mem0.memory("Name is Alex", at="2024-01-10T09:00:00", user_id=user, metadata={"category": "profile"}),
        "home": mem0.memory("Lives in Porto", at="2024-01-10T09:00:01", user_id=user),
        "work": mem0.memory("Works at Acme Corp", at="2024-01-10T09:00:02", user_id=user),
        "sister": mem0.memory(SISTER, at="2024-03-01T12:00:00", user_id=user, run_id="r1"),
        "note": mem0.memory("Bring cake.", at="2024-04-01T08:00:00", user_id=user, actor_id="Bea", role="assistant"),
        "secret": mem0.memory("Dreads Mondays", at="2024-04-02T08:00:00", user_id=user),
        "refund": mem0.memory("Refunds need a receipt", at="2024-05-01T08:00:00", agent_id=agent),
    }  # fmt: skip
    mem0.reword(ids["home"], "Lives in Lisbon, moved from Porto", at="2024-06-15T10:00:00")
    mem0.delete(ids["secret"], at="2024-04-03T08:00:00")
    return ids


def write_graph(mem0: Mem0Database, user: str, agent: str) -> None:
    """The edges beside them: 7 live and 2 invalid ones of the user that can be taken over, and 2 that cannot."""
    own = {"user_id": user}
    node = user.lower()
    mem0.edge(node, "lives_in", "porto", at="2024-01-10T09:00:05", types=("person", "city"), **own)
    mem0.edge(node, "works_at", "acme_corp", at="2024-01-10T09:00:06", types=("person", "company"), mentions=3, **own)
    mem0.edge(node, "lives_in", "lisbon", at="2024-06-15T10:00:04", types=("person", "city"), **own)
    mem0.invalidate(node, "lives_in", "porto", at="2024-06-15T10:00:03", user_id=user)
    mem0.edge(node, "likes", "jazz_music", at="2024-07-01T00:00:00", types=("person", "genre"), **own)
    mem0.edge(node, "used", "old_phone", at="2024-02-01T00:00:00", legacy=True, **own)
    mem0.edge(f"user_id:_{node}", "dates", "kim`]->() //", at="2024-08-01T00:00:00", **own)
    mem0.edge(node, "owns", "bike", at="2024-02-02T00:00:00", **own)
    mem0.invalidate(node, "owns", "bike", at="2024-02-03T00:00:00", user_id=user)
    run = {**own, "run_id": "r1"}
    mem0.edge(node, "has_sister", "maria_silva", at="2024-03-01T12:00:09", types=("__User__", "person"), **run)
    mem0.edge("maria_silva", "plays", "cello", at="2024-03-01T12:00:09", types=("person", "instrument"), **run)
    mem0.edge("paris", "is", "Paris_", at="2024-09-01T00:00:00", **own)
    mem0.edge(node, "knows", "zoe", at="2024-09-02T00:00:00", target_user=f"{user}-other", **own)
    mem0.edge("refund", "needs", "receipt", at="2024-05-01T08:00:30", types=("policy", "document"), agent_id=agent)
    mem0.plant(f"{user}-foreign")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, neo4j_url: str) -> Iterator[Story]:
    """A Mem0 with a graph. The server is shared, so names are this test run's own."""
    suffix = uuid4().hex[:8]
    user, agent = f"Alex-{suffix}", f"bot-{suffix}"
    mem0 = Mem0Database(tmp_path_factory.mktemp("mem0"), neo4j_url)
    ids = write_memories(mem0, user, agent)
    write_graph(mem0, user, agent)
    mem0._chroma.close()
    yield Story(mem0, user, agent, ids)
    mem0.drop()
    mem0._driver.close()


@dataclass
class Adopted:
    """A memory that took a story over."""

    memory: Memory
    story: Story
    report: AdoptReport


@pytest.fixture(scope="module")
def adopted(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adopted]:
    """The story in graphmem; for tests that only read."""
    with opened(tmp_path_factory.mktemp("home") / "home") as memory:
        yield Adopted(memory, story, memory.adopt(story.source()))
