"""Plans, reviews, merges and receipts as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graphmem.cli import _render as render
from graphmem.cli._render import words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.values import ExpiryReport, MergeReport, PlannedAdd, Receipt, Review


def planned(plan: PlannedAdd, file: str) -> Iterator[RenderableType]:
    """What would change, and how to go on."""
    if plan.duplicate:
        yield words("The same was added before: nothing would change.")
        return
    yield from render.changes(plan.changes)
    for held in plan.plan.held:
        yield words(f"would wait for a review ({held.kind}): {held.draft.text}", "yellow")
    if not plan.changes and not plan.plan.held:
        yield words("Nothing would be remembered beside the messages.")
    for kind, count in plan.redacted.items():
        yield words(f"{count} x {kind} would be left out", "dim")
    yield words(f"Nothing is written. To carry it out: graphmem apply {file}" if file else "Nothing is written.", "dim")


def reviews(found: Sequence[Review]) -> Iterator[RenderableType]:
    """One after the other: what, from where, why, and its id."""
    for review in found:
        source = f"from {review.trust}" if review.trust else f"alike {review.confidence:.2f}"
        yield words(f"{review.kind}  {review.text}")
        yield words(f"  {source}: {review.reason}", "dim")
        yield words(f"  {review.id}", "dim")
    if not found:
        yield words("Nothing waits.")


def decided(review: Review) -> Iterator[RenderableType]:
    """What became of it."""
    yield words(f"{review.status}: {review.text}")
    if review.resolution_id:
        yield words(f"resolution {review.resolution_id}", "dim")


def merged(report: MergeReport, how: str) -> Iterator[RenderableType]:
    """Which was merged into which, or split from it."""
    yield words(f"{report.other.name} was {how} {report.entity.name}.")
    yield words(f"{report.mentions} mentions, {report.relations} relations; resolution {report.resolution_id}", "dim")


def counted(report: ExpiryReport | Receipt) -> str:
    """How much, in words."""
    return f"{report.memories} memories and {report.messages} messages"


def expired(report: ExpiryReport) -> Iterator[RenderableType]:
    """What went, or would go."""
    yield words(f"{'Would remove' if report.dry_run else 'Removed'} {counted(report)} past their time.")
    for resolution_id in report.resolution_ids:
        yield words(f"resolution {resolution_id}", "dim")
    if report.receipt is not None and not report.dry_run:
        yield from erased(report.receipt)


def erased(receipt: Receipt) -> Iterator[RenderableType]:
    """The receipt of an erasure."""
    if receipt.dry_run:
        yield words(f"Would erase {counted(receipt)}, {receipt.history} lines of history.")
        return
    yield words(f"Erased {counted(receipt)}, {receipt.history} lines of history, {receipt.vectors} vectors.")
    if receipt.residue is not None:
        yield words(f"Searched {receipt.files} files for it: {receipt.residue} occurrences left.")
    if receipt.kept:
        yield words(f"Kept, because other memories rest on them: {', '.join(receipt.kept)}", "yellow")
    if receipt.problem:
        yield words(f"Not finished: {receipt.problem}; it is finished when the memory is opened next.", "red")
    yield words(f"receipt {receipt.id}", "dim")
