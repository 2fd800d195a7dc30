"""Mem0's quickstart runs after changing one import, with no key and no server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from graphmem.mem0 import AsyncMemory, Memory


@pytest.fixture(autouse=True)
def own_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default home, elsewhere; the default embedder is heavy, so words stand in for meaning."""
    monkeypatch.setenv("GRAPHMEM_HOME", str(home))
    monkeypatch.setenv("GRAPHMEM_EMBEDDER", "hash")
    return home


def test_the_quickstart(own_home: Path):
    """Add, search, list, get, update, history, delete: each call answers in the shape that the guide prints."""
    m = Memory()
    messages = [
        {"role": "user", "content": "Hi, I'm Alex. I love basketball and gaming."},
        {"role": "assistant", "content": "Hey Alex! I'll remember your interests."},
    ]

    added = m.add(messages, user_id="alex", metadata={"category": "hobbies"})
    memory_id = next(item["id"] for item in added["results"] if "basketball" in item["memory"])
    found = m.search("What does Alex love? basketball", user_id="alex")
    everything = m.get_all(user_id="alex")
    one = m.get(memory_id)
    updated = m.update(memory_id=memory_id, data="Alex plays tennis on weekends")
    events = [entry["event"] for entry in m.history(memory_id=memory_id)]
    deleted = m.delete(memory_id=memory_id)
    cleared = m.delete_all(user_id="alex")
    m.close()

    assert {"ADD"} == {item["event"] for item in added["results"]}
    assert memory_id in [item["id"] for item in found["results"]]
    assert memory_id in [item["id"] for item in everything["results"]]
    assert one is not None
    assert {"category": "hobbies"} == one["metadata"]
    assert {"message": "Memory updated successfully!"} == updated
    assert ["ADD", "UPDATE"] == events
    assert {"message": "Memory deleted successfully!"} == deleted
    assert {"message": "Memories deleted successfully!"} == cleared
    assert (own_home / "ledger.db").exists()


def test_the_chat_loop_of_the_guide():
    """Search, build a prompt from `results`, answer, add the exchange: what most agents do with Mem0."""
    with Memory() as memory:
        memory.add([{"role": "user", "content": "I live in Porto."}], user_id="alex")

        relevant = memory.search(query="Where do I live? Porto", user_id="alex", limit=3)
        prompt = "\n".join(f"- {entry['memory']}" for entry in relevant["results"])

    assert "Porto" in prompt


def test_the_quickstart_of_async_memory():
    """The same calls, awaited; from_config is not."""

    async def run() -> tuple[dict, dict, list]:
        async with AsyncMemory.from_config({}) as memory:
            added = await memory.add("I love basketball.", user_id="alex")
            found = await memory.search("basketball", user_id="alex")
            return added, found, await memory.history(added["results"][0]["id"])

    added, found, history = asyncio.run(run())

    assert added["results"][0]["id"] == found["results"][0]["id"]
    assert ["ADD"] == [entry["event"] for entry in history]


def test_what_was_added_is_there_for_the_next_process():
    """Closing and opening again loses nothing."""
    with Memory() as first:
        memory_id = first.add("I love basketball.", user_id="alex")["results"][0]["id"]

    with Memory() as second:
        assert memory_id == second.get_all(user_id="alex")["results"][0]["id"]
