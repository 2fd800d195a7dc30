"""The connection to a Neo4j server: what is sent, how often, and one place that names errors.

Statements are files of `cypher/`, values are parameters; `calls` counts the statements sent.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from graphmem import assets
from graphmem.errors import MissingExtra, StoreError, StoreReadOnly, StoreRefused, StoreUnavailable

OLDEST = (5, 26)
"""The first version whose labels and types of relationships may be parameters."""
CONNECT_SECONDS = 5.0
RETRY_SECONDS = 0.3
"""How long a write that met another one, or a server that went away, is tried again. A store that stays away must not
stop an add: what it missed waits in the outbox."""

READ_SECONDS, WRITE_SECONDS = 30.0, 300.0
"""After which the server stops what it is doing: a server that is stuck must not hold a caller."""

MADE_MEANWHILE = "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists"
"""What the loser of two that make the same is told, also after IF NOT EXISTS."""

# What the driver says of its retries goes where an application sends it, not to stderr when it sends it nowhere.
logging.getLogger("neo4j").addHandler(logging.NullHandler())

Parameters = Mapping[str, Any]
Row = list[Any]


class Address(NamedTuple):
    """Where a server is and who asks it."""

    url: str
    user: str | None = None
    password: str | None = None
    database: str | None = None


class Statement(NamedTuple):
    """A file of `cypher/` and its parameters."""

    name: str
    parameters: Parameters


class _TakenBack(Exception):
    """Ends a transaction without its changes."""


class Connection:
    """A driver that is opened on first use. Safe for many threads."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.calls = 0
        self._driver = _driver(address)
        self._checked = False

    def check(self) -> None:
        """Reach the server and look at its version, once. Raises StoreUnavailable, StoreRefused."""
        if self._checked:
            return
        with translated(self.address):
            self._driver.verify_connectivity()
            agent = str(self._driver.get_server_info().agent)
        check_version(agent, self.address.url)
        self._checked = True

    def command(self, name: str) -> None:
        """Run one statement that changes the schema; again when it met another process that makes the same."""
        from neo4j.exceptions import ClientError

        with translated(self.address), self._session("WRITE") as session:
            try:
                session.execute_write(self._sent, [Statement(name, {})])
            except ClientError as exc:
                if exc.code != MADE_MEANWHILE:
                    raise

    def read(self, name: str, parameters: Parameters) -> list[Row]:
        """Rows of one statement, in a transaction that cannot write; tried again where that may help."""
        import neo4j

        with translated(self.address), self._session("READ") as session:
            try:
                # One round trip; a transaction of its own would be three, which is half of what an answer takes.
                self.calls += 1
                return list(session.run(neo4j.Query(_text(name), timeout=READ_SECONDS), parameters).values())
            except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError) as exc:
                if not exc.is_retryable():
                    raise
            return list(session.execute_read(_bounded(self._sent, READ_SECONDS), [Statement(name, parameters)]))

    def write(self, statements: Sequence[Statement]) -> list[Row]:
        """Run statements in one transaction; rows of the last one. One that gives no row takes all of them back."""
        with translated(self.address), self._session("WRITE") as session:
            try:
                return list(session.execute_write(_bounded(self._whole, WRITE_SECONDS), statements))
            except _TakenBack:
                return []

    def _whole(self, transaction: Any, statements: Sequence[Statement]) -> list[Row]:
        rows: list[Row] = []
        for statement in statements:
            rows = self._sent(transaction, [statement])
            if not rows:
                raise _TakenBack
        return rows

    def rolled_back(self, name: str) -> list[Row]:
        """Rows of one statement whose changes are taken back."""
        with translated(self.address), self._session("WRITE") as session, session.begin_transaction() as transaction:
            rows = self._sent(transaction, [Statement(name, {})])
            transaction.rollback()
            return rows

    def _sent(self, transaction: Any, statements: Sequence[Statement]) -> list[Row]:
        rows: list[Row] = []
        for statement in statements:
            self.calls += 1
            rows = transaction.run(_text(statement.name), statement.parameters).values()
        return rows

    def session(self, mode: str) -> Any:
        """A session in an access mode, READ or WRITE, for a statement that is not one of `cypher/`."""
        return self._session(mode)

    def _session(self, mode: str) -> Any:
        return self._driver.session(
            database=self.address.database,
            default_access_mode=mode,
            bookmark_manager=self._bookmarks,
            fetch_size=2000,
        )

    @property
    def _bookmarks(self) -> Any:
        return self._driver.execute_query_bookmark_manager

    def close(self) -> None:
        """Close the driver; a second call is a no-op."""
        self._driver.close()


def _text(name: str) -> Any:
    """A statement of `cypher/`; nothing else is ever sent but what a caller of `cypher` writes."""
    return assets.text(f"{name}.cypher", "cypher")


def _bounded(work: Callable[..., list[Row]], seconds: float) -> Callable[..., list[Row]]:
    import neo4j

    bounded: Callable[..., list[Row]] = neo4j.unit_of_work(timeout=seconds)(work)
    return bounded


def _driver(address: Address) -> Any:
    try:
        import neo4j
    except ImportError as exc:
        raise MissingExtra('graph = "neo4j"', "neo4j") from exc
    auth = (address.user or "neo4j", address.password) if address.password is not None else None
    try:
        return neo4j.GraphDatabase.driver(
            address.url,
            auth=auth,
            connection_timeout=CONNECT_SECONDS,
            connection_acquisition_timeout=2 * CONNECT_SECONDS,
            max_transaction_retry_time=RETRY_SECONDS,
            initial_retry_delay=0.1,
            notifications_min_severity="OFF",
            warn_notification_severity="OFF",
            telemetry_disabled=True,
            user_agent="graphmem",
        )
    except (ValueError, neo4j.exceptions.ConfigurationError) as exc:
        raise StoreRefused(
            f"neo4j_url = {address.url!r} is not an address of Neo4j: {exc}.",
            advice="Write bolt://HOST:7687 or neo4j://HOST:7687, with +s for TLS.",
        ) from exc


def check_version(agent: str, url: str) -> None:
    """Raise StoreRefused for a server that is too old, by what it calls itself (`Neo4j/5.26.0`)."""
    found = re.match(r"Neo4j/(\d+)\.(\d+)", agent)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        raise StoreRefused(
            f"The server at {url} is {agent}; graphmem needs Neo4j 5.26 or newer.",
            advice="Upgrade it, or set neo4j_url to another one.",
        )


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Turn the driver's errors into this package's."""
    from neo4j import exceptions

    try:
        yield
    except (exceptions.DriverError, exceptions.Neo4jError, OSError) as exc:
        raise _named(exc, address) from exc


def _named(exc: Exception, address: Address) -> StoreError:
    from neo4j import exceptions

    code = str(getattr(exc, "code", "") or "")
    said = str(getattr(exc, "message", "") or exc).strip()
    if isinstance(exc, exceptions.AuthError):
        who = "without a password" if address.password is None else f"as {address.user or 'neo4j'!r}"
        return StoreRefused(
            f"Neo4j at {address.url} does not let graphmem in {who}: {said}.",
            advice="Set neo4j_user and neo4j_password.",
        )
    if "DatabaseNotFound" in code or "database does not exist" in said.lower():
        return StoreRefused(
            f"Neo4j at {address.url} has no database {address.database!r}.",
            advice="Set neo4j_database, or leave it out for the default one.",
        )
    if any(sign in code for sign in ("ReadOnly", "NotALeader", "AccessMode", "WriteOnReadOnly")):
        return StoreReadOnly(
            f"Neo4j at {address.url} cannot be written: {said}.",
            advice="Set neo4j_url to a server that takes writes, or make this one writable.",
        )
    if "too large to index" in said or "ConstraintValidation" in code:
        return _in_the_way(said, address)
    away = isinstance(exc, exceptions.ServiceUnavailable | exceptions.SessionExpired | OSError)
    # Neo4j closes a database in which it could not end a commit: nothing is read or written there until a restart.
    closed = "TransactionCommitFailed" in code or "needs to be restarted" in said
    if away or closed or "DatabaseUnavailable" in code:
        what, advice = (
            ("met an error of its own", "Restart it, and see its debug.log; what waits is written then.")
            if closed
            else ("cannot be reached", "Start it, or set neo4j_url to where it runs.")
        )
        return StoreUnavailable(f"Neo4j at {address.url} {what}: {said}.", advice=advice)
    return StoreError(f"Neo4j at {address.url} failed: {said}.", advice="Run: graphmem verify")


def _in_the_way(said: str, address: Address) -> StoreRefused:
    """An index or a constraint that is not of graphmem's making refuses what a batch says."""
    index = re.search(r"name='([^']*)'.*?schema=\((.*?)\)", said)
    what = f"The index {index[1]} on {index[2]}" if index else "A constraint that another application made"
    drop = f"DROP INDEX `{index[1]}`" if index else "SHOW CONSTRAINTS, then DROP CONSTRAINT"
    return StoreRefused(
        f"{what} keeps Neo4j at {address.url} from taking the graph: {said.splitlines()[0][:300]}",
        advice=f"Run there: {drop}. Or set neo4j_database to one of its own; what waits is written then.",
    )
