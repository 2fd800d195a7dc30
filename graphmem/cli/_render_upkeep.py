"""What upkeep tells, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphmem.cli._print import line
from graphmem.cli._render import count, inset, minute, words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.values import (
        Applied,
        AuditReport,
        BackupReport,
        Differences,
        DoctorReport,
        ExportReport,
        ReembedReport,
        WorkReport,
    )

_CHANGES = {"added": "green", "restored": "green", "changed": "yellow", "ended": "red", "removed": "red"}
_COLOURS = {"ok": "green", "warning": "yellow", "failure": "red"}


def examined(report: DoctorReport) -> Iterator[RenderableType]:
    """One line a check, then the settings that are not the default."""
    for check in report.checks:
        yield words(check.health, _COLOURS[check.health]).append(f"  {line(check.name)}: {line(check.found)}", style="")
        if check.advice:
            yield inset(check.advice, "dim", left=4)
    yield words("settings (the others are the defaults; graphmem config show lists all):")
    for setting in report.settings:
        if setting.origin != "default":
            yield inset(f"{setting.key} = {setting.value}  ({setting.origin})", "", left=4)


def _rows(counts: Mapping[str, int]) -> str:
    told = ("episodes", "messages", "memories", "entities", "relations")
    return ", ".join(f"{counts.get(name, 0):,} {name}" for name in told)


def exported(report: ExportReport) -> Iterator[RenderableType]:
    """What a file holds."""
    yield words(f"Wrote {report.path}: {_rows(report.rows)}.")
    yield words(f"state {report.state}", "dim")


def imported(report: ExportReport) -> Iterator[RenderableType]:
    """What was read from an export."""
    if report.present:
        yield words(f"All of {report.path} was in this home already.")
    else:
        anew = f" {report.embedded:,} texts were embedded anew." if report.embedded else ""
        yield words(f"Read {report.path}: {_rows(report.rows)}.{anew}")
    yield words(f"state {report.state}", "dim")


def backed_up(report: BackupReport, verb: str) -> Iterator[RenderableType]:
    """What a backup holds."""
    yield words(f"{verb} {report.path}: {_rows(report.rows)}; {report.size:,} bytes.")
    yield words(f"state {report.state}", "dim")


def reembedded(report: ReembedReport) -> Iterator[RenderableType]:
    """From which model to which."""
    if report.switched:
        yield words(f"{report.vectors:,} vectors are of {report.after} now; {report.embedded:,} texts were embedded.")
        yield words(f"before: {report.before}", "dim")
    else:
        yield words(f"The vectors were of {report.after} already; {report.embedded:,} were missing and are there now.")


def differences(found: Differences) -> Iterator[RenderableType]:
    """One line a memory, oldest change first."""
    for change in found.memories:
        yield words(f"{change.change:9}", _CHANGES[change.change]).append(f" {line(change.text)}", style="")
        if change.previous_text:
            yield inset(f"was: {change.previous_text}")
    told = count(len(found.memories), "memory", "memories")
    passing = f"; {found.passing:,} came and went" if found.passing else ""
    yield words(f"{told} changed between {minute(found.since)} and {minute(found.until)}{passing}", "dim")


def audited(report: AuditReport, plan: Path | None) -> Iterator[RenderableType]:
    """One line a finding."""
    for finding in report.findings:
        yield words(finding.kind, "yellow").append(f"  {line(finding.detail)}", style="")
    found = count(len(report.findings), "finding", "findings")
    yield words(f"{found} in {count(report.checked, 'memory', 'memories')}; {len(report.fixes):,} can be repaired")
    if plan is not None:
        yield words(f"Look at {plan}, then run: graphmem repair {plan}")
    elif report.fixes:
        yield words("Write the repairs to a file with --fix-plan FILE.")


def repaired(done: Sequence[Applied]) -> Iterator[RenderableType]:
    """What became of each fix."""
    for applied in done:
        verb = "done" if applied.done else "left out"
        yield words(f"{verb}: {applied.fix.action} {line(applied.fix.text)} {line(applied.reason)}".rstrip())
        if applied.resolution_ids:
            yield inset("undo: " + ", ".join(reversed(applied.resolution_ids)))
    yield words(f"{sum(a.done for a in done):,} of {count(len(done), 'repair', 'repairs')} done")


def worked(report: WorkReport) -> Iterator[RenderableType]:
    """How much a worker did."""
    failed = f"; {report.failed:,} failed, see: graphmem episodes --failed" if report.failed else ""
    lost = f"; {count(report.lost, 'owner', 'owners')} went to another worker" if report.lost else ""
    yield words(f"{count(report.episodes, 'episode', 'episodes')} read{failed}{lost}")
