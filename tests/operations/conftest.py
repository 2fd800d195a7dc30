from __future__ import annotations

import pytest

from graphmem import Memory
from tests.flows.conftest import Opener, graph, opened

__all__ = ["Opener", "graph", "opened"]


@pytest.fixture
def bare(opened: Opener) -> Memory:
    """A memory that reads triples and keeps its vectors in the ledger alone: what needs no Chroma is quicker so."""
    return opened(vectors="none")
