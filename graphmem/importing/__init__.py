"""Readers of files: each yields batches that one add takes, and says what it refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graphmem.importing import locomo, records
from graphmem.importing.batches import Batch, Labels, Refused
from graphmem.importing.json_files import fingerprint, load

__all__ = ["Batch", "Labels", "Refused", "read"]


def read(path: str | Path, labels: Labels | None = None) -> Iterator[Batch | Refused]:
    """The batches of a file: LoCoMo, a JSON list of records, or JSON Lines (by its suffix, .jsonl or .ndjson).

    The keys depend on the content of the file alone, so reading it again gives the same ones. Raises InputError when
    the file as a whole cannot be read.
    """
    labels = labels or Labels()
    digest = fingerprint(path)
    if Path(path).suffix.lower() in {".jsonl", ".ndjson"}:
        return records.from_lines(path, labels, digest)
    document = load(path)
    if locomo.is_locomo(document):
        return locomo.batches(document, labels, digest)
    return records.from_document(document, Path(path).name, labels, digest)
