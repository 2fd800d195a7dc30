"""Removing what has outlived its time. It is not found from that moment on; this takes it out of the ledger, too."""

from __future__ import annotations

from graphmem.engine import Engine
from graphmem.flows import erasing
from graphmem.values import ExpiryReport, Scope


def expire(engine: Engine, scope: Scope | None, *, purge: bool, dry_run: bool) -> ExpiryReport:
    """Delete what is past its time; with `purge`, erase it, what was only deleted before included."""
    now = engine.clock()
    found = engine.ledger.operating.expired(scope, now, withdrawn=purge)
    if purge:
        receipt = erasing.expired(engine, [item for ids in found.values() for item in ids], dry_run=dry_run)
        return ExpiryReport(memories=receipt.memories, messages=receipt.messages, receipt=receipt, dry_run=dry_run)
    reports = []
    for owner, ids in found.items():
        with engine.locks.hold(owner):
            reports.append(engine.ledger.operating.delete(ids, now, "expired", dry_run=dry_run))
    if reports and not dry_run:
        engine.projection.apply()
    return ExpiryReport(
        memories=sum(report.memories for report in reports),
        messages=sum(report.messages for report in reports),
        resolution_ids=tuple(report.resolution_id for report in reports if report.resolution_id),
        dry_run=dry_run,
    )
