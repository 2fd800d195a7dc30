"""What the operations of upkeep give back: exports, backups, checks, differences, audits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from graphmem.values.records import Moment, Relation, Value


class ExportReport(Value):
    """What an export wrote, or an import read."""

    path: str
    rows: Mapping[str, int] = Field(default_factory=dict)
    """Rows by table."""
    state: str = ""
    """State hash of what the file holds."""
    embedded: int = 0
    """Texts embedded anew, because the file held no vectors of this home's model."""
    present: bool = False
    """All of it was in the home already; nothing was written."""


class BackupReport(Value):
    """A backup that was made, checked or restored."""

    path: str
    created_at: Moment
    version: str
    """The graphmem that made it."""
    rows: Mapping[str, int] = Field(default_factory=dict)
    state: str
    size: int
    """Bytes of the copied ledger."""


Health = Literal["ok", "warning", "failure"]


class Check(Value):
    """One thing that `doctor` looked at."""

    name: str
    health: Health = "ok"
    found: str = ""
    advice: str = ""


class Setting(Value):
    """A setting in force; secrets are hidden."""

    key: str
    value: str
    origin: str
    """`default`, `argument`, the name of a variable, or the path of a file."""


class DoctorReport(Value):
    """What `doctor` found."""

    checks: tuple[Check, ...] = ()
    settings: tuple[Setting, ...] = ()

    @property
    def health(self) -> Health:
        """The worst of all checks."""
        found = {check.health for check in self.checks}
        return "failure" if "failure" in found else "warning" if "warning" in found else "ok"


class MemoryDifference(Value):
    """What became of one memory between two moments."""

    memory_id: str
    change: Literal["added", "changed", "ended", "removed", "restored"]
    text: str
    previous_text: str | None = None
    reason: str = ""
    at: Moment
    """When the last change was recorded."""


class Differences(Value):
    """What changed between two moments of recording: net, so that what came and went is not told."""

    since: Moment
    until: Moment
    memories: tuple[MemoryDifference, ...] = ()
    relations_added: tuple[Relation, ...] = ()
    relations_ended: tuple[Relation, ...] = ()
    passing: int = 0
    """Memories that came and went in between."""


class Fix(Value):
    """One proposed repair. Set `apply` to False to leave it out."""

    action: Literal["merge", "end", "delete", "rebuild"]
    """merge: one of two equal facts stays, with the evidence of both. end: the older of two contradicting facts stops
    when the newer begins. delete: the fact goes. rebuild: the stores are written anew."""
    memory_id: str = ""
    """The memory that changes."""
    text: str = ""
    """Its text when the plan was made; when it has changed since, the fix is left out."""
    other_id: str = ""
    """The memory that stays (merge) or takes over (end)."""
    apply: bool = True


class Finding(Value):
    """One thing that an audit noticed."""

    kind: Literal["duplicate", "near_duplicate", "contradiction", "orphan", "vague"]
    memory_ids: tuple[str, ...] = ()
    detail: str
    fix: Fix | None = None


class AuditReport(Value):
    """What an audit noticed, with a plan of repairs."""

    checked: int = 0
    """Memories looked at."""
    findings: tuple[Finding, ...] = ()

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """The repairs that are proposed."""
        return tuple(finding.fix for finding in self.findings if finding.fix is not None)


class Applied(Value):
    """What became of a fix."""

    fix: Fix
    done: bool
    reason: str = ""
    resolution_ids: tuple[str, ...] = ()
    """Give them to `undo`, last first, to take it back."""


class ReembedReport(Value):
    """What a re-embedding did."""

    before: str
    """Fingerprint of the model that the vectors came from."""
    after: str
    embedded: int = 0
    """Texts embedded by this run; what an earlier, interrupted run had done is not counted."""
    vectors: int = 0
    """Vectors that the home holds now."""
    switched: bool = True
    """False: the vectors were of this model already, and only missing ones were added."""


class WorkReport(Value):
    """What a worker did."""

    episodes: int = 0
    """Episodes that it finished."""
    failed: int = 0
    """Episodes that a failing model left for `retry`."""
    lost: int = 0
    """Episodes that another worker took over, because this one was too slow."""
