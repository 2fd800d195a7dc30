"""Commands on a whole home: how the home is prepared, and what is done to it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

from graphmem import Memory
from graphmem.adopting import Mem0Source
from graphmem.errors import NotFound
from graphmem.models.scripted import HashEmbedder
from tests.faults.states import State, state
from tests.faults.workload import World, planned

OLD, NEW = 32, 48
FEW = 14
"""Calls of the workload that make the home."""
SPAN = 0.06
"""Seconds of a lease; a model that takes longer lets it be renewed."""
SLOW = 0.05
"""Seconds that the model takes for a worker."""


@dataclass(frozen=True)
class Command:
    """What is done to a home, and how the home is opened after it."""

    name: str
    prepare: Callable[[Path], None]
    run: Callable[[Path], object]
    dimensions: tuple[int, ...] = (OLD,)
    """Of the embedders that may open the home at some time; the last one after the command."""

    def state(self, home: Path) -> State:
        """What is compared: a lease of a killed worker stays until somebody needs its owner."""
        found = state(home)
        found.pop("leases", None)
        return found


def time_passes(home: Path) -> None:
    """Leases run out, and nothing else changes."""
    if (home / "ledger.db").exists():
        with closing(sqlite3.connect(home / "ledger.db")) as connection, connection, suppress(sqlite3.OperationalError):
            connection.execute("UPDATE leases SET until = 0")


@contextmanager
def at(home: Path, **world: Any) -> Iterator[Memory]:
    """The home, opened after those calls."""
    with World(number=FEW, **world).opened(home) as memory:
        yield memory


def filled(seed: int, home: Path, most: int = FEW) -> None:
    """A home with facts that ended, were changed, deleted and undone."""
    world = World()
    with world.opened(home) as memory:
        for number, call in enumerate(planned(seed, memory, world)):
            if number == most:
                break
            world.perform(memory, number, call)
            world.number = number + 1


def reembedded(home: Path) -> None:
    """With a model of other dimensions."""
    Memory.reembed(home=home, embedder=HashEmbedder(NEW))


def exported(seed: int, home: Path) -> None:
    """An export beside an empty home."""
    full = home.parent / "full"
    filled(seed, full)
    with at(full) as memory:
        memory.export(home.parent / "export.jsonl")
    rmtree(full)
    home.mkdir()


def imported(home: Path) -> None:
    """Read the export."""
    with at(home) as memory:
        memory.import_from(home.parent / "export.jsonl")


def backed_up(seed: int, home: Path) -> None:
    """A backup beside a home that has changed since."""
    filled(seed, home, FEW)
    with at(home) as memory:
        memory.backup(home.parent / "backup")
        memory.delete_all(user_id="ann")
        memory.add("Hana knows Ivo.", user_id="bob")


def restored(home: Path) -> None:
    """The home as it was when it was backed up."""
    Memory.restore(home.parent / "backup", home=home, force=True)


def beside_mem0(seed: int, home: Path) -> None:
    """A home, and what another memory gave for two users."""
    filled(seed, home, 3)
    found = [
        {
            "id": f"m{seed}{n}",
            "memory": f"Lives in {city}",
            "user_id": user,
            "created_at": f"2023-0{n + 1}-01T00:00:00Z",
        }
        for n, city in enumerate(("Oslo", "Rome", "Lima"))
        for user in (("ann", "dora")[n % 2],)
    ]
    (home.parent / "mem0.json").write_text(json.dumps({"results": found}), encoding="utf-8")


def adopted(home: Path) -> None:
    """Take over what the other memory gave."""
    with at(home) as memory:
        memory.adopt(Mem0Source(vectors=home.parent / "mem0.json"))


def waiting(seed: int, home: Path) -> None:
    """Episodes of two owners that nobody has read."""
    filled(seed, home, 3)
    with at(home) as memory:
        for number in range(5):
            memory.add(f"Ann lives_in City{seed}{number}.", user_id=("ann", "bob")[number % 2], wait=False)


def worked(home: Path) -> None:
    """Read them all, with a lease that is renewed while the model works."""
    with at(home, pause=SLOW) as memory:
        memory.work(until_empty=True, lease_seconds=SPAN, name="worker")


def alike(seed: int, home: Path) -> None:
    """Two entities of one owner that may be one."""
    filled(seed, home, 3)
    with at(home) as memory:
        memory.add("Hana knows Hanna.", user_id="dora")
        ends = sorted(entity.id for entity in memory.entities(user_id="dora"))
    with closing(sqlite3.connect(home / "ledger.db")) as connection, connection:
        connection.execute("INSERT INTO similar VALUES (?, ?, 0.9)", ends)


def told_apart(home: Path) -> None:
    """Refuse to make one of them."""
    with at(home) as memory, suppress(NotFound):
        for review in memory.reviews(user_id="dora"):
            memory.reject(review.id)


def commands(seed: int) -> tuple[Command, ...]:
    """All of them."""
    return (
        Command("reembed", lambda home: filled(seed, home), reembedded, (OLD, NEW)),
        Command("import", lambda home: exported(seed, home), imported),
        Command("restore", lambda home: backed_up(seed, home), restored),
        Command("adopt", lambda home: beside_mem0(seed, home), adopted),
        Command("work", lambda home: waiting(seed, home), worked),
        Command("reject a merge", lambda home: alike(seed, home), told_apart),
    )
