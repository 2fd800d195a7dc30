"""The upkeep of a home, as methods of `Memory`: export and import, backup and restore, another embedding model."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from graphmem import assembly, inputs, values
from graphmem.engine import Engine
from graphmem.errors import InputError
from graphmem.flows import audit, backup, compare, doctor, reembed, transfer, work
from graphmem.flows.reembed import Progress
from graphmem.flows.work import Finished, Worker
from graphmem.inputs import Time
from graphmem.ledger.memories.leases import MOST_ATTEMPTS
from graphmem.models.contracts import Embedder
from graphmem.settings import Settings
from graphmem.values import (
    Applied,
    AuditReport,
    BackupReport,
    Differences,
    DoctorReport,
    ExportReport,
    Fix,
    ReembedReport,
    WorkReport,
)


class Upkeep:
    """Looking after a home; see docs/upkeep.md."""

    _engine: Engine

    def export(
        self, path: str | Path, *, user_id: str | None = None, vectors: bool = True, force: bool = False
    ) -> ExportReport:
        """Write everything to a file of JSON Lines (`.gz` compresses it); with `user_id`, what that user owns.

        `vectors=False` makes a smaller file, whose texts are embedded anew on import. An existing file is left alone
        unless `force`. Raises ConflictError, StoreReadOnly.
        """
        owner = None if user_id is None else inputs.scope(user_id=user_id).owner
        keep, over = inputs.flag("vectors", vectors), inputs.flag("force", force)
        return transfer.export(self._engine, inputs.file("path", path), owner=owner, vectors=keep, force=over)

    def import_from(self, path: str | Path) -> ExportReport:
        """Read an export, all of it or nothing; the state hash of what was read is that of the file.

        The same file again changes nothing. Raises InputError for a damaged file, NewerHome for one of a later
        version, ConflictError when the home holds some of it already.
        """
        return transfer.load(self._engine, inputs.file("path", path))

    def backup(self, folder: str | Path) -> BackupReport:
        """Copy the ledger into a new folder while it is in use, and read the copy back. Raises ConflictError."""
        return backup.backup(self._engine, inputs.file("folder", folder))

    def diff(
        self,
        since: Time,
        until: Time = None,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
    ) -> Differences:
        """What was recorded after `since`, up to `until` (now): memories added, changed, ended, removed, restored.

        Net: what came and went in between is only counted. Without labels, of all scopes. Raises InputError.
        """
        scope = _scope_or_all(user_id, agent_id, app_id, run_id)
        start, end = inputs.moment("since", since), inputs.moment("until", until) or self._engine.clock()
        if start is None or start > end:
            raise InputError("since", "must be a time before `until`.", advice="For example 2024-05-08T13:56:00Z.")
        return compare.differences(self._engine, scope, start, end)

    def audit(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
    ) -> AuditReport:
        """Look for duplicates, contradictions, orphans and vague facts; `fixes` of the report go to `repair`.

        Nothing is changed, and no model is asked. Without labels, all owners are looked at.
        """
        return audit.audit(self._engine, _scope_or_all(user_id, agent_id, app_id, run_id))

    def repair(self, fixes: Sequence[Fix], *, dry_run: bool = False) -> tuple[Applied, ...]:
        """Carry out the fixes of an audit that say `apply`; each can be undone by its resolutions, last first."""
        if isinstance(fixes, str) or not isinstance(fixes, Sequence) or not all(isinstance(f, Fix) for f in fixes):
            raise InputError("fixes", "must be a list of Fix.", advice="Pass `fixes` of what audit() returned.")
        return audit.repair(self._engine, fixes, dry_run=inputs.flag("dry_run", dry_run))

    def work(
        self,
        *,
        name: str = "",
        until_empty: bool = False,
        lease_seconds: float = 60,
        attempts: int = MOST_ATTEMPTS,
        stop: threading.Event | None = None,
        finished: Finished | None = None,
    ) -> WorkReport:
        """Read the episodes that `add(wait=False)` recorded, beside other workers, until `stop` is set.

        `name` tells workers apart (the host and process by default). `until_empty` ends when nothing waits. A worker
        that dies loses nothing: after `lease_seconds` another goes on. An episode that ended its worker `attempts`
        times counts as failed. `finished` is told each result.
        """
        lease = timedelta(seconds=inputs.seconds("lease_seconds", lease_seconds))
        most = inputs.whole("attempts", attempts, 1, 1_000_000)
        worker = Worker(self._engine, name or work.own_name(), lease=lease, attempts=most, stop=stop)
        return worker.work(until_empty=until_empty, finished=finished)

    @classmethod
    def restore(
        cls,
        folder: str | Path,
        settings: Settings | None = None,
        *,
        home: str | Path | None = None,
        force: bool = False,
        dry_run: bool = False,
        **options: Any,
    ) -> BackupReport:
        """Put a backup into a home that is not open, and write its vector store anew; no model is asked.

        `dry_run` only checks every byte of the backup. A home that holds a ledger is refused unless `force`. Raises
        ConflictError, InputError, NewerHome, StoreError.
        """
        place = inputs.file("folder", folder)
        if inputs.flag("dry_run", dry_run):
            return backup.examine(place)[1]
        return backup.restore(
            place, assembly.settings(settings, home=home, **options), force=inputs.flag("force", force)
        )

    @classmethod
    def reembed(
        cls,
        settings: Settings | None = None,
        *,
        home: str | Path | None = None,
        embedder: Embedder | str | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> ReembedReport:
        """Bring the vectors of a home to the embedding model of the settings; run it again when it was interrupted.

        `progress` is told how many texts were embedded since its last call. Close the home elsewhere first. Raises
        ConfigError, ModelError, StoreError.
        """
        named = {"embedder": embedder} if isinstance(embedder, str) else {}
        chosen = assembly.settings(settings, home=home, **named, **options)
        given = None if isinstance(embedder, str) else embedder
        parts = assembly.engine(chosen, embedder=given, same_model=False)
        try:
            return reembed.reembed(parts, progress)
        finally:
            assembly.close(parts)

    @classmethod
    def doctor(
        cls,
        settings: Settings | None = None,
        *,
        home: str | Path | None = None,
        deep: bool = False,
        **options: Any,
    ) -> DoctorReport:
        """Look at a home, also one that cannot be opened: versions, disk, permissions, models, ledger, settings.

        `deep` reads every row of the ledger. What is wrong is in the report and not raised, but for settings that
        cannot be read (ConfigError).
        """
        chosen = assembly.settings(settings, home=home, **options)
        return doctor.examine(chosen, lambda: assembly.fingerprint(chosen), deep=inputs.flag("deep", deep))


def _scope_or_all(
    user_id: str | None, agent_id: str | None, app_id: str | None, run_id: str | None
) -> values.Scope | None:
    labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
    return inputs.scope(**labels) if any(value is not None for value in labels.values()) else None
