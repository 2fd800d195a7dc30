"""A drop-in memory on the local extractor and the hash embedder."""

from __future__ import annotations

import pytest

from graphmem import Memory as Engine
from graphmem.mem0 import Memory


@pytest.fixture
def drop_in(memory: Engine) -> Memory:
    """Mem0's face of the memory that every test may use."""
    return Memory.over(memory)
