"""What is given a time to live is not found after it, and can then be removed for good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from graphmem import InputError, Memory
from tests.conftest import Clock
from tests.operations.conftest import Opener
from tests.operations.worlds import bytes_left, everything


def found(memory: Memory) -> list[str]:
    """What a search returns, facts and messages."""
    return sorted(hit.text for hit in memory.search("Ann Bob Tea", user_id="maria", k=50))


def test_after_its_time_nothing_is_found(bare: Memory, clock: Clock):
    """Facts, messages and relations are there before the moment, and not from it on; what has no end stays."""
    bare.add("Ann knows Bob", user_id="maria", expires_at="2024-01-20T12:00:00Z")
    bare.add("Ann likes Tea", user_id="maria")
    assert ["Ann knows Bob", "Ann knows Bob", "Ann likes Tea", "Ann likes Tea"] == found(bare)

    clock.set(2024, 1, 20)

    assert ["Ann likes Tea", "Ann likes Tea"] == found(bare)
    assert ["likes"] == [r.type for r in bare.relations("Ann", user_id="maria")]
    assert ["Ann likes Tea"] == [fact.text for fact in bare.list(user_id="maria")]


def test_expire_removes_it_and_undo_brings_it_back(bare: Memory, clock: Clock):
    """A dry run counts; the sweep deletes; history says why."""
    bare.add("Ann knows Bob", user_id="maria", ttl=2)
    bare.add("Cem knows Dora", user_id="bob", ttl=timedelta(days=2))
    bare.add("Ann likes Tea", user_id="maria")
    known = next(fact.id for fact in bare.list(user_id="maria") if "Bob" in fact.text)
    assert (0, 0) == _count(bare.expire())
    clock.advance(days=3)
    before = everything(bare, "maria")

    assert (2, 2) == _count(bare.expire(dry_run=True))
    assert (1, 1) == _count(bare.expire(user_id="maria", dry_run=True))
    assert before == everything(bare, "maria")
    done = bare.expire(user_id="maria")

    assert (1, 1) == _count(done)
    assert "expired" == bare.history(known)[-1].reason
    assert () == bare.verify().differences
    assert (0, 0) == _count(bare.expire(user_id="maria"))
    bare.undo(done.resolution_ids[0])
    clock.advance(days=-2)
    assert "Ann knows Bob" in found(bare)


def _count(report: object) -> tuple[int, int]:
    return report.memories, report.messages  # type: ignore[attr-defined]


def test_a_purge_leaves_no_byte(opened: Opener, clock: Clock):
    """What expired, and what an earlier sweep only deleted, is in no file."""
    memory = opened(vectors="none")
    memory.add("Ann knows Zebulon", user_id="maria", ttl=1)
    memory.add("Ann knows Quagmire", user_id="maria", ttl=3)
    memory.add("Ann likes Tea", user_id="maria")
    clock.advance(days=2)
    memory.expire()
    clock.advance(days=2)

    report = memory.expire(purge=True)

    home = memory._engine.settings.home
    assert report.receipt is not None
    assert (True, 0) == (report.receipt.complete, report.receipt.residue)
    assert {} == bytes_left(home, "quagmire", "zebulon")
    assert ["Ann likes Tea"] == [fact.text for fact in memory.list(user_id="maria")]
    assert () == memory.verify().differences


def test_what_is_said_again_lives_longer(opened: Opener, clock: Clock):
    """A fact lives as long as the last message that says it; without an end once one has none."""
    memory = opened(vectors="none", extractor="none")
    for ttl in (1, 5, 2):
        memory.add("Ann knows Bob", facts=["Ann knows Bob"], user_id="maria", ttl=ttl)
        clock.advance(hours=1)
    (fact,) = memory.list(user_id="maria")
    assert clock.now - timedelta(hours=2) + timedelta(days=5) == fact.expires_at

    memory.add("Ann knows Bob", facts=["Ann knows Bob"], user_id="maria")

    assert [None] == [fact.expires_at for fact in memory.list(user_id="maria")]


@pytest.mark.parametrize("source", [{"trust": "web"}, {"trust": "tool", "ttl": 20}])
def test_a_source_that_is_trusted_less_gives_no_time(opened: Opener, clock: Clock, source: dict[str, object]):
    """What a user said for a day is over after it, whatever a page says."""
    memory = opened(vectors="none", extractor="none")
    memory.add("Ann knows Bob", facts=["Ann knows Bob"], user_id="maria", ttl=1)
    memory.add("Ann knows Bob", facts=["Ann knows Bob"], user_id="maria", **source)  # type: ignore[arg-type]

    assert [clock.now + timedelta(days=1)] == [fact.expires_at for fact in memory.list(user_id="maria")]


def test_the_setting_gives_every_add_a_time(opened: Opener, clock: Clock):
    """`ttl` in the settings holds for every add that says nothing itself."""
    memory = opened(vectors="none", ttl=10)
    memory.add("Ann knows Bob", user_id="maria")
    memory.add("Ann likes Tea", user_id="maria", ttl=20)

    clock.advance(days=15)

    assert ["Ann likes Tea"] == [fact.text for fact in memory.list(user_id="maria")]


@pytest.mark.parametrize("given", [{"ttl": 0}, {"ttl": -1}, {"ttl": "soon"}, {"ttl": 1, "expires_at": "2025-01-01"}])
def test_a_time_that_is_none_is_refused(bare: Memory, given: dict[str, object]):
    """The error names the field."""
    with pytest.raises(InputError, match="ttl"):
        bare.add("x", user_id="maria", **given)  # type: ignore[arg-type]
