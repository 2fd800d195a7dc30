"""One real Neo4j for a whole test run, whoever needs it first: workers share it, and the end of the run ends it.

Where it comes from, in this order: `GRAPHMEM_TEST_NEO4J_URL` (no password); a container, where a Docker engine
answers; the jars that `docker/neo4j-local` has Maven fetch. Where none can be had the tests are skipped, and the last
lines of the run say so. `GRAPHMEM_TEST_NEO4J_VERSION` asks for another version than the pom's.

The controller of the run holds a lock for as long as it lives. What serves the run watches that lock, so also a run
that was killed leaves no server behind.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
RUN = "PYTEST_NEO4J_RUN"
"""Names the folder of this run to its workers."""
PREFIX = "graphmem-neo4j-"
BEGINNING = 60.0
NO_NEO4J = "needs Neo4j"
FIXTURE = "neo4j_url"
WAIT_SECONDS = 240


def _local() -> Any:
    path = ROOT / "docker" / "neo4j-local" / "serve.py"
    spec = importlib.util.spec_from_file_location("neo4j_local_serve", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_serve = _local()
LocalNeo4j = _serve.LocalNeo4j
"""A server of a test's own: `LocalNeo4j(home, password=None).start()`, `.url`, `.stop()`, `.kill()`."""
NoServer = _serve.NoServer


class Address(NamedTuple):
    """Where the server of this run is; `browser` is empty when it has none that is known."""

    url: str
    browser: str


class Run:
    """The controller's part: a folder and a lock for as long as the run lives."""

    held: IO[str] | None = None
    folder: Path | None = None

    @classmethod
    def begin(cls) -> None:
        """Make the folder; a worker of xdist finds it in its environment."""
        if RUN not in os.environ:
            _sweep()
            cls.folder = Path(mkdtemp(prefix=PREFIX))
            cls.held = (cls.folder / "run.lock").open("a")
            fcntl.flock(cls.held, fcntl.LOCK_SH)
            os.environ[RUN] = str(cls.folder)

    @classmethod
    def end(cls) -> None:
        """Let go of the lock; what serves the run sees it, and ends."""
        if cls.held and cls.folder:
            cls.held.close()
            del os.environ[RUN]
            _until(lambda: not (cls.folder / "home").exists(), seconds=10)
            shutil.rmtree(cls.folder, ignore_errors=True)
            cls.held = cls.folder = None


def _sweep() -> None:
    """Remove the folders of runs that were killed: nobody holds their lock. A run that just begins has none yet."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), (folder / "run.lock").open("a") as held:
            if time.time() - folder.stat().st_mtime > BEGINNING:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)


def _share(run: Path) -> Address:
    """The address of this run's server, started by whoever comes first. Raises NoServer for all who ask."""
    said = run / "address.json"
    with _serve.locked(run / "start.lock"):
        if not said.exists():
            try:
                found = _in_docker(run) if docker_answers() else _from_jars(run)
                said.write_text(json.dumps({"address": found}))
            except NoServer as error:
                said.write_text(json.dumps({"error": str(error)}))
    answer = json.loads(said.read_text())
    if "error" in answer:
        raise NoServer(answer["error"])
    return Address(*answer["address"])


def _from_jars(run: Path) -> Address:
    server = LocalNeo4j(run / "home", lock=run / "run.lock", throw_away=True, hurried=True)
    server.start()
    return Address(server.url, server.browser)


def docker_answers() -> bool:
    """Whether there is a Docker engine, not merely its command."""
    try:
        import docker
    except ImportError:
        return False
    try:
        return bool(docker.from_env(timeout=5).ping())
    except (docker.errors.DockerException, OSError):
        return False


def _in_docker(run: Path) -> Address:
    """A process of its own holds the container: it would go with the worker that asked first otherwise."""
    ready = run / "container.json"
    with (run / "container.log").open("ab") as log:
        holder = subprocess.Popen(
            [sys.executable, __file__, str(run)], stdout=log, stderr=log, cwd=ROOT, start_new_session=True
        )
    _until(lambda: ready.exists() or holder.poll() is not None, seconds=WAIT_SECONDS)
    if not ready.exists():
        holder.kill()
        raise NoServer(f"The container did not start: {(run / 'container.log').read_text()[-300:].strip()}")
    return Address(*json.loads(ready.read_text()))


def _until(come: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not come() and time.monotonic() < deadline:
        time.sleep(0.1)


def hold_container(run: Path) -> None:
    """Run a container until the controller of the run is gone."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    container = DockerContainer(f"neo4j:{_serve.VERSION}-community").with_env("NEO4J_AUTH", "none")
    with container.with_exposed_ports(7687, 7474) as running:
        wait_for_logs(running, "Started.", timeout=120)
        host = running.get_container_host_ip()
        bolt, http = (running.get_exposed_port(port) for port in (7687, 7474))
        part = run / "container.part"
        part.write_text(
            json.dumps(
                [
                    f"bolt://{host}:{bolt}",
                    f"http://{host}:{http}/browser/?connectURL=bolt://{host}:{bolt}&preselectAuthMethod=NO_AUTH",
                ]
            )
        )
        part.rename(run / "container.json")
        _wait_until_free(run / "run.lock")


def _wait_until_free(lock: Path) -> None:
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)


@pytest.fixture(scope="session")
def neo4j_address() -> Address:
    """Where the Neo4j of this run is, for drivers and for a browser."""
    given = os.environ.get("GRAPHMEM_TEST_NEO4J_URL")
    if given:
        return Address(given, "")
    try:
        return _share(Path(os.environ[RUN]))
    except NoServer as error:
        pytest.skip(f"{NO_NEO4J}: {error}")


@pytest.fixture(scope="session")
def neo4j_url(neo4j_address: Address) -> str:
    """`bolt://127.0.0.1:PORT` of a real Neo4j without a password. All tests of the run share it."""
    return neo4j_address.url


@pytest.fixture
def own_neo4j(tmp_path: Path) -> Iterator[Any]:
    """A server that a test may stop and start as it likes; started. Costs about ten seconds."""
    try:
        server = LocalNeo4j(tmp_path / "neo4j", throw_away=True, hurried=True).start()
    except NoServer as error:
        pytest.skip(f"{NO_NEO4J}: {error}")
    yield server
    with suppress(ProcessLookupError):
        server.kill()


def mark(items: Sequence[pytest.Item]) -> None:
    """Give the marker `neo4j` to every test that asks for a server, so that they can be chosen and counted."""
    needs = {FIXTURE, "neo4j_address", "own_neo4j"}
    for item in items:
        if needs & set(getattr(item, "fixturenames", ())):
            item.add_marker("neo4j")
        if item.get_closest_marker("neo4j"):
            item.user_properties.append(("neo4j", True))


def summarize(reporter: Any) -> None:
    """Say how many tests met a real Neo4j, and loudly when tests could not."""
    ran = {
        report.nodeid
        for outcome in ("passed", "failed")
        for report in reporter.stats.get(outcome, [])
        if ("neo4j", True) in [tuple(pair) for pair in report.user_properties]
    }
    skipped = [str(r.longrepr) for r in reporter.stats.get("skipped", []) if NO_NEO4J in str(r.longrepr)]
    if ran:
        reporter.write_line(f"{len(ran)} {'tests' if len(ran) > 1 else 'test'} ran against a real Neo4j")
    if skipped:
        why = skipped[0].partition(f"{NO_NEO4J}: ")[2].rstrip("')")
        reporter.write_line(f"NOT RUN: {len(skipped)} tests ({NO_NEO4J}: {why})", yellow=True, bold=True)


if __name__ == "__main__":
    hold_container(Path(sys.argv[1]))
