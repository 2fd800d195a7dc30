"""Random calls of three tenants on one home, against what each call promises and what always holds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from graphmem import GraphMemError, Memory
from graphmem.errors import ConflictError, ModelUnavailable, NotFound
from graphmem.models.contracts import ExtractionRequest
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from graphmem.values import Draft, EntityDraft, FactDraft, RelationDraft
from tests.properties.invariants import Picture, files_with, pages, picture, wrong

START = datetime(2024, 1, 1, tzinfo=UTC)
RAM = Path("/dev/shm")
STATEMENT = re.compile(r"([A-Z]\w*) (lives_in|knows) ([A-Z]\w*)")
CANARIES = {"ann": "zqxann", "bob": "zqxbob", "cem": "zqxcem"}

tenants = st.sampled_from(sorted(CANARIES))
people = st.sampled_from(["Dana", "Emil", "Fay"])
places = st.sampled_from(["Oslo", "Rome", "Lima"])
tags = st.sampled_from(["red", "blue"])


def read(request: ExtractionRequest) -> Draft:
    """Every "Dana lives_in Oslo" is a fact with its relation; a message that asks for trouble gets it."""
    if any("AWAY" in message.content for message in request.messages):
        raise ModelUnavailable("The model is away.", advice="Try again.")
    return Draft(
        facts=tuple(
            FactDraft(
                text=f"{found[0]}.", message=index, quote=found[0], subject=found[1],
                entities=(EntityDraft(name=found[1], type="Person"), EntityDraft(name=found[3])),
                relations=(RelationDraft(source=found[1], type=found[2], target=found[3]),),
            )
            for index, message in enumerate(request.messages)
            for found in STATEMENT.finditer(message.content)
        )
    )  # fmt: skip


class Done(NamedTuple):
    """A change that may be undone, and what its tenant saw before and after it."""

    tenant: str
    resolution_id: str
    before: Picture
    after: Picture


class Tenants(RuleBasedStateMachine):
    """Three tenants talk of people with the same names; each writes its canary into every place that it names."""

    vectors = "chroma"
    performed = 0
    """Steps of all machines in this process."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(mkdtemp(dir=RAM if RAM.is_dir() else None)) / "home"
        self.now, self.steps = START, 0
        self.done: list[Done] = []
        self.keys: list[tuple[str, str, str, dict[str, Any]]] = []
        self.failed = 0

    @initialize()
    def open(self) -> None:
        """An empty home."""
        self.memory = self._opened(self.home)
        self.seen = self._look()

    def _opened(self, home: Path) -> Memory:
        parts: dict[str, Any] = {"embedder": HashEmbedder(32), "extractor": ScriptedExtractor(read)}
        return Memory.open(home=home, clock=lambda: self.now, vectors=self.vectors, **parts)

    def _look(self) -> dict[str, Picture]:
        return {tenant: picture(self.memory, tenant) for tenant in CANARIES}

    def _step(self) -> None:
        self.now += timedelta(hours=1)
        self.steps += 1

    def _changed(self, tenant: str | None, resolution_id: str | None = None) -> Picture:
        """Look again: nobody but `tenant` may see a difference. Returns what it saw before."""
        before, self.seen = self.seen, self._look()
        for name in CANARIES:
            if name != tenant:
                assert before[name] == self.seen[name], f"{name} sees what {tenant} did"
        if tenant is None:
            return before["ann"]
        if resolution_id:
            self.done.append(Done(tenant, resolution_id, before[tenant], self.seen[tenant]))
        return before[tenant]

    def _same(self) -> None:
        self._changed(None)

    def _fact(self, tenant: str, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.seen[tenant].facts)))

    # what goes in

    @rule(tenant=tenants, who=people, where=places, tag=tags)
    def move(self, tenant: str, who: str, where: str, tag: str) -> None:
        """Who lives somewhere else than before leaves the place before."""
        place = f"{where}{CANARIES[tenant]}"
        self._add(tenant, f"{who} lives_in {place}.", metadata={"tag": tag})
        live = {t.target for t in self.seen[tenant].ties if (t.source, t.type, t.valid_to) == (who, "lives_in", None)}
        assert {place} == live or who in self._merged(tenant)

    @rule(tenant=tenants, who=people, whom=people, place=places)
    def meet(self, tenant: str, who: str, whom: str, place: str) -> None:
        """Knowing one ends no knowing of others."""
        before = {i for i, f in self.seen[tenant].facts.items() if f.live}
        self._add(tenant, f"{who} knows {whom}{CANARIES[tenant]}. {who} knows {place}{CANARIES[tenant]}.")
        assert before <= {i for i, f in self.seen[tenant].facts.items() if f.live}

    def _add(self, tenant: str, text: str, **options: Any) -> None:
        self._step()
        key = f"{tenant} {self.steps}"
        result = self.memory.add(text, user_id=tenant, idempotency_key=key, **options)
        before = self._changed(tenant, result.resolution_id)
        self.keys.append((tenant, key, text, options))
        told = {change.memory_id for change in result.changes}
        assert result.status in {"done", "empty"}
        assert {c.memory_id for c in result.changes if c.event == "ADD"} == set(self.seen[tenant].facts) - set(
            before.facts
        )
        assert all(self.seen[tenant].facts[i] == fact for i, fact in before.facts.items() if i not in told)

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def say_again(self, data: st.DataObject) -> None:
        """The same key and text again writes nothing."""
        tenant, key, text, options = data.draw(st.sampled_from(self.keys))
        result = self.memory.add(text, user_id=tenant, idempotency_key=key, **options)
        assert result.duplicate
        self._same()

    @rule(tenant=tenants)
    def say_to_nobody(self, tenant: str) -> None:
        """An add whose model is away waits, and its message is kept."""
        self._step()
        result = self.memory.add(f"AWAY {CANARIES[tenant]}", user_id=tenant, idempotency_key=f"away {self.steps}")
        assert "failed" == result.status
        self._same()

    @rule()
    def retry(self) -> None:
        """The model is still away: nothing is lost by asking."""
        assert {"failed"} >= {result.status for result in self.memory.retry()}
        self._same()

    # what is changed

    @precondition(lambda self: any(p.facts for p in self.seen.values()))
    @rule(data=st.data(), tag=tags, where=places)
    def update(self, data: st.DataObject, tag: str, where: str) -> None:
        """What is given changes, in this memory and no other; metadata is merged."""
        tenant = data.draw(st.sampled_from([t for t in sorted(CANARIES) if self.seen[t].facts]))
        memory_id = self._fact(tenant, data)
        text = data.draw(st.sampled_from([None, f"Dana knows {where}{CANARIES[tenant]}."]))
        self._step()
        self.memory.update(memory_id, text=text, metadata={"note": tag})
        before = self._changed(tenant, self.memory.history(memory_id)[-1].resolution_id)
        old, new = before.facts[memory_id], self.seen[tenant].facts[memory_id]
        assert new._replace(text=old.text, metadata=old.metadata) == old
        assert new.text == (text or old.text)
        assert dict(new.metadata) == {**dict(old.metadata), "note": tag}
        assert {i: f for i, f in before.facts.items() if i != memory_id} == {
            i: f for i, f in self.seen[tenant].facts.items() if i != memory_id
        }

    @precondition(lambda self: any(p.facts for p in self.seen.values()))
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """It is gone, with what only it supported; the others are as they were."""
        tenant = data.draw(st.sampled_from([t for t in sorted(CANARIES) if self.seen[t].facts]))
        memory_id = self._fact(tenant, data)
        self._step()
        report = self.memory.delete(memory_id)
        before = self._changed(tenant, report.resolution_id)
        gone = before.facts.keys() - self.seen[tenant].facts.keys()
        assert memory_id in gone
        assert len(gone) == report.memories
        assert all(before.facts[i] == fact for i, fact in self.seen[tenant].facts.items())

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        """What nothing builds on is taken back to the letter; the rest is refused and stays as it is."""
        one = data.draw(st.sampled_from(self.done))
        self._step()
        try:
            self.memory.undo(one.resolution_id)
        except (ConflictError, NotFound):
            self._same()
            return
        now = self.seen[one.tenant]
        self._changed(one.tenant)
        self.done.remove(one)
        if now == one.after:
            assert one.before == self.seen[one.tenant]

    @rule(tenant=tenants, one=people, other=people)
    def merge(self, tenant: str, one: str, other: str) -> None:
        """Two entities become one that has both names; the facts stay."""
        self._step()
        try:
            report = self.memory.merge(one, other, user_id=tenant)
        except GraphMemError:
            self._same()
            return
        before = self._changed(tenant, report.resolution_id)
        assert before.facts.keys() == self.seen[tenant].facts.keys()
        assert any(other in names for _, names in self.seen[tenant].entities)

    @rule(tenant=tenants, one=people, other=people)
    def split(self, tenant: str, one: str, other: str) -> None:
        """A merge is taken back; the facts stay."""
        self._step()
        try:
            report = self.memory.split(one, other, user_id=tenant)
        except GraphMemError:
            self._same()
            return
        before = self._changed(tenant, report.resolution_id)
        assert before.facts.keys() == self.seen[tenant].facts.keys()

    def _merged(self, tenant: str) -> set[str]:
        """Names that are names of one entity with others."""
        together = [{name, *aliases} for name, aliases in self.seen[tenant].entities if set(aliases) - {name}]
        return set().union(*together) if together else set()

    # what goes out

    @precondition(lambda self: any(p.facts for p in self.seen.values()))
    @rule(data=st.data())
    def erase_one(self, data: st.DataObject) -> None:
        """One memory for good; no undo brings it back."""
        tenant = data.draw(st.sampled_from([t for t in sorted(CANARIES) if self.seen[t].facts]))
        memory_id = self._fact(tenant, data)
        self._step()
        receipt = self.memory.erase(memory_id)
        self._changed(tenant)
        assert receipt.complete, receipt.problem
        assert memory_id not in self.seen[tenant].facts
        assert () == self.memory.history(memory_id)
        self._forget(tenant)

    @precondition(lambda self: self.steps % 5 == 4)
    @rule(tenant=tenants, for_good=st.booleans())
    def remove_all(self, tenant: str, for_good: bool) -> None:
        """A tenant goes; erased, no file of the home holds its canary."""
        self._step()
        if for_good:
            receipt = self.memory.erase(user_id=tenant)
            assert receipt.complete, receipt.problem
            assert [] == files_with(self.home, CANARIES[tenant])
        else:
            self.memory.delete_all(user_id=tenant)
        self._changed(tenant)
        assert Picture({}, frozenset(), frozenset()) == self.seen[tenant]
        self._forget(tenant)

    def _forget(self, tenant: str) -> None:
        self.done = [one for one in self.done if one.tenant != tenant]
        self.keys = [key for key in self.keys if key[0] != tenant]

    # what is asked

    @precondition(lambda self: any(p.facts for p in self.seen.values()))
    @rule(data=st.data())
    def search(self, data: st.DataObject) -> None:
        """A live fact is found by its words; scores fall; nothing of others and nothing ended is shown."""
        tenant = data.draw(st.sampled_from([t for t in sorted(CANARIES) if self.seen[t].facts]))
        fact = self.seen[tenant].facts[memory_id := self._fact(tenant, data)]
        found = self.memory.search(fact.text, user_id=tenant, k=100)
        scores = [hit.score for hit in found.hits]
        facts = [hit.id for hit in found.hits if hit.source == "fact"]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert len(facts) == len(set(facts))
        assert (memory_id in facts) == fact.live
        assert all(self.seen[tenant].facts[i].live for i in facts)
        assert {tenant} >= {hit.scope.user_id for hit in found.hits}
        assert not any(canary in repr(found) for name, canary in CANARIES.items() if name != tenant)

    @rule(tenant=tenants, size=st.integers(1, 4), tag=tags)
    def list(self, tenant: str, size: int, tag: str) -> None:
        """Pages hold each live memory once; a filter gives what it says."""
        live = {i: f for i, f in self.seen[tenant].facts.items() if f.live}
        assert sorted(live) == sorted(pages(self.memory, tenant, size))
        wanted = {i for i, f in live.items() if dict(f.metadata).get("tag") == tag}
        assert wanted == {m.id for m in self.memory.list(user_id=tenant, filters={"tag": tag}, limit=1000)}

    # what changes nothing

    @precondition(lambda self: self.steps % 4 == 3)
    @rule()
    def restart(self) -> None:
        """Closed and opened again, all is as it was."""
        self.memory.close()
        self.memory = self._opened(self.home)
        self._same()

    @precondition(lambda self: self.steps % 6 == 5)
    @rule()
    def rebuild(self) -> None:
        """The stores are written anew, and agree."""
        assert () == self.memory.rebuild().differences
        self._same()

    @precondition(lambda self: self.steps % 7 == 6)
    @rule()
    def move_house(self) -> None:
        """An export read into an empty home says the same."""
        file, other = self.home.parent / "export.jsonl", self.home.parent / "other"
        self.memory.export(file, force=True)
        with self._opened(other) as copy:
            report = copy.import_from(file)
            assert self.seen == {tenant: picture(copy, tenant) for tenant in CANARIES}, report
            assert () == copy.verify().differences
        rmtree(other)

    @invariant()
    def always(self) -> None:
        """Tenants are apart, intervals make sense, nothing in the graph or the ledger is left over."""
        Tenants.performed += 1
        if hasattr(self, "seen"):
            assert [] == wrong(self.memory, self.seen, CANARIES)

    def teardown(self) -> None:
        """At the end the stores say what the ledger says."""
        try:
            if hasattr(self, "memory"):
                assert () == self.memory.verify().differences
                self.memory.close()
        finally:
            rmtree(self.home.parent, ignore_errors=True)


class OnLedger(Tenants):
    """Without a vector store, which is quicker: for the bulk of the long form."""

    vectors = "none"
