"""One home, several users of it: nothing is lost, nobody is told of a lock, and who may write to Chroma is clear."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graphmem import Memory, faults
from graphmem.errors import StoreError
from tests.architecture.source import ROOT
from tests.concurrency.__main__ import opened
from tests.lengths import longer

RAM = Path("/dev/shm")


@pytest.mark.timeout(600)
def test_processes_and_threads_share_a_home(tmp_path: Path) -> None:
    """4 processes of 8 threads: no error reaches a caller, every change is there once, the stores agree at the end."""
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.concurrency", "--calls", str(longer(3, 60)), "--json", str(figures)]
    command += ["--folder", str(RAM if RAM.is_dir() else tmp_path)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr
    found = json.loads(figures.read_text())
    assert [] == found["problems"]
    assert "chroma" in found["vectors"]


def interrupted(memory: Memory, other: Memory, place: str, first: str, second: str) -> None:
    """`memory` says the first thing; when it comes to `place`, `other` says the second, whole."""
    waiting = [second]

    def hook(here: str) -> None:
        if here == place and waiting:
            other.add(waiting.pop(), user_id="ann")

    with faults.listening(hook):
        memory.add(first, user_id="ann")
    assert [] == waiting


@pytest.mark.parametrize("place", ["add.recorded", "add.extracted", "add.embedded", "add.decided"])
def test_what_another_process_decides_meanwhile_is_seen(home: Path, place: str) -> None:
    """Two that were decided on the same state do not both stand: the later commit decides anew."""
    with opened(home) as memory, opened(home) as other:
        memory.add("Town lives_in Oslo.", user_id="ann")
        interrupted(memory, other, place, "Town lives_in Rome.", "Town lives_in Lima.")
        now = memory.relations("Town", user_id="ann", type="lives_in")
        assert 1 == len(now), [relation.target.name for relation in now]
        assert 3 == len(memory.list(user_id="ann", include_past=True))


def test_the_same_fact_twice_at_once_is_kept_once(home: Path) -> None:
    """Said to two processes at one time it is one memory, seen twice."""
    with opened(home) as memory, opened(home) as other:
        interrupted(memory, other, "add.decided", "Dana knows Emil.", "I say it again: Dana knows Emil.")
        (only,) = memory.list(user_id="ann", include_past=True)
        assert 2 == only.times_seen


HOLDER = """
import sys, time
from tests.concurrency.__main__ import opened
from pathlib import Path
with opened(Path(sys.argv[1])) as memory:
    memory.add("Dana knows Emil.", user_id="ann")
    print("ready", flush=True)
    sys.stdin.readline()
"""


def test_a_second_process_is_told_what_it_may_do(home: Path) -> None:
    """While another owns Chroma: it adds, searches and verifies, and says who owns it; a rebuild is refused."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert "ready" == holder.stdout.readline().strip()
        with opened(home) as memory:
            result = memory.add("Dana knows Fay.", user_id="ann")
            assert (True, False) == (bool(result.changes), result.projected)
            assert {"Dana knows Emil.", "Dana knows Fay."} <= {
                h.text for h in memory.search("Dana knows", user_id="ann")
            }
            assert "Another process owns" in memory.status().vectors
            assert 0 < memory.status().pending
            with pytest.raises(StoreError, match="Another process owns"):
                memory.rebuild("vectors")
        holder.communicate("done\n")
    with opened(home) as memory:
        assert () == memory.verify().differences
        assert 0 == memory.status().pending
