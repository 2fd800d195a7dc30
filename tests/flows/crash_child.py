"""A process that adds numbered messages, says which were accepted, and is killed by its parent at some moment."""

from __future__ import annotations

import sys
from pathlib import Path

from graphmem import Memory
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from tests.flows.conftest import triples


def main(home: str, count: int) -> None:
    """Add `count` messages; a message that was accepted before is not added again."""
    memory = Memory.open(home=Path(home), embedder=HashEmbedder(64), extractor=ScriptedExtractor(triples))
    with memory:
        for number in range(count):
            said = f"Ann knows Person{number}. Bob lives_in City{number}."
            result = memory.add(said, user_id="u", run_id="chat", idempotency_key=f"message {number}")
            print(number, result.status, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
