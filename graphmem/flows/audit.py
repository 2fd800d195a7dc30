"""audit: what looks wrong in a memory, with a plan of repairs; and carrying such a plan out.

Repairs go through resolutions like any other change: history tells of them, and `undo` takes them back. What is not
certain (texts that are only much alike, vague sentences) is proposed with `apply=False`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import uuid5

from graphmem.engine import Engine
from graphmem.ledger.database.rows import owner_scope
from graphmem.steps import auditing, linking
from graphmem.steps.auditing import Fact
from graphmem.values import (
    Applied,
    AuditReport,
    Change,
    Closure,
    Finding,
    Fix,
    Memory,
    Plan,
    Repeat,
    Scope,
    When,
)

ALIKE = 0.95
"""Cosine from which two facts are shown as much alike."""
NEAR = 4
PAGE = 1000


def audit(engine: Engine, scope: Scope | None) -> AuditReport:
    """Look at the facts that hold now, of a scope or of all owners, and at what hangs on them."""
    checked = 0
    findings: list[Finding] = []
    scopes = [scope] if scope else [owner_scope(owner) for owner in engine.ledger.keeping.owners()]
    for some in scopes:
        facts = list(_facts(engine, some))
        checked += len(facts)
        same = auditing.duplicates(facts)
        gone = {finding.fix.memory_id for finding in same if finding.fix}
        findings += same
        findings += auditing.contradictions(
            [fact for fact in facts if fact.memory.id not in gone], engine.settings.cardinality
        )
        findings += _alike(engine, some, facts)
        findings += [finding for fact in facts if (finding := auditing.vague(fact.memory)) is not None]
        findings += _unfounded(engine, facts)
    findings += _astray(engine)
    return AuditReport(checked=checked, findings=tuple(findings))


def _facts(engine: Engine, scope: Scope) -> Iterator[Fact]:
    cursor, more = None, True
    while more:
        page = engine.ledger.list(scope, When(now=engine.clock()), cursor=cursor, limit=PAGE)
        known = engine.ledger.known([memory.id for memory in page.items])
        yield from (Fact(k.memory, k.triples, k.names) for k in known.values())
        cursor, more = page.cursor, page.cursor is not None


def _alike(engine: Engine, scope: Scope, facts: Sequence[Fact]) -> Iterator[Finding]:
    """Each pair once, by exact cosine over the ledger's vectors."""
    known = {fact.memory.id: fact.memory for fact in facts}
    told: set[frozenset[str]] = set()
    vectors = engine.ledger.vectors([(memory_id, "fact") for memory_id in known])
    for (memory_id, _), vector in vectors.items():
        for near in engine.ledger.nearest("fact", vector, scope, k=NEAR):
            pair = frozenset((memory_id, near.item_id))
            if near.score < ALIKE or len(pair) < 2 or pair in told or near.item_id not in known:
                continue
            told.add(pair)
            found = auditing.near_duplicate(known[memory_id], known[near.item_id], near.score)
            if found is not None:
                yield found


def _unfounded(engine: Engine, facts: Sequence[Fact]) -> Iterator[Finding]:
    """Facts that no message says."""
    evidence = engine.ledger.evidence([fact.memory.id for fact in facts])
    for fact in facts:
        if not evidence.get(fact.memory.id):
            detail = f"{fact.memory.text!r} rests on no message"
            yield Finding(kind="orphan", memory_ids=(fact.memory.id,), detail=detail)


def _astray(engine: Engine) -> Iterator[Finding]:
    """Rows out of place in the ledger, and where the stores differ from it."""
    report = engine.projection.verify()
    for difference in report.differences:
        fix = None if difference.store == "ledger" else Fix(action="rebuild")
        detail = f"{difference.store}: {difference.item} is {difference.problem}"
        yield Finding(kind="orphan", detail=detail, fix=fix)


def repair(engine: Engine, fixes: Sequence[Fix], *, dry_run: bool) -> tuple[Applied, ...]:
    """Carry out the fixes that say `apply`, one after the other; one whose memory has changed since is left out."""
    wanted = list(dict.fromkeys(fix for fix in fixes if fix.apply))
    done = tuple(_repaired(engine, fix, dry_run=dry_run) for fix in wanted)
    if not dry_run:
        engine.projection.apply()
    return done


def _repaired(engine: Engine, fix: Fix, *, dry_run: bool) -> Applied:
    if fix.action == "rebuild":
        if not dry_run:
            engine.projection.rebuild("vectors")
        return Applied(fix=fix, done=not dry_run, reason="a dry run" if dry_run else "")
    memories = engine.ledger.memories([fix.memory_id, fix.other_id])
    old, other = memories.get(fix.memory_id), memories.get(fix.other_id)
    reason = _outdated(fix, old, other)
    if reason or old is None:
        return Applied(fix=fix, done=False, reason=reason)
    if dry_run:
        return Applied(fix=fix, done=False, reason="a dry run")
    if fix.action == "delete" or other is None:
        ids = [engine.ledger.delete([old.id], engine.clock()).resolution_id]
    elif fix.action == "merge":
        ids = _merge(engine, old, other)
    else:
        ids = _end(engine, old, other)
    return Applied(fix=fix, done=True, resolution_ids=tuple(i for i in ids if i))


def _outdated(fix: Fix, old: Memory | None, other: Memory | None) -> str:
    """Why a fix is no longer right; empty when it is."""
    if old is None or (fix.other_id and other is None):
        return "the memory is gone"
    if old.text != fix.text:
        return f"its text is now {old.text!r}"
    if old.valid_to is not None and fix.action == "end":
        return "it has ended already"
    return ""


def _plan(engine: Engine, old: Memory, action: str, **parts: object) -> Plan:
    now = engine.clock()
    identity = str(uuid5(linking.NAMESPACE, f"audit\n{action}\n{old.id}\n{now.isoformat()}"))
    return Plan(resolution_id=identity, scope=old.scope, at=now, **parts)


def _merge(engine: Engine, old: Memory, kept: Memory) -> list[str | None]:
    """The kept fact takes the evidence first, so that no message is withdrawn with the other."""
    evidence = engine.ledger.evidence([old.id]).get(old.id, ())
    plan = _plan(engine, old, "merge", repeats=(Repeat(memory_id=kept.id, evidence=evidence, reason="audit"),))
    engine.ledger.commit(plan)
    return [plan.resolution_id, engine.ledger.delete([old.id], engine.clock()).resolution_id]


def _end(engine: Engine, old: Memory, newer: Memory) -> list[str | None]:
    until = newer.valid_from or newer.recorded_at
    reason = f"audit: {newer.text}"
    plan = _plan(
        engine,
        old,
        "end",
        closures=(Closure(memory_id=old.id, valid_to=until, superseded_by=newer.id, reason=reason),),
        changes=(Change(event="DELETE", memory_id=old.id, text=old.text, reason=reason),),
    )
    engine.ledger.commit(plan)
    return [plan.resolution_id]
