"""The Neo4j that peers with a graph write to: that of the settings."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from graphmem.errors import StoreUnavailable
from graphmem.settings import Settings


class Server(NamedTuple):
    """Address and login."""

    url: str
    user: str
    password: str
    """Empty where the server asks for none."""
    database: str | None


def server(technique: str, settings: Settings) -> Server:
    """The server that the settings name. Raises StoreUnavailable when it does not answer."""
    import neo4j
    from neo4j.exceptions import DriverError, Neo4jError

    secret = settings.neo4j_password
    password = "" if secret is None else secret.get_secret_value()
    found = Server(settings.neo4j_url, settings.neo4j_user, password, settings.neo4j_database)
    login = (found.user, found.password) if found.password else None
    try:
        with neo4j.GraphDatabase.driver(found.url, auth=login, telemetry_disabled=True) as driver:
            driver.verify_connectivity()
    except (DriverError, Neo4jError) as exc:
        raise StoreUnavailable(
            f"The technique {technique!r} needs a Neo4j, and {found.url} does not answer.",
            advice="Set GRAPHMEM_NEO4J_URL and GRAPHMEM_NEO4J_PASSWORD.",
        ) from exc
    return found


def partition(folder: Path) -> str:
    """A name for the memory in this folder: the server is shared, and what is not the run's is not touched."""
    return f"graphmem-eval-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
