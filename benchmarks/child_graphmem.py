"""graphmem as a child process: reads one task a line, does it, answers "ok". Started by engine.py.

python child_graphmem.py BASE_URL HOME
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from graphmem import Memory


def opened(base_url: str, home: str) -> Memory:
    """A home that asks the stub for everything; ledger, Chroma and graph are written at every add."""
    return Memory.open(
        home=home,
        llm_provider="custom",
        llm_model="stub",
        llm_base_url=base_url,
        llm_api_key="none",
        embedder="custom",
        embedding_model="stub",
        embedding_base_url=base_url,
        embedding_api_key="none",
        embedding_dimensions=384,
    )


def main() -> None:
    with opened(*sys.argv[1:]) as memory:
        print("ok", flush=True)
        for line in sys.stdin:
            task = json.loads(line)
            if "add" in task:
                added = memory.add(task["add"], user_id="bench")
                assert added.projected, added
                assert added.changes, added
            else:
                assert memory.search(task["search"], user_id="bench", k=20).hits, task
            print("ok", flush=True)


if __name__ == "__main__":
    main()
