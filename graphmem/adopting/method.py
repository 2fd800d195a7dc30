"""`adopt`, as a method of `Memory`."""

from __future__ import annotations

from graphmem.adopting import writing
from graphmem.adopting.mem0 import Mem0Source
from graphmem.adopting.report import AdoptReport
from graphmem.adopting.writing import Progress
from graphmem.engine import Engine
from graphmem.errors import InputError


class Adoption:
    """Taking over what another engine holds; see docs/adopt.md."""

    _engine: Engine

    def adopt(self, source: Mem0Source, *, dry_run: bool = False, progress: Progress | None = None) -> AdoptReport:
        """Take over a Mem0 memory: memories under their ids, their history, edges live and invalid; no model is asked.

        The old stores are only read. Running it again adds only what is new there. `dry_run` only reads and counts;
        `progress` is called with (written, of). Raises InputError, ConfigError, MissingExtra, StoreUnavailable.
        """
        if not isinstance(source, Mem0Source):
            kind = type(source).__name__
            raise InputError("source", f"must be a Mem0Source, not {kind}.", advice="See docs/adopt.md.")
        return writing.adopt(self._engine, source, dry_run=dry_run, progress=progress)
