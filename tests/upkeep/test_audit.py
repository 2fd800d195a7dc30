"""audit and repair: what looks wrong is found, repaired by plan, and can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphmem import Memory
from graphmem.steps.auditing import plain, vague
from graphmem.values import AuditReport, Finding
from tests.conftest import Clock
from tests.ledger.worlds import MARIA, START
from tests.upkeep.worlds import opened, say


def kinds(report: AuditReport) -> list[str]:
    """The kinds of findings, sorted."""
    return sorted(finding.kind for finding in report.findings)


def one_of(report: AuditReport, kind: str) -> Finding:
    """The only finding of a kind."""
    (found,) = [finding for finding in report.findings if finding.kind == kind]
    return found


@pytest.fixture
def messy(tmp_path: Path, clock: Clock) -> Memory:
    """A memory into which rows were written past the resolution: a duplicate and two homes at a time."""
    from tests.ledger.worlds import fact, plan
    from tests.ledger.worlds import say as record

    memory = opened(tmp_path / "home", clock)
    ledger = memory._engine.ledger
    one, two = record(ledger, "I live in Lisbon", "I live in Porto. I live in Lisbon!")  # type: ignore[arg-type]
    lisbon, porto = ("Maria", "lives_in", "Lisbon"), ("Maria", "lives_in", "Porto")
    ledger.commit(
        plan(
            "r",
            fact("Maria lives in Lisbon.", one, lisbon, on=1),
            fact("maria lives in lisbon", two, lisbon, on=2),
            fact("Maria lives in Porto", two, porto, on=3),
            fact("She likes it", two, on=1),
            fact("Is Maria happy?", two, on=1),
        )
    )
    return memory


def test_a_sound_memory_has_no_findings(one: Path, clock: Clock) -> None:
    """What add keeps in order needs no repair."""
    with opened(one, clock) as memory:
        report = memory.audit()

        assert [] == [finding.detail for finding in report.findings]
        assert 4 == report.checked


def test_each_kind_is_found(messy: Memory) -> None:
    """Duplicates, contradictions, vague sentences; uncertain repairs are proposed and not chosen."""
    with messy:
        report = messy.audit(user_id="maria")
        chosen = {finding.kind: finding.fix.apply for finding in report.findings if finding.fix}

        assert ["contradiction", "duplicate", "vague", "vague"] == kinds(report)
        assert {"duplicate": True, "contradiction": True, "vague": False} == chosen
        assert ("maria#Maria lives in Lisbon.", "maria#maria lives in lisbon") == one_of(report, "duplicate").memory_ids
        assert "maria#Maria lives in Porto" == one_of(report, "contradiction").memory_ids[1]
        assert () == messy.audit(user_id="bob").findings


def test_repairs_are_applied_and_undone(messy: Memory) -> None:
    """A second audit is content; no message is lost; undoing brings every finding back."""
    with messy:
        before = messy.audit()
        dry = messy.repair(before.fixes, dry_run=True)
        assert kinds(before) == kinds(messy.audit())
        done = messy.repair(before.fixes)
        kept = messy._engine.ledger.evidence(["maria#Maria lives in Lisbon."])["maria#Maria lives in Lisbon."]
        after = messy.audit()

        assert ([False, False], [True, True]) == ([a.done for a in dry], [a.done for a in done])
        assert ["vague", "vague"] == kinds(after)
        assert 2 == len({span.message_id for span in kept})
        assert 2 == len(messy._engine.ledger.episode("ep:user:maria:None:0:I live in Lisbon")[1])
        assert {"Porto"} == {r.target.name for r in messy.relations("Maria", user_id="maria", type="lives_in")}
        assert () == messy.verify().differences
        for resolution in reversed([i for applied in done for i in applied.resolution_ids]):
            messy.undo(resolution)
        assert kinds(before) == kinds(messy.audit())


def test_a_plan_that_is_out_of_date_is_left_out(messy: Memory) -> None:
    """A memory that changed, ended or went since the audit is not touched."""
    with messy:
        fixes = messy.audit().fixes
        messy.update("maria#maria lives in lisbon", "Maria lives in Sintra")
        messy.repair([fix for fix in fixes if fix.action == "end"])
        again = messy.repair([fix.model_copy(update={"apply": True}) for fix in fixes if fix.action != "delete"])

        assert [False, False] == [applied.done for applied in again]
        assert all(applied.reason for applied in again)


def test_texts_much_alike_are_shown(tmp_path: Path, clock: Clock) -> None:
    """By cosine; a different number makes another fact."""
    with opened(tmp_path / "home", clock) as memory:
        first = say(memory, clock, "Maria owns the small red boat Ada").changes[0].memory_id
        second = say(memory, clock, "Bo sold 3 chairs").changes[0].memory_id
        (vector,) = memory._engine.ledger.vectors([(first, "fact")]).values()
        from graphmem.stores.contracts import VectorItem

        memory._engine.ledger.store_vectors([VectorItem(second, "fact", MARIA, vector)])
        numbers = kinds(memory.audit())
        memory.update(second, "Bo sold some chairs")
        memory._engine.ledger.store_vectors([VectorItem(second, "fact", MARIA, vector)])
        found = one_of(memory.audit(), "near_duplicate")

        assert [] == numbers
        assert ({first, second}, False) == (set(found.memory_ids), bool(found.fix and found.fix.apply))


def test_stores_that_differ_are_orphans_with_a_repair(one: Path, clock: Clock) -> None:
    """A vector that is too many in Chroma goes by a rebuild."""
    with opened(one, clock, vectors="chroma") as memory:
        memory.rebuild()
        store = memory._engine.projection.vectors()
        assert store is not None
        store.remove([next(iter(store.ids()))])
        report = memory.audit()
        memory.repair(report.fixes)

        assert ["orphan"] == kinds(report)
        assert [] == kinds(memory.audit())


@pytest.mark.parametrize(
    ("text", "is_vague"),
    [
        ("She likes it", True),
        ("The user is happy", True),
        ("Hates Mondays", True),
        ("Who lives in Rome?", True),
        ("Maria likes tea", False),
        ("Hertha plays chess", False),
        ("她住在东京", False),
        ("Itaipu is a dam", False),
    ],
)
def test_vague_sentences(text: str, is_vague: bool) -> None:
    """Nobody could use them alone; names that begin like a pronoun are names."""
    from graphmem.values import Memory as Value

    assert is_vague == (vague(Value(id="m", text=text, scope=MARIA, recorded_at=START)) is not None)


def test_plain_text_ignores_case_and_punctuation() -> None:
    """Letters of all scripts stay."""
    assert plain("  Maria's café, 東京! ") == "maria s café 東京"
