"""graphmem: graph-augmented memory for AI agents.

    from graphmem import Memory

    with Memory.open() as memory:
        memory.add("I moved to Lisbon last month and work at Acme now.", user_id="maria")
        for hit in memory.search("Where does Maria live?", user_id="maria"):
            print(hit.score, hit.text)

Importing this package reads no setting and loads no heavy package: names are resolved when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphmem.aio import AsyncMemory
    from graphmem.errors import (
        ConfigError,
        ConflictError,
        EmbeddingMismatch,
        FilterError,
        GraphMemError,
        InputError,
        LeaseLost,
        MissingExtra,
        ModelError,
        ModelRefused,
        ModelReplyError,
        ModelUnavailable,
        NewerHome,
        NotFound,
        ScopeError,
        StoreError,
        StoreReadOnly,
        StoreRefused,
        StoreUnavailable,
        UnknownEntity,
    )
    from graphmem.flows.relate import GraphView
    from graphmem.memory import Memory
    from graphmem.settings import Settings
    from graphmem.values import (
        AddResult,
        Change,
        Context,
        DeleteReport,
        Entity,
        EntityCard,
        Episode,
        Evidence,
        ExpiryReport,
        Fact,
        HistoryEntry,
        Hit,
        MergeReport,
        Message,
        Neighbourhood,
        Page,
        Path,
        PlannedAdd,
        Receipt,
        Relation,
        Review,
        Scope,
        SearchResult,
        Status,
        Usage,
        VerifyReport,
    )

__version__ = "0.1.0"

_HOMES = {
    "graphmem.aio": ("AsyncMemory",),
    "graphmem.errors": (
        "ConfigError",
        "ConflictError",
        "EmbeddingMismatch",
        "FilterError",
        "GraphMemError",
        "InputError",
        "LeaseLost",
        "MissingExtra",
        "ModelError",
        "ModelRefused",
        "ModelReplyError",
        "ModelUnavailable",
        "NewerHome",
        "NotFound",
        "ScopeError",
        "StoreError",
        "StoreReadOnly",
        "StoreRefused",
        "StoreUnavailable",
        "UnknownEntity",
    ),
    "graphmem.flows.relate": ("GraphView",),
    "graphmem.memory": ("Memory",),
    "graphmem.settings": ("Settings",),
    "graphmem.values": (
        "AddResult",
        "Change",
        "Context",
        "DeleteReport",
        "Entity",
        "EntityCard",
        "Episode",
        "Evidence",
        "ExpiryReport",
        "Fact",
        "HistoryEntry",
        "Hit",
        "MergeReport",
        "Message",
        "Neighbourhood",
        "Page",
        "Path",
        "PlannedAdd",
        "Receipt",
        "Relation",
        "Review",
        "Scope",
        "SearchResult",
        "Status",
        "Usage",
        "VerifyReport",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AddResult",
    "AsyncMemory",
    "Change",
    "ConfigError",
    "ConflictError",
    "Context",
    "DeleteReport",
    "EmbeddingMismatch",
    "Entity",
    "EntityCard",
    "Episode",
    "Evidence",
    "ExpiryReport",
    "Fact",
    "FilterError",
    "GraphMemError",
    "GraphView",
    "HistoryEntry",
    "Hit",
    "InputError",
    "LeaseLost",
    "Memory",
    "MergeReport",
    "Message",
    "MissingExtra",
    "ModelError",
    "ModelRefused",
    "ModelReplyError",
    "ModelUnavailable",
    "Neighbourhood",
    "NewerHome",
    "NotFound",
    "Page",
    "Path",
    "PlannedAdd",
    "Receipt",
    "Relation",
    "Review",
    "Scope",
    "ScopeError",
    "SearchResult",
    "Settings",
    "Status",
    "StoreError",
    "StoreReadOnly",
    "StoreRefused",
    "StoreUnavailable",
    "UnknownEntity",
    "Usage",
    "VerifyReport",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if (module := _HOME_OF.get(name)) is None:
        raise AttributeError(f"module 'graphmem' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
