"""Mem0's graph in Neo4j, read and never written.

A node has `name` (lower-cased, `_` for spaces), `user_id`, perhaps `agent_id` and `run_id`, `created` (milliseconds),
`mentions`, `embedding`, and as its label the type that the model named, beside `__Entity__` where that was asked for.
An edge has its relation as its type, `created_at` and `updated_at` (milliseconds), `mentions`, `valid`, and
`invalidated_at` (a datetime) once it is invalid; before 1.0 it had `created` and no `valid`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from graphmem import assets, inputs
from graphmem.adopting.records import Found, OldEdge, OldNode
from graphmem.adopting.report import Skipped
from graphmem.adopting.scopes import LABELS, carries, scope_of
from graphmem.adopting.times import moment
from graphmem.errors import ConfigError, InputError, MissingExtra, StoreUnavailable
from graphmem.values import Scope

BASE_LABEL = "__Entity__"
UNKNOWN_LABEL = "__User__"
"""What Mem0 writes where the model named no type."""
NOBODY = "user"
"""The user under whom Mem0 files the edges of memories that have none."""
TIMEOUT = 20
"""Seconds to wait for the server."""
_ENDS = ("source_scope", "target_scope")


def read(
    found: Found, url: str, auth: tuple[str, SecretStr | None], database: str | None, wanted: Scope | None = None
) -> None:
    """Add the edges of a graph to `found`; of those that cannot be taken over, the ones with an end within `wanted`.

    Raises MissingExtra, ConfigError, StoreUnavailable.
    """
    with _session(url, auth, database) as session:
        rows = session.execute_read(lambda work: list(work.run(assets.text("adopt_mem0_edges.cypher", "cypher"))))
        lone = assets.text("adopt_mem0_lone_nodes.cypher", "cypher")
        found.lone_nodes = session.execute_read(
            lambda work: int(work.run(lone, wanted=dict(wanted.labels) if wanted else {}).single()["nodes"])
        )
    for row in rows:
        written = f"{row['source']} -[{row['type']}]-> {row['target']}"
        properties = row["edge"]
        try:
            found.edges.append(_edge(row, properties))
        except InputError as error:
            if not any(carries(dict(zip(LABELS, row[end], strict=True)), wanted) for end in _ENDS):
                continue
            kind: Any = "live edge" if _is_live(properties) else "invalid edge"
            found.skipped.append(Skipped(kind=kind, item=written, reason=error.message))


def _is_live(properties: Mapping[str, Any]) -> bool:
    return properties.get("valid") is not False


def _edge(row: Mapping[str, Any], properties: Mapping[str, Any]) -> OldEdge:
    """Raises InputError, ScopeError."""
    mentions = properties.get("mentions")
    return OldEdge(
        scope=_shared_scope(row["source_scope"], row["target_scope"]),
        source=_node("source", row["source"], row["source_labels"]),
        type=inputs.text("type", row["type"], inputs.MAX_LABEL),
        target=_node("target", row["target"], row["target_labels"]),
        created_at=moment(properties.get("created_at", properties.get("created"))),
        updated_at=moment(properties.get("updated_at")),
        ended_at=None if _is_live(properties) else moment(properties.get("invalidated_at")),
        live=_is_live(properties),
        mentions=mentions if isinstance(mentions, int) and mentions > 0 else 1,
    )


def _node(field: str, name: object, labels: Sequence[str]) -> OldNode:
    own = [label for label in labels if label not in {BASE_LABEL, UNKNOWN_LABEL}]
    return OldNode(name=inputs.text(field, name, inputs.MAX_LABEL), label=own[0] if own else "")


def _shared_scope(source: Sequence[Any], target: Sequence[Any]) -> Scope:
    """The labels that both ends carry; ends of two users have none in common. Raises InputError."""
    if source[0] != target[0]:
        raise InputError("user_id", "its ends belong to two users.")
    return scope_of({label: a for label, a, b in zip(LABELS, source, target, strict=True) if a == b})


def unlabelled(edges: Sequence[OldEdge], scopes: Collection[Scope]) -> list[OldEdge]:
    """The edges, those that Mem0 filed under `user` for want of a user in the scope that their memories have."""
    return [edge.model_copy(update={"scope": _without_nobody(edge.scope, scopes)}) for edge in edges]


def _without_nobody(scope: Scope, scopes: Collection[Scope]) -> Scope:
    if scope.user_id != NOBODY or scope in scopes or (scope.agent_id is None and scope.run_id is None):
        return scope
    return scope.model_copy(update={"user_id": None})


@contextmanager
def _session(url: str, auth: tuple[str, SecretStr | None], database: str | None) -> Iterator[Any]:
    """A session that can only read; the driver's errors become graphmem's."""
    try:
        import neo4j
        from neo4j.exceptions import AuthError, ClientError, ConfigurationError, DriverError, Neo4jError
    except ImportError as exc:
        raise MissingExtra("Reading a graph in Neo4j", "neo4j") from exc
    user, password = auth
    secret = None if password is None else (user, password.get_secret_value())
    quiet: dict[str, Any] = {
        "notifications_min_severity": "OFF",
        "telemetry_disabled": True,
        "connection_timeout": TIMEOUT,
    }
    quiet |= {"connection_acquisition_timeout": TIMEOUT, "max_transaction_retry_time": TIMEOUT}
    try:
        with (
            neo4j.GraphDatabase.driver(url, auth=secret, **quiet) as driver,
            driver.session(database=database, default_access_mode=neo4j.READ_ACCESS) as session,
        ):
            driver.verify_connectivity()
            yield session
    except AuthError as exc:
        raise ConfigError(
            f"{url} refuses the user {user!r}.", advice="Give --neo4j-user and --neo4j-password, or NEO4J_PASSWORD."
        ) from exc
    except (ConfigurationError, ValueError) as exc:
        raise ConfigError(f"{url!r} is no address of Neo4j.", advice="Use one such as bolt://localhost:7687.") from exc
    except ClientError as exc:
        raise ConfigError(f"{url}: {exc.message}.", advice="Check --neo4j-database.") from exc
    except (DriverError, Neo4jError) as exc:
        reason = str(exc).partition("\n")[0]
        raise StoreUnavailable(f"{url} cannot be read: {reason}.", advice="Is that server running?") from exc
