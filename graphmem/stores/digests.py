"""Content hashes that projections keep beside what they hold, so that `verify` need not read it back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from graphmem.stores.contracts import GraphBatch, Properties


def digest(vector: npt.NDArray[np.float32]) -> str:
    """Hash of a vector's float32 bytes, 16 hex digits."""
    return hashlib.blake2b(np.ascontiguousarray(vector, dtype=np.float32).tobytes(), digest_size=8).hexdigest()


def graph_digest(labels: Iterable[str], properties: Properties) -> str:
    """Hash of what a node or an edge says, 16 hex digits; the order of labels does not count."""
    said = json.dumps([sorted(labels), properties], sort_keys=True, default=_text, ensure_ascii=False)
    return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def _text(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def graph_digests(batch: GraphBatch) -> Iterator[tuple[tuple[str, str], str]]:
    """(kind, id) and digest of every node and edge of a batch, as a graph store should answer for it."""
    for node in batch.nodes:
        yield (node.view, node.id), graph_digest(node.labels, node.properties)
    for edge in batch.edges:
        yield edge_key(edge.source, edge.type, edge.target, edge.properties), graph_digest((), edge.properties)
    for tie in batch.ties:
        for interval in tie.intervals:
            found = graph_digest((tie.type, tie.source, tie.target), interval)
            yield ("relation", str(interval["id"])), found


def edge_key(source: str, type: str, target: str, properties: Properties) -> tuple[str, str]:
    """The (kind, id) of an edge that starts at a fact or a message."""
    by = f"{properties['relation_id']} " if "relation_id" in properties else ""
    return type.lower(), f"{source} {by}{target}"
