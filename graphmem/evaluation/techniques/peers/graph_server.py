"""The Neo4j that peers with a graph write to: that of the settings."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from graphmem.errors import ConfigError
from graphmem.settings import Settings


class Server(NamedTuple):
    """Address and login."""

    url: str
    user: str
    password: str
    database: str | None


def server(technique: str, settings: Settings) -> Server:
    """The server that the settings name. Raises ConfigError when they name none."""
    given: dict[str, Any] = {key: getattr(settings, f"neo4j_{key}", None) for key in Server._fields}
    if not given["url"]:
        raise ConfigError(f"The technique {technique!r} needs a Neo4j.", advice="Set GRAPHMEM_NEO4J_URL.")
    secret = given["password"]
    password = "" if secret is None else str(secret.get_secret_value())
    return Server(str(given["url"]), str(given["user"] or "neo4j"), password, given["database"])


def partition(folder: Path) -> str:
    """A name for the memory in this folder: the server is shared, and what is not the run's is not touched."""
    return f"graphmem-eval-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
