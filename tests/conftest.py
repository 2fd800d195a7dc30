"""Fixtures that every test may use. No test reads the user's environment or reaches outside this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests import neo4j_server, postgres_server
from tests.neo4j_server import neo4j_address, neo4j_url, own_neo4j
from tests.postgres_server import postgres_url

if TYPE_CHECKING:
    from graphmem import Memory
    from graphmem.models.local.embedder import LocalEmbedder

__all__ = ["neo4j_address", "neo4j_url", "own_neo4j", "postgres_url"]
NO_DATA = "needs evaluation data: set GRAPHMEM_TEST_DATA to its folder"
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


class OutsideNetwork(AssertionError):
    """A test tried to leave this machine."""


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def set(self, year: int, month: int, day: int, hour: int = 12) -> datetime:
        """Jump to a moment in UTC."""
        self.now = datetime(year, month, day, hour, tzinfo=UTC)
        return self.now

    def advance(self, **span: float) -> datetime:
        """Move on, for example by days=1."""
        self.now += timedelta(**span)
        return self.now


def _check_address(address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else ""
    if host and not str(host).startswith(LOOPBACK):
        raise OutsideNetwork(f"a test tried to connect to {host}")


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _check_address(address)
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _check_address(address)
    return _connect_ex(self, address)


def pytest_configure() -> None:
    """Close the way out before anything is imported by a test."""
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign]
    # No test asserts a time: a busy machine must not fail a property.
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")
    neo4j_server.Run.begin()


def pytest_unconfigure() -> None:
    """Let the run's Neo4j end."""
    neo4j_server.Run.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a Neo4j."""
    neo4j_server.mark(items)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many tests ran against a real Neo4j, and how many did not run, and why."""
    neo4j_server.summarize(terminalreporter)
    postgres_server.summarize(terminalreporter)
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NO_DATA in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"NOT RUN: {len(skipped)} tests ({NO_DATA})", yellow=True, bold=True)


@pytest.fixture(autouse=True, scope="session")
def _no_real_models() -> Iterator[None]:
    from graphmem.models.guard import forbid_real_models

    with forbid_real_models():
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        own = name.startswith("GRAPHMEM_") and not name.startswith("GRAPHMEM_TEST_")
        if own or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder for a home, not made yet."""
    return tmp_path / "home"


@pytest.fixture
def clock() -> Clock:
    """Stands at noon of 15 January 2024, UTC."""
    return Clock(datetime(2024, 1, 15, 12, tzinfo=UTC))


@pytest.fixture
def memory(home: Path, clock: Clock) -> Iterator[Memory]:
    """A memory on embedded stores with the hash embedder and the local extractor."""
    from graphmem import Memory, Settings

    with Memory.open(Settings(home=home, embedder="hash", extractor="local"), clock=clock) as opened:
        yield opened


@pytest.fixture(scope="session")
def local_embedder() -> Iterator[LocalEmbedder]:
    """The default embedder, loaded once."""
    from graphmem.models.local.embedder import LocalEmbedder

    embedder = LocalEmbedder(download=False, threads=1)
    yield embedder
    embedder.close()


@pytest.fixture
def data_path() -> Path:
    """The folder of the evaluation data; the test is skipped, and said to be, when there is none."""
    named = os.environ.get("GRAPHMEM_TEST_DATA")
    if not named:
        pytest.skip(NO_DATA)
    return Path(named)
