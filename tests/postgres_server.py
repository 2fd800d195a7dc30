"""A real PostgreSQL for the tests that need one, started by the first of them and stopped with the test process.

Where it comes from: `GRAPHMEM_TEST_POSTGRES_URL` (a database in which schemas may be made), else the binaries of
Debian's `postgresql` package, run on a free port in a temporary folder; as root, under the user `postgres` or `nobody`.
Where neither can be had the tests are skipped, and the last lines of the run say so.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import pytest

GIVEN = os.environ.get("GRAPHMEM_TEST_POSTGRES_URL", "")
NO_POSTGRES = "needs PostgreSQL: install Debian's package postgresql, or set GRAPHMEM_TEST_POSTGRES_URL"
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")
WAIT_SECONDS = 60


class NoServer(Exception):
    """No PostgreSQL can be had here."""


def _binaries() -> Path:
    places = [path for pattern in PLACES for path in Path("/").glob(pattern.lstrip("/"))]
    whole = sorted(path for path in places if (path / "initdb").exists() and (path / "postgres").exists())
    if not whole:
        raise NoServer(NO_POSTGRES)
    return whole[-1]


def _user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise NoServer(NO_POSTGRES)


def _end_with_parent() -> None:
    """Linux ends the server when the test process is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


class Server:
    """One cluster in a folder of its own; durable, so that kills may be tested."""

    def __init__(self) -> None:
        self._bin, self._as = _binaries(), _user()
        self._folder = Path(mkdtemp(prefix="graphmem-pg-"))
        if self._as:
            os.chown(self._folder, self._as["user"], self._as["group"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql+psycopg://graphmem@127.0.0.1:{self.port}/postgres"
        data = self._folder / "data"
        # Another locale than the tests expect, on purpose: order must not depend on it.
        self._run("initdb", "-D", data, "-U", "graphmem", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = (
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"unix_socket_directories={self._folder}",
            "-c",
            "fsync=off",
        )
        command = [self._bin / "postgres", "-D", data, "-p", str(self.port), *options]
        with (self._folder / "log").open("wb") as log:
            own = {"cwd": self._folder, "preexec_fn": _end_with_parent, **self._as}
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **own)
        atexit.register(self.stop)
        self._wait()

    def _run(self, name: str, *arguments: object) -> None:
        command = [str(self._bin / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self._folder, **self._as)
        if done.returncode:
            raise NoServer(f"{NO_POSTGRES} ({name}: {done.stderr.strip()[-200:]})")

    def _wait(self) -> None:
        import psycopg

        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise NoServer(f"{NO_POSTGRES} (it did not start: {(self._folder / 'log').read_text()[-300:]})")

    def stop(self) -> None:
        """End the server and remove its folder; a second call is a no-op."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


@lru_cache(maxsize=1)
def _started() -> Server | str:
    """The server of this process, or why there is none: asked once."""
    try:
        return Server()
    except NoServer as error:
        return str(error)


def address() -> str:
    """URL of a running server, without a schema of one's own; skips the test where there is none."""
    pytest.importorskip("psycopg", reason=NO_POSTGRES)
    if GIVEN:
        return GIVEN
    started = _started()
    if isinstance(started, str):
        pytest.skip(started)
    return started.url


def _driver(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _within(base: str, name: str) -> str:
    return f"{base}{'&' if '?' in base else '?'}options=-csearch_path%3D{name}"


def schema() -> Iterator[str]:
    """URL of an empty schema of one's own, dropped at the end."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    base, name = address(), f"t{uuid4().hex}"
    with psycopg.connect(_driver(base), autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
        try:
            yield _within(base, name)
        finally:
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(name)))


@lru_cache(maxsize=1)
def _kept() -> str:
    """A schema that lasts as long as this process: making one costs more than most tests."""
    kept = schema()
    url = next(kept)
    # After the server's own exit is registered: the last that was registered goes first.
    atexit.register(_dropped, kept)
    return url


def _dropped(kept: Iterator[str]) -> None:
    """Drop a schema. A server that has ended already, with the thread that started it, has taken it along."""
    from psycopg import OperationalError

    with suppress(OperationalError):
        kept.close()  # type: ignore[attr-defined]


def emptied() -> str:
    """URL of a schema whose tables, if there are any, are empty; one test at a time uses it."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    address()
    url = _kept()
    with psycopg.connect(_driver(url), autocommit=True) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
        names = [Identifier(row[0]) for row in found if row[0] != "meta"]
        if names:
            connection.execute(SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(SQL(", ").join(names)))
            connection.execute("DELETE FROM meta WHERE name <> 'schema_version'")
    return url


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """URL of an empty schema of one's own."""
    yield from schema()


def summarize(reporter: Any) -> None:
    """Say how many tests a missing server cost."""
    skipped = [report for report in reporter.stats.get("skipped", []) if NO_POSTGRES in str(report.longrepr)]
    if skipped:
        reporter.write_line(f"NOT RUN: {len(skipped)} tests ({NO_POSTGRES})", yellow=True, bold=True)
