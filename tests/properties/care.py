"""The rules of what keeps a memory in order: plans, reviews, expiry, backups, exports, restarts, rebuilds."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, timedelta
from shutil import rmtree

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from graphmem import Memory
from graphmem.errors import ConflictError, NotFound
from tests.properties.home import CANARIES, Home, Planned, people, places, tenants
from tests.properties.invariants import NOTHING, files_with, picture


class Care(Home):
    """What a person does with a memory beside talking to it."""

    def _until(self, lasts: int | None) -> dict[str, datetime]:
        """The option of an add that says when it is over: counted from when it is said."""
        return {} if lasts is None else {"expires_at": self.now + timedelta(hours=1 + lasts)}

    # plans

    @rule(tenant=tenants, who=people, where=places, trust=st.sampled_from([None, "web"]))
    def plan(self, tenant: str, who: str, where: str, trust: str | None) -> None:
        """What an add would do is told, and nothing is written."""
        self._step()
        self.rows.moved()
        plan = self.memory.plan(f"{who} lives_in {where}{CANARIES[tenant]}.", user_id=tenant, trust=trust)
        assert not self.rows.moved()
        self.plans.append(Planned(tenant, plan, self.marks[tenant], self.seen[tenant]))

    @precondition(lambda self: self.plans)
    @rule(data=st.data())
    def apply(self, data: st.DataObject) -> None:
        """A plan does what it said while nothing has changed, and nothing afterwards."""
        one = self.plans.pop(data.draw(st.integers(0, len(self.plans) - 1)))
        self._step()
        untouched = one.rows == self.marks[one.tenant]
        try:
            result = self.memory.apply(one.plan)
        except ConflictError:
            assert not untouched
            self._same()
            return
        if result.duplicate:
            self._same()
            return
        before = self._changed(one.tenant, result.resolution_id)
        assert one.seen == before._replace(waiting=one.seen.waiting)
        # What was rejected meanwhile has changed nothing that the plan reckons with.
        assert before.waiting <= one.seen.waiting
        assert one.plan.plan.changes == result.changes
        added = {change.memory_id for change in result.changes if change.event == "ADD"}
        assert added == self.seen[one.tenant].facts.keys() - before.facts.keys()

    # what is not trusted

    @rule(tenant=tenants, who=people, where=places)
    def hear(self, tenant: str, who: str, where: str) -> None:
        """What a page of the web says ends nothing that a user said: it waits."""
        self._step()
        text = f"{who} lives_in {where}{CANARIES[tenant]}."
        result = self.memory.add(text, user_id=tenant, idempotency_key=f"web {self.steps}", trust="web")
        before = self._changed(tenant, result.resolution_id)
        after = self.seen[tenant]
        trusted = {i: fact for i, fact in before.live(self.now).items() if fact.trust == "user"}
        assert trusted == {i: after.facts[i] for i in trusted}
        assert set(result.reviews) == {i for i, _ in after.waiting - before.waiting if i in result.reviews}

    @precondition(lambda self: any(seen.waiting for seen in self.seen.values()))
    @rule(data=st.data(), taken=st.booleans())
    def decide(self, data: st.DataObject, taken: bool) -> None:
        """What is accepted holds; what is rejected changes nothing; neither waits any more."""
        tenant = data.draw(st.sampled_from([t for t in sorted(CANARIES) if self.seen[t].waiting]))
        review_id, text = data.draw(st.sampled_from(sorted(self.seen[tenant].waiting)))
        self._step()
        try:
            review = self.memory.accept(review_id) if taken else self.memory.reject(review_id)
        except (ConflictError, NotFound):
            self._same()
            return
        before = self._changed(tenant, review.resolution_id)
        after = self.seen[tenant]
        assert (review_id, text) not in after.waiting
        if not taken:
            assert before.facts == after.facts
        elif review.kind != "merge" and text not in {fact.text for fact in after.live(self.now).values()}:
            # Something newer has come since: what is accepted was so until then.
            begun = {fact.valid_from for fact in before.facts.values() if fact.text.startswith(text.split()[0])}
            said = {i: fact for i, fact in after.facts.items() if fact.text == text and fact.trust == "user"}
            assert said
            assert all(fact.valid_to in begun for i, fact in said.items() if i not in before.facts)

    # what is over

    @rule(lasting=st.integers(1, 6))
    def wait(self, lasting: int) -> None:
        """Time passes."""
        self.now += timedelta(hours=lasting)

    @rule(tenant=tenants, purge=st.booleans(), dry_run=st.booleans())
    def expire(self, tenant: str, purge: bool, dry_run: bool) -> None:
        """What is past its time goes, and nothing else does."""
        self._step()
        seen = self.seen[tenant]
        due = {i for i, fact in seen.facts.items() if fact.expires_at is not None and fact.expires_at <= self.now}
        report = self.memory.expire(user_id=tenant, purge=purge, dry_run=dry_run)
        assert len(due) == report.memories
        if dry_run:
            self._same()
            return
        before = self._changed(tenant, report.resolution_ids[0] if report.resolution_ids else None)
        assert {i: fact for i, fact in before.facts.items() if i not in due} == self.seen[tenant].facts
        if purge:
            assert report.receipt is not None
            assert report.receipt.complete, report.receipt.problem
            self._forget(tenant)

    # what changes nothing

    @precondition(lambda self: self.steps % 8 == 3)
    @rule()
    def restart(self) -> None:
        """Closed and opened again, all is as it was."""
        self._leave()
        self._enter()
        self._all_the_same()

    @precondition(lambda self: self.steps % 8 == 5)
    @rule()
    def rebuild(self) -> None:
        """The stores are written anew, and agree."""
        assert () == self.memory.rebuild().differences
        self._same()
        self._all_the_same()

    @precondition(lambda self: self.steps % 8 == 7)
    @rule(tenant=st.none() | tenants)
    def move_house(self, tenant: str | None) -> None:
        """An export read into an empty home says the same; that of one tenant holds nothing of others."""
        folder = self.home.parent / "moving"
        folder.mkdir()
        self.memory.export(folder / "export.jsonl", user_id=tenant, vectors=tenant is None)
        if tenant is not None:
            assert [] == [other for other in CANARIES if other != tenant and files_with(folder, CANARIES[other])]
        with self._opened(folder / "home") as copy:
            report = copy.import_from(folder / "export.jsonl")
            for name, seen in self.seen.items():
                assert (seen if tenant in (None, name) else NOTHING) == picture(copy, name), report
            assert () == copy.verify().differences
            self._clear(copy)
        rmtree(folder)

    @precondition(lambda self: self.steps % 8 == 2)
    @rule()
    def put_aside(self) -> None:
        """A backup is made while the home is in use, and changes nothing."""
        folder = self.home.parent / "backup"
        rmtree(folder, ignore_errors=True)
        self.memory.backup(folder)
        self._same()
        self.aside = {name: deepcopy(getattr(self, name)) for name in ("seen", "done", "said", "joined")}

    @precondition(lambda self: hasattr(self, "aside") and self.steps % 8 == 6)
    @rule()
    def go_back(self) -> None:
        """The backup restored over the home: all is as it was then."""
        self._leave()
        Memory.restore(self.home.parent / "backup", home=self.home, force=True, **self.options)
        self._enter()
        for name, kept in self.aside.items():
            setattr(self, name, deepcopy(kept))
        self.plans = []
        self._all_the_same()
        assert () == self.memory.verify().differences

    def _clear(self, copy: Memory) -> None:
        """What a copy leaves outside of its folder goes with it."""
