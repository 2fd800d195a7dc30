"""Workers: what was only recorded is read once, in order, whoever is killed; what comes too late is refused."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from graphmem import InputError, LeaseLost, Memory, ModelUnavailable
from graphmem.ledger.memories.leases import MOST_ATTEMPTS
from graphmem.models.contracts import ExtractionRequest
from graphmem.values import Draft
from tests.conftest import Clock
from tests.ledger.worlds import DATABASES, database, plan
from tests.postgres.killing import Numbered, opened, record, run
from tests.upkeep.worlds import PLAIN


@pytest.fixture(params=DATABASES)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Both databases."""
    with database(request.param, tmp_path) as found:
        yield str(found)


def memory_at(where: str, home: Path, clock: Clock, extractor: Any = None) -> Memory:
    """A memory there, with a clock that stands still."""
    options: dict[str, Any] = {"ledger_url": where} if "://" in where else {}
    return Memory.open(home=home, clock=clock, **{**PLAIN, "extractor": extractor or Numbered(), **options})


def texts(memory: Memory, user: str) -> list[str]:
    """Facts of a user, oldest first."""
    return [fact.text.rpartition(" ")[2] for fact in reversed(memory.list(user_id=user).items)]


def test_recording_reads_nothing_and_a_worker_does(where: str, tmp_path: Path, clock: Clock) -> None:
    """The messages are found by words at once; the facts come with a worker; retry leaves them to it."""
    with memory_at(where, tmp_path, clock) as memory:
        first = memory.add("000001", user_id="ann", wait=False)
        again = memory.add("000001", user_id="ann", wait=False)
        found = memory.search("000001", user_id="ann").hits
        nothing = (memory.retry(), memory.list(user_id="ann").items)
        report = memory.work(until_empty=True)

        assert ("pending", (), False, True) == (first.status, first.changes, first.duplicate, again.duplicate)
        assert list(first.message_ids) == [hit.id for hit in found]
        assert ((), ()) == nothing
        assert (1, 0, 0) == tuple(report.model_dump().values())
        assert ["000001"] == texts(memory, "ann")
        assert ["done"] == [e.status for e in memory.episodes()]
        assert {"queue": 0, "leases": 0} == {name: memory.status().counts[name] for name in ("queue", "leases")}
        assert 0 == memory.work(until_empty=True).episodes
        with pytest.raises(InputError, match="lease_seconds"):
            memory.work(lease_seconds=0)


def test_each_owner_is_one_workers_at_a_time(where: str, tmp_path: Path, clock: Clock) -> None:
    """Claims give different owners; a lease that ran out goes to another, and its late writes are refused."""
    with memory_at(where, tmp_path, clock) as memory:
        record(memory, 4, owners=2)
        ledger, minute = memory._engine.ledger, timedelta(minutes=1)
        now = clock.now
        leases = [ledger.working.claim(name, now, now + minute) for name in ("a", "b", "c")]
        first, second = leases[0], leases[1]
        assert first is not None and second is not None and leases[2] is None
        assert ("user:owner0", "user:owner1") == (first.owner, second.owner)
        later = clock.advance(minutes=2)
        assert ledger.working.renew(second, later + minute)
        taken = ledger.working.claim("c", later, later + minute)

        assert taken is not None and ("user:owner0", "c") == (taken.owner, taken.holder)
        assert not ledger.working.renew(first, later + minute)
        before = ledger.keeping.state()
        late = ledger.working.fenced(first)
        for write in (
            lambda: late.commit(plan("late")),
            lambda: late.mark(memory.episodes()[0].id, "failed"),
            lambda: late.store_vectors([]),
            lambda: ledger.working.next_episode(first),
        ):
            with pytest.raises(LeaseLost):
                write()
        ledger.working.release(first)
        assert before == ledger.keeping.state()
        assert ledger.working.renew(taken, later + minute)


class Down:
    """A model that is down for the first calls."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def extract(self, request: ExtractionRequest) -> Draft:
        self.calls -= 1
        if self.calls >= 0:
            raise ModelUnavailable("down")
        return Numbered().extract(request)


def test_a_failing_model_leaves_the_episode_to_retry(where: str, tmp_path: Path, clock: Clock) -> None:
    """The worker goes on with the next; the failed one waits for `retry`, and for no worker."""
    with memory_at(where, tmp_path, clock, Down(1)) as memory:
        record(memory, 2, owners=1)
        report = memory.work(until_empty=True)
        failed = memory.episodes(status="failed")
        memory.retry()

        assert (1, 1) == (report.episodes, report.failed)
        assert 1 == len(failed)
        assert {"000000", "000001"} == set(texts(memory, "owner0"))


def test_an_episode_that_ends_every_worker_is_given_up(where: str, tmp_path: Path, clock: Clock) -> None:
    """After some deliveries it counts as failed, and what comes behind it is read."""
    with memory_at(where, tmp_path, clock) as memory:
        record(memory, 2, owners=1)
        working = memory._engine.ledger.working
        for _ in range(MOST_ATTEMPTS):
            lease = working.claim("dies", clock.now, clock.now + timedelta(minutes=1))
            assert lease is not None and working.next_episode(lease) is not None
            clock.advance(minutes=2)
        report = memory.work(until_empty=True)

        assert (1, 1) == (report.episodes, report.failed)
        assert ["000001"] == texts(memory, "owner0")
        assert "deliveries" in memory.episodes(status="failed")[0].reason


def test_a_lease_outlasts_a_slow_model(where: str, tmp_path: Path) -> None:
    """It is renewed while the model works, so that nobody takes the owner over; `stop` ends a worker."""
    stop = threading.Event()
    with opened(where, tmp_path, pause=1.0) as memory:
        record(memory, 2, owners=1)
        slow = threading.Thread(target=lambda: memory.work(lease_seconds=0.4, stop=stop))
        slow.start()
        other = memory.work(until_empty=True, lease_seconds=0.4)
        stop.set()
        slow.join()

        assert ["000000", "000001"] == texts(memory, "owner0")
        assert 0 == other.lost
        assert {1} == {fact.times_seen for fact in memory.list(user_id="owner0")}


def test_deleting_an_owner_takes_what_waits_along(where: str, tmp_path: Path, clock: Clock) -> None:
    """Nothing of the queue or of a lease stays behind, and a worker that is at it writes nothing more."""
    with memory_at(where, tmp_path, clock) as memory:
        record(memory, 3, owners=1)
        working = memory._engine.ledger.working
        lease = working.claim("a", clock.now, clock.now + timedelta(minutes=1))
        memory.delete_all(user_id="owner0")

        assert lease is not None
        with pytest.raises(LeaseLost):
            working.next_episode(lease)
        assert 0 == memory.status().counts["leases"]
        assert (0, 0) == (memory.status().counts["queue"], memory.work(until_empty=True).episodes)


def test_killed_workers_lose_and_double_nothing(where: str, tmp_path: Path) -> None:
    """Two workers, killed twice among them: every episode once, each owner in order, all in place."""
    found = run(where, tmp_path, episodes=40, workers=2, kills=2, pause=0.05, seed=7)

    assert 2 == found.kills
    assert (0, 0, 0, ()) == (found.lost, found.twice, found.disordered, found.problems)
