"""A real Neo4j Community server with Neo4j Browser, without Docker: from the jars that Neo4j publishes for Maven.

    python docker/neo4j-local/serve.py                 until ctrl-C, with the data in .neo4j/home
    python docker/neo4j-local/serve.py --fetch-only    only fetch the jars (about 160 MB, once)

Needs Java, Python 3.11 and, for the first run, Maven; no package of Python. The tests use `LocalNeo4j` from here.

A server runs under a guard, a small process that stops it when its owner is gone, however the owner ended: the owner
holds a lock on a file, and the kernel lets go of it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".neo4j"
"""In the checkout, ignored by git."""
VERSION = os.environ.get("GRAPHMEM_TEST_NEO4J_VERSION") or "5.26.30"
"""The current release of the long-term series, as the pom says, unless a test run asks for another."""
FOLDERS = ("data", "logs", "import", "plugins", "run", "licenses", "conf")
START_SECONDS = 120
STOP_SECONDS = 30
OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
"""Packages of java.base that Neo4j reaches into."""
INSTALL = "Install them, on Debian: apt-get install default-jre-headless maven"


class NoServer(RuntimeError):
    """A server cannot be had here; the message says why, and what to do."""


def java() -> str:
    """The `java` of JAVA_HOME, else of the path. Raises NoServer."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if not found:
        raise NoServer(f"There is no Java here. {INSTALL}")
    return found


def java_version() -> int:
    """Its major version, 17 for example. Raises NoServer."""
    said = subprocess.run([java(), "-version"], capture_output=True, text=True, check=False).stderr
    number = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(number[1]) if number else 0


def needed_java(version: str) -> int:
    """What a version of Neo4j runs on: 5.x on Java 17, the calendar versions on Java 21."""
    return 17 if version.startswith("5.") else 21


def fetch(version: str = VERSION, cache: Path = CACHE) -> Path:
    """The folder with all jars of a version; Maven fills it the first time. Raises NoServer."""
    lib = cache / f"lib-{version}"
    if lib.is_dir():
        return lib
    maven = shutil.which("mvn")
    if not maven:
        raise NoServer(f"The jars of Neo4j are not here, nor is Maven to fetch them. {INSTALL}")
    java()
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / "fetch.lock"):
        if not lib.is_dir():
            _fetch(maven, version, lib)
    return lib


def _fetch(maven: str, version: str, lib: Path) -> None:
    part = Path(mkdtemp(prefix="part-", dir=lib.parent))
    command = [maven, "-B", "-q", "-f", str(HERE / "pom.xml"), f"-Dneo4j.version={version}"]
    command += ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={part}"]
    print(f"Fetching Neo4j {version} with Maven (about 160 MB, once) ...", file=sys.stderr, flush=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(part)
        raise NoServer(f"Maven could not fetch Neo4j {version}: {_last_error(done.stdout)}")
    part.chmod(0o755)
    part.rename(lib)


def _last_error(said: str) -> str:
    lines = [line for line in said.splitlines() if line.startswith("[ERROR]")]
    return lines[0] if lines else said.strip()[-300:] or "it did not say why"


@contextmanager
def locked(path: Path) -> Iterator[IO[str]]:
    """Hold a lock on a file, waiting for it."""
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield held


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class LocalNeo4j:
    """One server in one home; it can be started, stopped and started again at the same address.

    Without a password anyone on this machine may connect; with one, the user is `neo4j`. `lock` names the file that
    the owner holds locked; without it, the owner is the process that calls `start`.
    """

    def __init__(
        self,
        home: Path,
        *,
        bolt_port: int = 0,
        http_port: int = 0,
        password: str | None = None,
        version: str = VERSION,
        lock: Path | None = None,
        greeting: str = "",
        throw_away: bool = False,
        hurried: bool = False,
    ) -> None:
        """`greeting`: commands that Neo4j Browser runs when it has connected, with semicolons between them.

        `throw_away`: the guard removes the home when the server has ended. `hurried`: for minutes only, see `_java`.
        """
        self.home, self.password, self.version = home, password, version
        free = free_ports(2)
        self.bolt_port, self.http_port = bolt_port or free[0], http_port or free[1]
        self._lock, self._throw_away, self._greeting = lock, throw_away, greeting
        self._hurried = hurried
        self._held: IO[str] | None = None
        self._log: IO[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where drivers connect."""
        return f"bolt://127.0.0.1:{self.bolt_port}"

    @property
    def browser(self) -> str:
        """Where a person looks; with the address filled in, and connected at once where no password is needed."""
        known = f"?connectURL={self.url}" + ("" if self.password else "&preselectAuthMethod=NO_AUTH")
        return f"http://127.0.0.1:{self.http_port}/browser/{known}"

    @property
    def running(self) -> bool:
        """Whether the server that this object started still runs."""
        return self._guard is not None and self._guard.poll() is None

    def start(self) -> LocalNeo4j:
        """Start and wait until it answers. Raises NoServer with the end of its log."""
        if java_version() < needed_java(self.version):
            raise NoServer(
                f"Neo4j {self.version} needs Java {needed_java(self.version)}, and {java()} is {java_version()}. "
                "Set JAVA_HOME to a newer one."
            )
        lib = fetch(self.version)
        self._write_home()
        if self.password and not (self.home / "data" / "dbms").exists():
            self._set_password(lib)
        self._guard = self._launch(_server(lib, self.home, self.version, hurried=self._hurried))
        self._wait()
        return self

    def stop(self) -> None:
        """Shut it down in order; the data stays. Nothing when it does not run."""
        if self._guard is not None and self._guard.poll() is None:
            self._guard.terminate()
            self._guard.wait(STOP_SECONDS + 5)
        self._let_go()

    def kill(self) -> None:
        """End it at once, as a power cut would; the data stays."""
        if self._guard is not None:
            with suppress(ProcessLookupError, FileNotFoundError):
                os.kill(int((self.home / "run" / "java.pid").read_text()), signal.SIGKILL)
            self._guard.wait(STOP_SECONDS)
        self._let_go()

    def _end(self) -> str:
        """Kill it; returns what it said last. The log may be removed by now, yet it is open."""
        log, self._log = self._log, None
        self.kill()
        if log is None:
            return ""
        with log:
            log.seek(0)
            return _telling(log.read().decode(errors="replace"))

    def _let_go(self) -> None:
        for file in (self._held, self._log):
            if file:
                file.close()
        self._held = self._log = self._guard = None

    def _write_home(self) -> None:
        for name in FOLDERS:
            (self.home / name).mkdir(parents=True, exist_ok=True)
        (self.home / "conf" / "neo4j.conf").write_text(
            f"""\
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{self.bolt_port}
server.bolt.advertised_address=127.0.0.1:{self.bolt_port}
server.http.listen_address=127.0.0.1:{self.http_port}
server.http.advertised_address=127.0.0.1:{self.http_port}
server.memory.heap.max_size=512m
server.memory.pagecache.size=256m
db.tx_log.preallocate=false
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
dbms.security.auth_enabled={"true" if self.password else "false"}
dbms.usage_report.enabled=false
client.allow_telemetry=false
browser.post_connect_cmd={self._greeting}
""",
            encoding="utf-8",
        )

    def _set_password(self, lib: Path) -> None:
        command = [*_java(lib), "org.neo4j.cli.AdminTool", "dbms", "set-initial-password", str(self.password)]
        environment = os.environ | {"NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoServer(f"Neo4j did not take the password: {_telling(done.stderr)}")

    def _launch(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        lock = self._lock
        if lock is None:
            lock = self.home / "run" / "owner.lock"
            self._held = lock.open("a")
            fcntl.flock(self._held, fcntl.LOCK_SH)
        guard = [sys.executable, __file__, "--guard", str(lock), str(self.home)]
        guard += ["throw-away" if self._throw_away else "keep", *command]
        self._log = (self.home / "logs" / "console.log").open("w+b")
        return subprocess.Popen(
            guard, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.running or time.monotonic() > deadline:
                raise NoServer(f"Neo4j did not start: {self._end()}")
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/", timeout=5) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _java(lib: Path, *, hurried: bool = True) -> list[str]:
    """`hurried`: compile little; a process starts in half the time then, and is slower after some minutes."""
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    quiet = ["-XX:+UseSerialGC", "-Dio.netty.tryReflectionSetAccessible=true", "-Dlog4j2.disable.jmx=true"]
    quiet += ["-XX:TieredStopAtLevel=1"] if hurried else []
    return [java(), "-Xmx512m", *quiet, *opened, "-cp", f"{lib}/*"]


def _server(lib: Path, home: Path, version: str, *, hurried: bool) -> list[str]:
    with zipfile.ZipFile(lib / f"neo4j-{version}.jar") as jar:
        entry = jar.read("META-INF/services/org.neo4j.server.startup.EntryPoint").decode().strip()
    return [*_java(lib, hurried=hurried), entry, f"--home-dir={home}", f"--config-dir={home / 'conf'}"]


def _telling(log: str) -> str:
    """The line of a log that names the cause, else its end."""
    causes = [line.strip() for line in log.splitlines() if line.lstrip().startswith("Caused by:")]
    return causes[-1] if causes else log.strip()[-300:]


def guard(lock: Path, home: Path, keep: bool, command: Sequence[str]) -> int:
    """Run a server until it ends, this process is told to end, or nobody holds the lock."""
    child = subprocess.Popen(command)
    (home / "run" / "java.pid").write_text(str(child.pid))
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    with lock.open("a") as held:
        while child.poll() is None:
            with suppress(BlockingIOError):
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                child.kill()
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.3)
    if not keep:
        shutil.rmtree(home, ignore_errors=True)
    return child.returncode


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A Neo4j server with Neo4j Browser, without Docker.")
    parser.add_argument("--home", type=Path, default=CACHE / "home", help="folder of the data (default: .neo4j/home)")
    parser.add_argument("--bolt-port", type=int, default=7687)
    parser.add_argument("--http-port", type=int, default=7474)
    parser.add_argument("--kit-port", type=int, default=7475, help="of the style and the guide that Browser reads")
    parser.add_argument("--password", help="of the user neo4j; set when the home is new (default: no password)")
    parser.add_argument(
        "--neo4j-version", default=VERSION, help=f"default: {VERSION}; later ones need Java 21 in JAVA_HOME"
    )
    parser.add_argument("--fetch-only", action="store_true", help="only fetch the jars")
    return parser.parse_args()


def _serve(given: argparse.Namespace) -> None:
    for port in (given.bolt_port, given.http_port, given.kit_port):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                raise NoServer(
                    f"Port {port} is taken. Choose others: --bolt-port 7688 --http-port 7484 --kit-port 7485 "
                    "(make neo4j NEO4J_ARGS='...')"
                )
    kit = _kit(given.kit_port)
    server = LocalNeo4j(
        given.home.resolve(),
        bolt_port=given.bolt_port,
        http_port=given.http_port,
        password=given.password,
        version=given.neo4j_version,
        greeting="; ".join(command.removeprefix(":") for command in kit.commands),
    )
    print(f"Starting Neo4j {server.version} in {server.home} ...", flush=True)
    try:
        server.start()
        _say(server)
        while server.running:
            time.sleep(0.5)
    finally:
        server.stop()
        kit.close()
        print("Stopped.")


def _kit(port: int) -> Any:
    """What colours the graph and explains it, served to Browser. The kit needs no package."""
    sys.path.insert(0, str(HERE.parents[1]))
    from graphmem.neo4j_kit import DEMO, KitServer, contents

    return KitServer(contents(DEMO), port, guide_last=True)


def _say(server: LocalNeo4j) -> None:
    print(f"Neo4j Browser  {server.browser}")
    print(f"Drivers        {server.url}  ({'user neo4j, with the password' if server.password else 'no password'})")
    password = " GRAPHMEM_NEO4J_PASSWORD=..." if server.password else ""
    print(f"Try            GRAPHMEM_NEO4J_URL={server.url}{password} graphmem demo --graph neo4j")
    print("Stop           ctrl-C; the data stays", flush=True)


def main() -> int:
    """Serve until interrupted; 1 when no server can be had."""
    if sys.argv[1:2] == ["--guard"]:
        lock, home, keep, *command = sys.argv[2:]
        return guard(Path(lock), Path(home), keep == "keep", command)
    given = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if given.fetch_only:
            fetch(given.neo4j_version)
        else:
            _serve(given)
    except NoServer as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
