"""Random calls of three tenants on one home, against what each call promises and what always holds."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from graphmem import GraphMemError, Memory
from graphmem.errors import ConflictError, NotFound
from tests.properties.care import Care
from tests.properties.home import CANARIES, Said, people, places, tags, tenants
from tests.properties.invariants import NOTHING, files_with, pages

hours = st.sampled_from([None, None, None, 2, 8])


class Tenants(Care):
    """Three tenants talk of people with the same names; each writes its canary into every place that it names."""

    # what goes in

    @rule(tenant=tenants, who=people, where=places, tag=tags, lasts=hours)
    def move(self, tenant: str, who: str, where: str, tag: str, lasts: int | None) -> None:
        """Who lives somewhere else than before leaves the place before."""
        place = f"{where}{CANARIES[tenant]}"
        self._add(tenant, f"{who} lives_in {place}.", metadata={"tag": tag}, **self._until(lasts))
        assert {place} == self._homes_of(tenant, who) or who in self.joined[tenant]

    @rule(tenant=tenants, who=people, whom=people, place=places, lasts=hours)
    def meet(self, tenant: str, who: str, whom: str, place: str, lasts: int | None) -> None:
        """Knowing one ends no knowing of others."""
        before = self.seen[tenant].facts
        text = f"{who} knows {whom}{CANARIES[tenant]}. {who} knows {place}{CANARIES[tenant]}."
        self._add(tenant, text, **self._until(lasts))
        assert {i for i, f in before.items() if f.open} <= {i for i, f in self.seen[tenant].facts.items() if f.open}

    def _add(self, tenant: str, text: str, **options: Any) -> None:
        self._step()
        key = f"{tenant} {self.steps}"
        result = self.memory.add(text, user_id=tenant, idempotency_key=key, **options)
        before = self._changed(tenant, result.resolution_id)
        self.said.append(Said(tenant, key, text, options))
        told = {change.memory_id for change in result.changes}
        after = self.seen[tenant].facts
        assert result.status in {"done", "empty"}
        assert {c.memory_id for c in result.changes if c.event == "ADD"} == after.keys() - before.facts.keys()
        assert all(after[i] == fact for i, fact in before.facts.items() if i not in told)

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def say_again(self, data: st.DataObject) -> None:
        """The same key and text again writes nothing."""
        tenant, key, text, options = self.said[data.draw(st.integers(0, len(self.said) - 1))]
        result = self.memory.add(text, user_id=tenant, idempotency_key=key, **options)
        assert result.duplicate
        self._same()

    @rule(tenant=tenants)
    def say_to_nobody(self, tenant: str) -> None:
        """An add whose model is away waits, and its message is kept."""
        self._step()
        result = self.memory.add(f"AWAY {CANARIES[tenant]}", user_id=tenant, idempotency_key=f"away {self.steps}")
        assert "failed" == result.status
        self._same(tenant)

    @precondition(lambda self: self.steps % 4 == 1)
    @rule()
    def retry(self) -> None:
        """The model is still away: nothing is lost by asking."""
        self._step()
        assert {"failed"} >= {result.status for result in self.memory.retry()}
        self._all_the_same()
        self._mark()

    # what is changed

    @precondition(lambda self: self._has_facts())
    @rule(data=st.data(), tag=tags, where=places)
    def update(self, data: st.DataObject, tag: str, where: str) -> None:
        """What is given changes, in this memory and no other; metadata is merged."""
        tenant = self._who(data)
        memory_id = self._fact(tenant, data)
        text = data.draw(st.sampled_from([None, f"Dana knows {where}{CANARIES[tenant]}."]))
        self._step()
        self.memory.update(memory_id, text=text, metadata={"note": tag})
        before = self._changed(tenant, self.memory.history(memory_id)[-1].resolution_id)
        old, new = before.facts[memory_id], self.seen[tenant].facts[memory_id]
        assert new._replace(text=old.text, metadata=old.metadata) == old
        assert new.text == (text or old.text)
        assert dict(new.metadata) == {**dict(old.metadata), "note": tag}
        assert {**before.facts, memory_id: new} == self.seen[tenant].facts

    @precondition(lambda self: self._has_facts())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """It is gone, with what only it supported; the others are as they were."""
        tenant = self._who(data)
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
        one = self.done[data.draw(st.integers(0, len(self.done) - 1))]
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

    @precondition(lambda self: self.steps % 6 == 4)
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

    @precondition(lambda self: any(self.joined.values()))
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

    # what goes out

    @precondition(lambda self: self._has_facts())
    @rule(data=st.data())
    def erase_one(self, data: st.DataObject) -> None:
        """One memory for good; no undo brings it back."""
        tenant = self._who(data)
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
        assert NOTHING == self.seen[tenant]
        self._forget(tenant)
        self.joined[tenant] = set()

    # what is asked

    @precondition(lambda self: self._has_facts())
    @rule(data=st.data())
    def search(self, data: st.DataObject) -> None:
        """A live fact is found by its words; scores fall; nothing of others and nothing ended is shown."""
        tenant = self._who(data)
        fact = self.seen[tenant].facts[memory_id := self._fact(tenant, data)]
        found = self.memory.search(fact.text, user_id=tenant, k=100)
        scores = [hit.score for hit in found.hits]
        facts = [hit.id for hit in found.hits if hit.source == "fact"]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert len(facts) == len(set(facts))
        assert (memory_id in facts) == fact.live(self.now)
        assert set(facts) <= self.seen[tenant].live(self.now).keys()
        assert {tenant} >= {hit.scope.user_id for hit in found.hits}
        assert not any(canary in repr(found) for name, canary in CANARIES.items() if name != tenant)

    @rule(tenant=tenants, size=st.integers(1, 4), tag=tags)
    def list(self, tenant: str, size: int, tag: str) -> None:
        """Pages hold each live memory once; a filter gives what it says."""
        live = self.seen[tenant].live(self.now)
        assert sorted(live) == sorted(pages(self.memory, tenant, size))
        wanted = {i for i, f in live.items() if dict(f.metadata).get("tag") == tag}
        assert wanted == {m.id for m in self.memory.list(user_id=tenant, filters={"tag": tag}, limit=1000)}

    @rule(tenant=tenants, who=people)
    def ask(self, tenant: str, who: str) -> None:
        """The graph answers what the list says: the live relations of somebody, all of them, and no others."""
        seen = self.seen[tenant]
        live = {(t.source, t.type, t.target) for t in seen.ties if seen.holds(t, self.now)}
        if who not in {name for name, _ in seen.entities}:
            return
        mine = {tie for tie in live if who in (tie[0], tie[2])}
        assert mine == _triples(self.memory.entity(who, user_id=tenant).now)
        assert mine == _triples(self.memory.neighbors(who, user_id=tenant).relations)
        assert live == _triples(self.memory.graph(user_id=tenant).relations)
        always = {(t.source, t.type, t.target) for t in seen.ties if who in (t.source, t.target)}
        assert always == _triples(self.memory.timeline(who, user_id=tenant))


def _triples(relations: Any) -> set[tuple[str, str, str]]:
    return {(r.source.name, r.type, r.target.name) for r in relations}


class OnLedger(Tenants):
    """Without a vector store and a reader of sentences, which is quicker: for the bulk of the long form."""

    options: ClassVar[dict[str, Any]] = {"vectors": "none"}
    reads_claims: ClassVar[bool] = False


class OnNeo4j(OnLedger):
    """With the graph in Neo4j; a subclass says in `options` where it is."""

    options: ClassVar[dict[str, Any]] = {"vectors": "none", "graph": "neo4j"}

    def _clear(self, copy: Memory) -> None:
        graph = copy._engine.projection.graph
        if graph is not None and (store := graph.current()) is not None:
            store.erase()

    def _end(self) -> None:
        self._clear(self.memory)
        super()._end()
