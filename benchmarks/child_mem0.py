"""mem0ai as a child process: reads one task a line, does it, answers "ok". Started by engine.py, in mem0's environment.

python child_mem0.py BASE_URL HOME
"""

import json
import os
import sys

os.environ.update(MEM0_TELEMETRY="False", MEM0_DIR=sys.argv[2], OPENAI_API_KEY="none", ANONYMIZED_TELEMETRY="False")

from mem0 import Memory

base_url, home = sys.argv[1:]
model = {"api_key": "none", "openai_base_url": base_url}
memory = Memory.from_config(
    {
        "llm": {"provider": "openai", "config": {"model": "stub", **model}},
        "embedder": {"provider": "openai", "config": {"model": "stub", "embedding_dims": 384, **model}},
        "vector_store": {"provider": "chroma", "config": {"collection_name": "mem0", "path": f"{home}/chroma"}},
        "history_db_path": f"{home}/history.db",
    }
)
print("ok", flush=True)
for line in sys.stdin:
    task = json.loads(line)
    if "add" in task:
        added = memory.add(task["add"], user_id="bench")
        assert added["results"], added
    else:
        memory.search(task["search"], filters={"user_id": "bench"}, top_k=20)
    print("ok", flush=True)
