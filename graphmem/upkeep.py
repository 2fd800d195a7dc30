"""The upkeep of a home, as methods of `Memory`: export and import, backup and restore, another embedding model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphmem import assembly, inputs
from graphmem.engine import Engine
from graphmem.flows import backup, doctor, reembed, transfer
from graphmem.flows.reembed import Progress
from graphmem.models.contracts import Embedder
from graphmem.settings import Settings
from graphmem.values import BackupReport, DoctorReport, ExportReport, ReembedReport


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
        return transfer.export(self._engine, inputs.file("path", path), owner=owner, vectors=vectors, force=force)

    def import_from(self, path: str | Path) -> ExportReport:
        """Read an export, all of it or nothing; the state hash of what was read is that of the file.

        The same file again changes nothing. Raises InputError for a damaged file, NewerHome for one of a later
        version, ConflictError when the home holds some of it already.
        """
        return transfer.load(self._engine, inputs.file("path", path))

    def backup(self, folder: str | Path) -> BackupReport:
        """Copy the ledger into a new folder while it is in use, and read the copy back. Raises ConflictError."""
        return backup.backup(self._engine, inputs.file("folder", folder))

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
        if dry_run:
            return backup.examine(place)[1]
        return backup.restore(place, assembly.settings(settings, home=home, **options), force=force)

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
        return doctor.examine(chosen, lambda: assembly.fingerprint(chosen), deep=deep)
