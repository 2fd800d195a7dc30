"""kill -9 at any moment: what was acknowledged is there, the stores agree, and going on makes no duplicates."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from graphmem import Memory
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from tests.flows.conftest import triples

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = 40
KILLS = 3


def start(home: Path) -> subprocess.Popen[str]:
    """The child, adding from the first message on."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.flows.crash_child", str(home), str(MESSAGES)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def killed_after(home: Path, acknowledgements: int, pause: float) -> set[int]:
    """Kill the child some time after so many new acknowledgements; returns all that it acknowledged."""
    child = start(home)
    assert child.stdout is not None
    seen = set()
    for line in child.stdout:
        seen.add(int(line.split()[0]))
        if len(seen) >= acknowledgements:
            break
    time.sleep(pause)
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate()
    return seen | {int(line.split()[0]) for line in rest.splitlines() if line.strip()}


def reopened(home: Path) -> Memory:
    """The same home, in this process."""
    return Memory.open(home=home, embedder=HashEmbedder(64), extractor=ScriptedExtractor(triples))


def test_nothing_acknowledged_is_lost_by_kill_9(home: Path) -> None:
    """After each kill every acknowledged message is there and verify finds no difference; the end has no duplicates."""
    dice = random.Random(7)
    acknowledged: set[int] = set()
    for kill in range(KILLS):
        acknowledged |= killed_after(home, len(acknowledged) + dice.randint(1, 8), dice.uniform(0, 0.03))
        with reopened(home) as memory:
            assert () == memory.verify().differences, f"after kill {kill}"
            there = {e.idempotency_key for e in memory.episodes(limit=1000) if e.status == "done"}
            assert {f"message {number}" for number in acknowledged} <= there
    finished = start(home)
    assert 0 == (finished.communicate(), finished.returncode)[1]
    with reopened(home) as memory:
        assert MESSAGES == len(memory.episodes(limit=1000))
        assert MESSAGES + 1 == len(memory.relations(user_id="u"))
        assert MESSAGES == len(memory.relations("Ann", type="knows", user_id="u"))
        assert () == memory.verify().differences
