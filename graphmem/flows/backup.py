"""backup and restore: a folder with one copy of the ledger and a manifest that says what it must be.

The vector store is not copied: restore writes it anew from the ledger, with no model call. A SQLite ledger is copied by
its own online backup while others read and write; another database is copied as an export.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from graphmem.engine import Engine
from graphmem.errors import ConflictError, InputError, NewerHome, StoreError, StoreReadOnly, StoreUnavailable
from graphmem.faults import reach
from graphmem.flows import transfer
from graphmem.graph_projection import HOME, MARK, STALE
from graphmem.ledger.copies import copying
from graphmem.ledger.sql import SqlLedger
from graphmem.projection import REBUILDING, Projection
from graphmem.settings import Settings
from graphmem.stores.chroma import ChromaVectors
from graphmem.values import BackupReport

FORMAT = 1
KIND = "graphmem.backup"
MANIFEST = "manifest.json"
LEDGER = "ledger.db"
EXPORT = "ledger.jsonl.gz"
STORE = "chroma"
OWNER_LOCK = "owner.lock"


def backup(engine: Engine, folder: Path) -> BackupReport:
    """Copy the ledger into a new folder, read the copy back, and seal it with a manifest. Raises ConflictError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} exists and is not empty.", advice="Choose a new folder for each backup.")
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    with _writing(partial):
        partial.mkdir(parents=True, mode=0o700)
        manifest = _copied(engine, partial)
        sealed = partial / MANIFEST
        sealed.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        partial.rename(folder)
    return _report(folder, manifest)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreReadOnly(f"{folder} cannot be written: {error.strerror}.", advice="Choose another place.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copied(engine: Engine, folder: Path) -> dict[str, Any]:
    """Copy, read back, and say what the copy is."""
    from graphmem import __version__

    keeping = engine.ledger.keeping
    if keeping.file is not None:
        keeping.copy(folder / LEDGER)
        (folder / LEDGER).chmod(0o600)
        state = copying.examined(folder / LEDGER)
        name, found, rows = LEDGER, state.hash, state.counts
    else:
        report = transfer.export(engine, folder / EXPORT, owner=None, vectors=True, force=False)
        name, found, rows = EXPORT, report.state, dict(report.rows)
    return {
        "kind": KIND,
        "format": FORMAT,
        "version": __version__,
        "schema": keeping.schema(),
        "created_at": engine.clock().isoformat(),
        "state": found,
        "rows": rows,
        "embedding": engine.embedder.fingerprint,
        "file": name,
        "size": (folder / name).stat().st_size,
        "sha256": _sha256(folder / name),
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _report(folder: Path, manifest: dict[str, Any]) -> BackupReport:
    return BackupReport(
        path=str(folder),
        created_at=datetime.fromisoformat(manifest["created_at"]),
        version=manifest["version"],
        rows=manifest["rows"],
        state=manifest["state"],
        size=manifest["size"],
    )


def examine(folder: Path) -> tuple[dict[str, Any], BackupReport]:
    """The manifest of a backup whose every byte is as it was. Raises InputError, NewerHome, StoreError."""
    manifest = _manifest(folder)
    path = folder / manifest["file"]
    if not path.is_file() or path.stat().st_size != manifest["size"] or _sha256(path) != manifest["sha256"]:
        raise StoreError(f"{path} is not what the manifest says.", advice="Use another backup.")
    if manifest["file"] == LEDGER and manifest["schema"] == SqlLedger.schema():
        found = copying.examined(path)
        if found.hash != manifest["state"]:
            raise StoreError(f"{path} does not hold the state of the manifest.", advice="Use another backup.")
    return manifest, _report(folder, manifest)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("folder", f"{folder} is no backup.", advice="Give a folder that backup made.") from error
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND or manifest.get("file") not in (LEDGER, EXPORT):
        raise InputError("folder", f"{folder} is no backup.", advice="Give a folder that backup made.")
    if manifest["format"] > FORMAT or manifest["schema"] > SqlLedger.schema():
        raise NewerHome(f"{folder} was made by a newer graphmem.", advice="Run: pip install --upgrade graphmem")
    return manifest


def restore(folder: Path, settings: Settings, *, force: bool) -> BackupReport:
    """Put a backup in the place of a home's ledger and write the vector store anew.

    Raises ConflictError when the home holds a ledger, unless `force`; StoreUnavailable when it is open elsewhere.
    """
    manifest, report = examine(folder)
    if manifest["file"] != LEDGER or settings.ledger_url:
        raise ConflictError(
            "This backup is an export, or the ledger of the settings is no file of the home.",
            advice=f"Open an empty ledger and import {folder / manifest['file']} there, or restore into a home.",
        )
    ledger = settings.home / LEDGER
    if ledger.exists() and not force:
        raise ConflictError(f"{settings.home} holds a ledger.", advice="Restore into another home, or force it.")
    with _alone(settings.home), _marked(folder / LEDGER, ledger) as copy:
        copying.copy_in(copy, ledger)
        ledger.chmod(0o600)
        reach("restore.copied")
    reach("restore.dropped")
    _renew(settings, ledger, manifest)
    return report


@contextmanager
def _marked(source: Path, ledger: Path) -> Iterator[Path]:
    """A copy of a backup that says that no store has what it holds: so it replaces a ledger in one step."""
    # What a kill leaves in this folder goes when the store is written anew.
    copy = ledger.parent / STORE / "restoring.db"
    try:
        copy.touch(mode=0o600)
        shutil.copyfile(source, copy)
        own = _own_graph(ledger)
        graph = {HOME: own or uuid4().hex, MARK: STALE} if own or copying.meta_of(copy, HOME) else {}
        copying.set_meta(copy, {REBUILDING: "vectors", **graph})
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _own_graph(ledger: Path) -> str | None:
    """The id of the home in a graph database, which is not the one of the home that was backed up."""
    try:
        return copying.meta_of(ledger, HOME) if ledger.exists() else None
    except StoreError:
        return None


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """No other process has the home open; its vector store is gone at the end."""
    store = home / STORE
    try:
        store.mkdir(parents=True, exist_ok=True)
        with (store / OWNER_LOCK).open("a+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
            shutil.rmtree(store)
    except BlockingIOError as error:
        raise StoreUnavailable(f"{home} is open.", advice="Close what uses it, then restore again.") from error
    except OSError as error:
        raise StoreReadOnly(f"{home} cannot be written: {error.strerror}.", advice="Check its permissions.") from error


def _renew(settings: Settings, path: Path, manifest: dict[str, Any]) -> None:
    """Bring the ledger to the present schema, compare its state, and write the vector store."""
    ledger = SqlLedger.open(path, vector_store=settings.vectors != "none")
    opening = None if settings.vectors == "none" else partial(ChromaVectors.open, settings.home / STORE)
    projection = Projection(ledger, opening)
    try:
        if manifest["schema"] == SqlLedger.schema() and ledger.keeping.state().hash != manifest["state"]:
            raise StoreError("The restored ledger is not the one that was backed up.", advice="Restore it again.")
        # It finds the mark in the ledger, and is written anew.
        if projection.vectors() is None and settings.vectors != "none":
            raise StoreError(f"The vector store cannot be written: {projection.problem}", advice="Restore it again.")
    finally:
        projection.close()
        ledger.close()
