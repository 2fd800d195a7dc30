"""Mem0's Python API on graphmem: change `from mem0 import Memory` to `from graphmem.mem0 import Memory`.

Signatures, configuration, result shapes and event names are those of mem0ai 1.0; what 2.0 renamed is accepted beside
them. This package translates; everything is decided by `graphmem.Memory`, which `Memory.engine` gives access to.
"""

from graphmem.mem0.aio import AsyncMemory
from graphmem.mem0.config import MemoryConfig
from graphmem.mem0.exceptions import ValidationError
from graphmem.mem0.memory import Memory

__all__ = ["AsyncMemory", "Memory", "MemoryConfig", "ValidationError"]
