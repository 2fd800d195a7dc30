"""Files into memory: batch by batch, counting what was added, what was there, and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphmem.cli._print import say
from graphmem.cli._progress import Advance, progress
from graphmem.cli._render import count, failure, inset, words
from graphmem.cli._session import Session, scope_labels
from graphmem.errors import ConfigError, GraphMemError, InputError, ModelRefused, StoreReadOnly, StoreUnavailable
from graphmem.importing import Batch, Labels, Refused, read
from graphmem.values import AddResult, Scope, Value

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.memory import Memory

_SHOWN = 20
"""Failures printed; JSON has them all."""

_NAMED = 8
"""Users named."""

_HOPELESS = (ConfigError, ModelRefused, StoreReadOnly, StoreUnavailable)
"""What fails for every item alike: the import stops at the first."""


class Report(Value):
    """What an import did. Counts are of messages, `skipped` of those that an earlier run had added."""

    added: int = 0
    skipped: int = 0
    facts: int = 0
    users: tuple[str, ...] = ()
    """Whose memory it went into, in the order of the files."""
    failed: tuple[Refused, ...] = ()


class Run:
    """One import under way."""

    def __init__(self, memory: Memory, labels: Labels, advance: Advance, *, infer: bool) -> None:
        self.memory = memory
        self.labels = labels
        self.advance = advance
        self.infer = infer
        self.added = self.skipped = self.facts = 0
        self.users: dict[str, None] = {}

    def file(self, path: Path) -> Iterator[Refused]:
        """Add what a file holds; yields what failed."""
        for item in read(path, self.labels):
            named = f"{path.name}, {item.item}"
            if isinstance(item, Refused):
                yield Refused(item=named, reason=item.reason)
                continue
            if reason := self._add(item):
                yield Refused(item=named, reason=reason)
            self.advance(len(item.messages))

    def _add(self, batch: Batch) -> str:
        """Add one batch and count it; the reason when it failed."""
        try:
            result = self.memory.add(
                batch.messages,
                **scope_labels(batch.scope.labels),
                metadata=batch.metadata,
                infer=self.infer,
                facts=batch.facts,
                idempotency_key=batch.key,
            )
        except _HOPELESS:
            raise
        except GraphMemError as error:
            return str(error)
        return self._count(batch, result)

    def _count(self, batch: Batch, result: AddResult) -> str:
        if batch.scope.user_id is not None:
            self.users[batch.scope.user_id] = None
        if result.status == "failed":
            return f"{failure(result)} Finish with: graphmem retry"
        if result.duplicate:
            self.skipped += len(batch.messages)
        else:
            self.added += len(batch.messages)
            self.facts += sum(change.event == "ADD" for change in result.changes)
        return ""


def is_export(path: Path) -> bool:
    """Whether a file is what `graphmem export` wrote."""
    from graphmem.flows import transfer

    return transfer.is_export(path)


def ledger(session: Session, path: Path) -> None:
    """Read an export into the home."""
    from graphmem.cli import _render_upkeep as render

    with session.memory() as memory:
        report = memory.import_from(path)
    session.show(report, lambda: render.imported(report))


def run(session: Session, files: Sequence[Path], *, infer: bool, extractor: str | None) -> Report:
    """Import the files. Errors that would meet every item alike are raised; what was added stays."""
    labels = Labels(given=Scope(**session.given_scope), fallback=Scope(**session.default_scope))
    failed, sizes = _sizes(files, labels)
    with (
        session.memory(extractor=extractor) as memory,
        progress("import", sum(sizes.values()), "messages", quiet=session.agent) as advance,
    ):
        work = Run(memory, labels, advance, infer=infer)
        try:
            for path in sizes:
                failed.extend(work.file(path))
        except (*_HOPELESS, KeyboardInterrupt):
            say(f"Stopped after {work.added + work.skipped:,} messages; the same command goes on from there.")
            raise
    return Report(
        added=work.added, skipped=work.skipped, facts=work.facts, users=tuple(work.users), failed=tuple(failed)
    )


def lines(report: Report) -> Iterator[RenderableType]:
    """The outcome, and the first failures."""
    summary = f"Added {count(report.added, 'message', 'messages')} and {count(report.facts, 'fact', 'facts')}."
    if report.skipped:
        summary += f" {count(report.skipped, 'message was', 'messages were')} there already."
    yield words(summary)
    if report.users:
        yield words(f"Ask with --user {', '.join(report.users[:_NAMED])}{' …' if report.users[_NAMED:] else ''}")
    if report.failed:
        yield words(f"{count(len(report.failed), 'item', 'items')} failed:", "red")
    for refused in report.failed[:_SHOWN]:
        yield inset(f"{refused.item}: {refused.reason}", "", left=2)
    if len(report.failed) > _SHOWN:
        yield inset(f"and {len(report.failed) - _SHOWN:,} more; -o json lists them all", left=2)


def _sizes(files: Sequence[Path], labels: Labels) -> tuple[list[Refused], dict[Path, int]]:
    """Files that cannot be read, and the number of messages in each of the others."""
    refused: list[Refused] = []
    sizes: dict[Path, int] = {}
    for path in files:
        try:
            sizes[path] = sum(len(item.messages) for item in read(path, labels) if isinstance(item, Batch))
        except InputError as error:
            reason = str(error).removeprefix(f"{path}: ").removeprefix(f"{path.name}: ")
            refused.append(Refused(item=str(path), reason=reason))
    return refused, sizes
