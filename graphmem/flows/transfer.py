"""export and import: the whole ledger, or one owner's part, as JSON Lines.

The first line names the format, the state hash and the embedding model; then one row a line; the last line holds the
number of rows and the SHA-256 of all lines before it, so that a file cut short or changed is refused whole.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from graphmem.engine import Engine
from graphmem.errors import ConflictError, InputError, NewerHome, StoreReadOnly
from graphmem.flows import reembed
from graphmem.ledger.copies.transfer import Line
from graphmem.ledger.projections.embedding import BARE
from graphmem.steps.redaction import Redactor
from graphmem.values import ExportReport

FORMAT = 1
SAID = {
    "episodes": ("instructions", "metadata", "idempotency_key"),
    "messages": ("content", "speaker", "metadata"),
    "memories": ("text", "metadata"),
}
"""Columns that hold what callers gave; the others hold what was made of it."""
KIND = "graphmem.export"


class Header(NamedTuple):
    """The first line of a file."""

    schema: int
    state: str
    owner: str | None
    embedding: str
    vectors: bool


def export(engine: Engine, path: Path, *, owner: str | None, vectors: bool, force: bool) -> ExportReport:
    """Write a file; it is there whole or not at all. Raises ConflictError when it exists, unless `force`."""
    if path.exists() and not force:
        raise ConflictError(f"{path} exists.", advice="Choose another name, or force it.")
    keeping = engine.ledger.keeping
    partial = path.with_name(f".{path.name}.part")
    counts: dict[str, int] = {}
    with engine.ledger.snapshot(), _writing(partial, compressed=path.suffix == ".gz") as put:
        state = keeping.state(owner)
        put(_header(engine, state.hash, owner, vectors=vectors))
        for name, row in keeping.dump(owner, vectors=vectors):
            put({"table": name, "row": row})
            counts[name] = counts.get(name, 0) + 1
    partial.replace(path)
    return ExportReport(path=str(path), rows=counts, state=state.hash)


def _header(engine: Engine, state: str, owner: str | None, *, vectors: bool) -> dict[str, Any]:
    from graphmem import __version__

    return {
        "kind": KIND,
        "format": FORMAT,
        "version": __version__,
        "schema": engine.ledger.keeping.schema(),
        "created_at": engine.clock().isoformat(),
        "owner": owner,
        "state": state,
        "embedding": engine.embedder.fingerprint,
        "vectors": vectors,
    }


class _Writer:
    """Puts JSON lines into a file and remembers their digest."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self._lines = 0

    def __call__(self, value: dict[str, Any]) -> None:
        line = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
        self._digest.update(line)
        self._out.write(line)
        self._lines += 1

    def end(self) -> None:
        """The last line."""
        footer = {"end": True, "rows": self._lines - 1, "sha256": self._digest.hexdigest()}
        self._out.write(json.dumps(footer).encode() + b"\n")


@contextmanager
def _writing(path: Path, *, compressed: bool) -> Iterator[_Writer]:
    try:
        path.touch(mode=0o600)
        with path.open("wb") as raw:
            out = cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="wb", mtime=0)) if compressed else raw
            writer = _Writer(out)
            yield writer
            writer.end()
            if out is not raw:
                out.close()
            raw.flush()
            os.fsync(raw.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StoreReadOnly(f"{path} cannot be written: {error.strerror}.", advice="Choose another place.") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def is_export(path: Path) -> bool:
    """Whether a file begins as an export does."""
    try:
        with _reading(path) as lines:
            return KIND.encode() in lines.readline(200)
    except (OSError, EOFError):
        return False


def load(engine: Engine, path: Path) -> ExportReport:
    """Read a file into the home, all of it or nothing. The same file again changes nothing.

    Rows are taken as they are: the state must be that of the file. An export of a home that takes secrets out holds
    none; one that holds some, by the settings of this home, is refused. Vectors of another embedding model are left out
    and computed anew. Raises InputError for a file that is damaged or holds secrets, NewerHome, and ConflictError when
    the home holds some of it already.
    """
    header = _check(engine, path)
    keeping = engine.ledger.keeping
    held = keeping.state(header.owner)
    if held.hash == header.state:
        return ExportReport(path=str(path), rows=held.counts, state=held.hash, present=True)
    _refuse_secrets(engine, path)
    usable = header.vectors and header.embedding == engine.embedder.fingerprint
    if engine.projection.graph is not None:
        engine.projection.graph.expect_rebuild()
    counts = keeping.load(_rows(path), vectors=usable)
    if not usable:
        engine.ledger.set_meta(BARE, "1")
    embedded = 0 if usable else reembed.fill(engine)
    engine.projection.apply()
    return ExportReport(path=str(path), rows=counts, state=keeping.state(header.owner).hash, embedded=embedded)


def _check(engine: Engine, path: Path) -> Header:
    """The header of a file that is whole."""
    try:
        with _reading(path) as lines:
            header = _parsed(path, lines.readline())
            if header.get("kind") != KIND:
                raise InputError("file", f"{path} is no export of graphmem.", advice="Use a file that export wrote.")
            known = engine.ledger.keeping.schema()
            if header["format"] > FORMAT or header["schema"] > known:
                raise NewerHome(
                    f"{path} was written by a newer graphmem.", advice="Run: pip install --upgrade graphmem"
                )
            lines.seek(0)
            _check_end(path, lines)
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise InputError("file", f"{path} cannot be read: {error}.", advice="Check the path and the file.") from error
    return Header(header["schema"], header["state"], header["owner"], header["embedding"], header["vectors"])


def _check_end(path: Path, lines: IO[bytes]) -> None:
    digest, last = hashlib.sha256(), b""
    for line in lines:
        digest.update(last)
        last = line
    if _parsed(path, last).get("sha256") != digest.hexdigest():
        raise InputError("file", f"{path} is cut short or was changed.", advice="Export again, or use another copy.")


def _refuse_secrets(engine: Engine, path: Path) -> None:
    mode = engine.settings.redact
    if mode == "none":
        return
    redactor = Redactor(mode)
    for table, row in _rows(path):
        for column in SAID.get(table, ()):
            redactor.value(row.get(column))
    if redactor.counts:
        raise InputError(
            "file",
            f"{path} holds what this home takes out: {redactor.told()}.",
            advice='Take it out where the file was made, or import it with redact = "none".',
        )


def _rows(path: Path) -> Iterator[Line]:
    with _reading(path) as lines:
        next(lines)
        for line in lines:
            found = _parsed(path, line)
            if "row" in found:
                yield found["table"], found["row"]


def _parsed(path: Path, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8", "surrogatepass"))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InputError("file", f"{path} is no export of graphmem.", advice="Use a file that export wrote.")
    return value


def _reading(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")
