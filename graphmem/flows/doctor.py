"""doctor: what could go wrong with a home, looked at without changing it, also when it cannot be opened.

Each check is one function; what it finds is a value, and a failure names the way out.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from graphmem.errors import GraphMemError
from graphmem.ledger.contracts import Ledger
from graphmem.ledger.copies.copying import schema_of
from graphmem.ledger.projections.embedding import FINGERPRINT
from graphmem.ledger.sql import SqlLedger
from graphmem.settings import Settings
from graphmem.stores.chroma_files import Seal
from graphmem.values import Check, DoctorReport, Health, Setting

WAL_BUG = ((3, 7, 0), (3, 51, 3))
"""SQLite versions from the first up to, not with, the second may corrupt a database when one connection resets the
write-ahead log while another writes (sqlite.org/wal.html, the WAL-reset bug)."""
LITTLE_SPACE = 1_000_000_000
NO_SPACE = 100_000_000
LARGE_WAL = 256_000_000
PACKAGES = ("sqlalchemy", "chromadb", "openai", "pydantic", "numpy", "spacy", "onnxruntime", "neo4j", "psycopg")
Fingerprint = Callable[[], str]
"""Fingerprint of the embedder of the settings. Raises GraphMemError when it cannot be built."""


def examine(settings: Settings, fingerprint: Fingerprint, *, deep: bool = False) -> DoctorReport:
    """Every check, the ledger's last; `deep` reads every row of the ledger. Raises nothing for what it finds."""
    checks = [*_versions(), *_home(settings), *_models(settings, fingerprint)]
    found = tuple(Setting(key=e.key, value=e.value, origin=e.origin) for e in settings.effective())
    return DoctorReport(checks=(*checks, *_ledger(settings, fingerprint, deep=deep)), settings=found)


def _versions() -> Iterator[Check]:
    from graphmem import __version__

    yield Check(name="graphmem", found=__version__)
    yield Check(name="python", found=f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Check(name="packages", found=", ".join(_packages()))
    yield sqlite_check(sqlite3.sqlite_version_info)
    options = {row[0] for row in sqlite3.connect(":memory:").execute("PRAGMA compile_options")}
    full_text = "ENABLE_FTS5" in options
    yield Check(
        name="sqlite full text",
        health="ok" if full_text else "failure",
        found="FTS5" if full_text else "SQLite was built without FTS5",
        advice="" if full_text else "Use a Python whose SQLite has FTS5.",
    )


def _packages() -> Iterator[str]:
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def sqlite_check(found: tuple[int, ...]) -> Check:
    """Whether this SQLite has the WAL-reset bug."""
    risky = WAL_BUG[0] <= found < WAL_BUG[1]
    advice = "Let one process at a time write to a home, or use a Python with SQLite 3.51.3 or newer, or PostgreSQL."
    return Check(
        name="sqlite",
        health="warning" if risky else "ok",
        found=".".join(map(str, found)) + (", has the WAL-reset bug" if risky else ""),
        advice=advice if risky else "",
    )


def _home(settings: Settings) -> Iterator[Check]:
    home = settings.home.resolve()
    if not home.exists():
        yield Check(name="home", found=f"{home} is not there yet", advice="It is made when something is added.")
    elif not home.is_dir() or not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        yield Check(name="home", health="failure", found=f"{home} cannot be written", advice="Fix its permissions.")
    else:
        yield Check(name="home", found=str(home))
        yield _permissions(home)
    yield _space(home)
    if settings.vectors == "chroma":
        yield _chroma(home / "chroma")


def _permissions(home: Path) -> Check:
    """Whether others on this machine may read what is remembered."""
    shared = [p for p in (home, home / "ledger.db") if p.exists() and p.stat().st_mode & 0o007]
    # A folder that others may not enter protects what is in it.
    if not shared or shared[0] is not home:
        return Check(name="permissions", found="others on this machine cannot read it")
    return Check(
        name="permissions",
        health="warning",
        found=f"others on this machine may read {home}",
        advice=f"Run: chmod 700 {home}",
    )


def _space(home: Path) -> Check:
    there = next(place for place in (home, *home.parents) if place.exists())
    free = shutil.disk_usage(there).free
    ledger = home / "ledger.db"
    wanted = max(LITTLE_SPACE, 2 * ledger.stat().st_size if ledger.exists() else 0)
    health: Health = "failure" if free < NO_SPACE else "warning" if free < wanted else "ok"
    advice = "" if health == "ok" else f"Free {wanted // 1_000_000:,} MB, or move the home."
    return Check(name="disk", health=health, found=f"{free // 1_000_000:,} MB free", advice=advice)


def _chroma(folder: Path) -> Check:
    """Who owns the vector store, and whether it is whole."""
    lock = folder / "owner.lock"
    if not lock.exists():
        return Check(name="vector store", found="not made yet; it is written from the ledger")
    try:
        with lock.open("a+") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return _chroma_inside(folder)
    except BlockingIOError:
        return Check(name="vector store", found=f"{folder} is open in a process; others search in the ledger")
    except OSError as error:
        advice = "Fix its permissions, or delete the folder: it is written anew from the ledger."
        return Check(name="vector store", health="failure", found=f"{folder}: {error.strerror}", advice=advice)


def _chroma_inside(folder: Path) -> Check:
    """Whether what nobody has open is whole."""
    name, advice = "vector store", "Run: graphmem rebuild vectors"
    try:
        if Seal(folder).broken():
            found = f"{folder}, its index was cut off; who opens it next writes it anew"
            return Check(name=name, health="warning", found=found, advice=advice)
        with closing(sqlite3.connect(f"{(folder / 'chroma.sqlite3').as_uri()}?mode=ro", uri=True)) as database:
            problems = [row[0] for row in database.execute("PRAGMA quick_check(1)") if row[0] != "ok"]
    except sqlite3.Error as error:
        problems = [str(error)]
    if problems:
        return Check(name=name, health="failure", found=f"{folder} is damaged: {problems[0]}", advice=advice)
    return Check(name=name, found=f"{folder}, free")


def _models(settings: Settings, fingerprint: Fingerprint) -> Iterator[Check]:
    try:
        yield Check(name="embedding model", found=fingerprint())
    except GraphMemError as error:
        yield _failed("embedding model", error)
    try:
        kind = settings.extractor_kind
    except GraphMemError as error:
        yield _failed("extraction", error)
        return
    model = settings.extract_model or settings.llm_model if kind == "llm" else kind
    nothing = "facts are not extracted; messages are searchable, and facts can be given"
    yield Check(name="extraction", found=f"{settings.llm_name} {model}" if kind == "llm" else model or nothing)
    if kind == "none":
        yield Check(name="facts", health="warning", found=nothing, advice="Install graphmem[local], or name a model.")


def _failed(name: str, error: GraphMemError) -> Check:
    return Check(name=name, health="failure", found=error.message, advice=error.advice)


def _ledger(settings: Settings, fingerprint: Fingerprint, *, deep: bool) -> Iterator[Check]:
    path = settings.home / "ledger.db"
    if not settings.ledger_url and not path.exists():
        yield Check(name="ledger", found="not made yet")
        return
    try:
        if not settings.ledger_url and (held := schema_of(path)) < SqlLedger.schema():
            found = f"schema {held}; this graphmem brings it to {SqlLedger.schema()} when it opens it"
            yield Check(name="ledger", health="warning", found=found, advice="Copy the folder first.")
            return
        ledger = SqlLedger.open(settings.ledger_url or path, vector_store=settings.vectors != "none")
    except GraphMemError as error:
        yield _failed("ledger", error)
        return
    try:
        yield from _open_ledger(ledger, fingerprint, deep=deep)
        yield from _log_size(path)
    except GraphMemError as error:
        yield _failed("ledger", error)
    finally:
        ledger.close()


def _open_ledger(ledger: Ledger, fingerprint: Fingerprint, *, deep: bool) -> Iterator[Check]:
    counts = ledger.counts()
    told = ", ".join(f"{counts[name]:,} {name}" for name in ("episodes", "messages", "memories", "relations"))
    yield Check(name="ledger", found=f"schema {ledger.keeping.schema()}; {told}; {ledger.keeping.server()}")
    yield _same_model(ledger, fingerprint)
    problems = ledger.check() if deep else ledger.keeping.quick_check()
    yield Check(
        name="ledger inside",
        health="failure" if problems else "ok",
        found="; ".join(problems) or ("every row is in its place" if deep else "the file is whole"),
        advice="Restore a backup, or export and import." if problems else "",
    )
    if deep and (bare := _without_vector(ledger)):
        found = f"{bare:,} texts have none; they are found by their words only"
        yield Check(name="missing vectors", health="warning", found=found, advice="Run: graphmem reembed")
    yield from _unfinished(ledger, counts["queue"])


def _without_vector(ledger: Ledger) -> int:
    """Facts, messages and names; the window around a deleted message has none on purpose."""
    return sum(text.view != "window" for texts in ledger.keeping.without_vector() for text in texts)


def _unfinished(ledger: Ledger, queued: int) -> Iterator[Check]:
    waiting = {s: len(ledger.episodes(status=s)) for s in ("pending", "running", "failed")}
    undone = waiting["pending"] + waiting["running"] - queued
    if waiting["failed"] or undone > 0:
        found = f"{waiting['failed']} failed, {max(undone, 0)} unfinished"
        yield Check(name="episodes", health="warning", found=found, advice="Run: graphmem retry")
    if queued:
        yield Check(name="queue", found=f"{queued:,} episodes wait for a worker", advice="Run: graphmem worker")
    pending = len(ledger.pending("vectors"))
    if pending:
        yield Check(name="outbox", found=f"{pending:,} writes wait for the vector store; later adds take them along")


def _same_model(ledger: Ledger, fingerprint: Fingerprint) -> Check:
    held = ledger.meta(FINGERPRINT)
    try:
        wanted = fingerprint()
    except GraphMemError:
        wanted = None
    if held is None or wanted is None or held == wanted:
        return Check(name="vectors", found=f"of {held or 'no model yet'}")
    return Check(
        name="vectors",
        health="failure",
        found=f"of {held}; the settings name {wanted}",
        advice="Set the embedder back, or run: graphmem reembed",
    )


def _log_size(path: Path) -> Iterator[Check]:
    log = path.with_name(path.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > LARGE_WAL:
        yield Check(
            name="write-ahead log",
            health="warning",
            found=f"{size // 1_000_000:,} MB",
            advice="A reader has been open for long; close what uses the home, it shrinks with the next write.",
        )
