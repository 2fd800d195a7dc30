"""kill -9 at every named place: what was acknowledged is kept, nothing happens by half, the stores agree.

The short form of `make faults`, in a process of its own: children are forked from one that has opened nothing.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphmem import faults
from tests.architecture.source import ROOT, modules
from tests.faults.places import OF_CALLS, OF_COMMANDS, OF_GRAPH

RAM = Path("/dev/shm")
"""A kill leaves what was written to the system; whether a disk has it by then makes no difference."""


def places_in_the_code() -> Iterator[str]:
    """What is given to `reach`, and both sides of every write transaction."""
    for module in modules():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call) or not node.args or module.name == "graphmem.faults":
                continue
            first = node.args[0]
            name = ast.unparse(node.func).rsplit(".", maxsplit=1)[-1]
            if name == "reach" and isinstance(first, ast.Constant):
                yield str(first.value)
            elif name == "write" and "database" in ast.unparse(node.func):
                assert isinstance(first, ast.Constant), f"{module.at(node)} gives its transaction no name"
                yield from (f"ledger.{first.value}.{side}" for side in ("before", "after"))


def test_the_declared_places_are_those_of_the_code() -> None:
    """A place that is only declared would never be killed at; one that is not declared neither."""
    assert set(faults.POINTS) == set(places_in_the_code())
    assert len(faults.POINTS) >= 40
    assert len(faults.POINTS) == len(set(faults.POINTS))


def test_some_campaign_comes_to_each_place() -> None:
    """Each fails when it was never at one of its own."""
    assert set(faults.POINTS) == {*OF_CALLS, *OF_COMMANDS, *OF_GRAPH}
    assert len(faults.POINTS) == len(OF_CALLS) + len(OF_COMMANDS) + len(OF_GRAPH)


def test_nobody_listens_outside_of_tests() -> None:
    """A place costs a look at a variable; a listener is gone after its block, whatever came out of it."""
    heard: list[str] = []

    def fail(place: str) -> None:
        heard.append(place)
        raise RuntimeError(place)

    faults.reach("a")
    with pytest.raises(RuntimeError, match="b"), faults.listening(fail):
        faults.reach("b")
    faults.reach("c")

    assert ["b"] == heard


@pytest.mark.timeout(600)
def test_a_kill_at_any_place_loses_nothing(tmp_path: Path) -> None:
    """Each place once, some random moments, some kills during recovery; every trial must be as if nothing had been."""
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.faults", "--places", "--seeds", "2", "--random", "2", "--recovery", "2"]
    command += ["--no-go-on", "--folder", str(RAM if RAM.is_dir() else tmp_path), "--json", str(figures)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stderr
    at_places, at_random, in_recovery = json.loads(figures.read_text())["summary"]
    assert len(OF_CALLS) == at_places["places"] == at_places["kills"]
    assert (2, 2) == (at_random["kills"], in_recovery["kills"])
    assert 10 > max(row["longest recovery (s)"] for row in (at_places, at_random, in_recovery))
