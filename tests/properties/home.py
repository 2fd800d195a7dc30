"""The home that random calls are made on, and how it is looked at: cheaply after each call, wholly now and then."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, ClassVar, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from graphmem import Memory
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from graphmem.values import PlannedAdd
from tests.properties.invariants import Picture, picture, wrong, wrong_of
from tests.properties.reading import read
from tests.properties.rows import Rows

START = datetime(2024, 1, 1, tzinfo=UTC)
RAM = Path("/dev/shm")
CANARIES = {"ann": "zqxann", "bob": "zqxbob", "cem": "zqxcem"}
OFTEN = 10
"""Steps from one look at everything to the next."""

tenants = st.sampled_from(sorted(CANARIES))
people = st.sampled_from(["Dana", "Emil", "Fay"])
places = st.sampled_from(["Oslo", "Rome", "Lima"])
tags = st.sampled_from(["red", "blue"])


class Done(NamedTuple):
    """A change that may be undone, and what its tenant saw before and after it."""

    tenant: str
    resolution_id: str
    before: Picture
    after: Picture


class Said(NamedTuple):
    """An add that may be repeated."""

    tenant: str
    key: str
    text: str
    options: dict[str, Any]


class Planned(NamedTuple):
    """An add that was only planned, and what its tenant's rows and facts were then."""

    tenant: str
    plan: PlannedAdd
    rows: str
    seen: Picture


class Home(RuleBasedStateMachine):
    """Three tenants on one home. A subclass says which stores it has."""

    options: ClassVar[dict[str, Any]] = {"vectors": "chroma"}
    reads_claims: ClassVar[bool] = True
    performed: ClassVar[int] = 0
    """Steps of all machines in this process."""
    examples: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(mkdtemp(dir=RAM if RAM.is_dir() else None)) / "home"
        self.now, self.steps, self.calls = START, 0, 0
        self.done: list[Done] = []
        self.said: list[Said] = []
        self.plans: list[Planned] = []
        self.joined: dict[str, set[str]] = {tenant: set() for tenant in CANARIES}
        """Names that were made those of one entity at some time."""

    @initialize()
    def open(self) -> None:
        """An empty home."""
        Home.examples += 1
        self._enter()
        self.seen = self._look()

    def _enter(self) -> None:
        """Open the home, or take the one of the example before, emptied."""
        self.memory = self._opened(self.home)
        if not self.reads_claims:
            self.memory._engine = replace(self.memory._engine, reader=None)
        self.rows = Rows(self.home)
        self._mark()

    def _mark(self) -> None:
        """Take the rows of all as they are now."""
        self.rows.moved()
        self.marks = {tenant: self.rows.of(tenant) for tenant in CANARIES}

    def _leave(self) -> None:
        self.rows.close()
        self.memory.close()

    def _opened(self, home: Path) -> Memory:
        parts: dict[str, Any] = {"embedder": HashEmbedder(32), "extractor": ScriptedExtractor(read)}
        return Memory.open(home=home, clock=lambda: self.now, **parts, **self.options)

    def _look(self) -> dict[str, Picture]:
        return {tenant: picture(self.memory, tenant) for tenant in CANARIES}

    def _step(self) -> None:
        self.now += timedelta(hours=1)
        self.steps += 1

    def _changed(self, tenant: str, resolution_id: str | None = None) -> Picture:
        """Look again: of nobody but `tenant` may a row differ. Returns what it saw before."""
        before = self.seen[tenant]
        self.seen[tenant] = picture(self.memory, tenant)
        for name, aliases in self.seen[tenant].entities:
            self.joined[tenant] |= {name, *aliases} if set(aliases) - {name} else set()
        self._apart(tenant)
        others = [canary for name, canary in CANARIES.items() if name != tenant]
        found = wrong_of(self.seen[tenant], others, self.now, self.joined[tenant])
        assert not found, found
        if resolution_id:
            self.done.append(Done(tenant, resolution_id, before, self.seen[tenant]))
        return before

    def _apart(self, tenant: str | None) -> None:
        """The rows of all but one are what they were."""
        if self.rows.moved():
            marks = {name: self.rows.of(name) for name in CANARIES}
            changed = {name for name, mark in marks.items() if mark != self.marks[name]}
            self.marks = marks
            assert changed <= {tenant}, f"{changed} changed by {tenant}"

    def _same(self, tenant: str | None = None) -> None:
        """Nobody sees a difference; rows of `tenant` may have changed in a way that is not seen."""
        self._apart(tenant)
        if tenant is not None:
            assert self.seen[tenant] == picture(self.memory, tenant)

    def _all_the_same(self) -> None:
        """As `_same`, read by the library for everybody."""
        assert self.seen == self._look()

    def _fact(self, tenant: str, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.seen[tenant].facts)))

    def _who(self, data: st.DataObject) -> str:
        """A tenant that has facts."""
        return data.draw(st.sampled_from([tenant for tenant in sorted(CANARIES) if self.seen[tenant].facts]))

    def _has_facts(self) -> bool:
        return any(seen.facts for seen in self.seen.values())

    def _forget(self, tenant: str) -> None:
        """What was kept of a tenant is no longer good for repeating or undoing."""
        self.done = [one for one in self.done if one.tenant != tenant]
        self.said = [one for one in self.said if one.tenant != tenant]
        self.plans = [one for one in self.plans if one.tenant != tenant]

    def _homes_of(self, tenant: str, who: str) -> set[str]:
        """Where somebody lives now, as the graph says."""
        seen = self.seen[tenant]
        return {t.target for t in seen.ties if (t.source, t.type) == (who, "lives_in") and seen.holds(t, self.now)}

    @invariant()
    def always(self) -> None:
        """Now and then everything: what all see, and that nothing in the ledger is left over."""
        Home.performed += 1
        self.calls += 1
        if hasattr(self, "seen") and self.calls % OFTEN == 0:
            self._everything()

    def _everything(self) -> None:
        self._all_the_same()
        found = wrong(self.memory, self.seen)
        assert not found, found

    def teardown(self) -> None:
        """At the end the stores say what the ledger says."""
        try:
            # After a failure this would only hide it.
            if hasattr(self, "seen") and sys.exc_info()[0] is None:
                self._everything()
                different = self.memory.verify().differences
                assert not different, different
        finally:
            if hasattr(self, "rows"):
                self._end()
            rmtree(self.home.parent, ignore_errors=True)

    def _end(self) -> None:
        self._leave()
