"""Every error that graphmem raises. Each message ends with what to do next.

GraphMemError
├── ConfigError              settings: unknown key, wrong value, missing secret
│   └── MissingExtra         a backend whose packages are not installed
├── InputError               the caller's values; `field` names the one to fix
│   ├── ScopeError           no scope, or a label that cannot be one
│   ├── FilterError          a filter outside the grammar
│   └── UnknownEntity        no such entity in the scope; `suggestions` holds the nearest names
├── NotFound                 no memory, message, episode or resolution with this id
├── ConflictError            the operation contradicts the state (undone twice, key reused with other content)
│   └── LeaseLost            another worker took over what this one was doing
├── ModelError               a model did not give what was asked
│   ├── ModelUnavailable     down, timed out, rate limited: try again later
│   ├── ModelRefused         wrong key, unknown model, forbidden: trying again does not help
│   └── ModelReplyError      the reply could not be read
├── StoreError               the ledger or a projection failed
│   ├── StoreUnavailable     cannot be reached or is owned by another process
│   ├── StoreReadOnly        the home cannot be written, or the disk is full
│   ├── StoreRefused         a server refuses its settings: user, password, database; or it is too old
│   └── NewerHome            the home was written by a newer version
└── EmbeddingMismatch        the home's vectors come from another embedding model
"""

from __future__ import annotations

from collections.abc import Sequence


class GraphMemError(Exception):
    """Root of all errors of this package."""

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(f"{message} {advice}".strip())
        self.message = message
        self.advice = advice


class ConfigError(GraphMemError):
    """A setting is unknown, malformed or missing."""


class MissingExtra(ConfigError):
    """A backend needs packages that are not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs packages that are not installed.", advice=f"Run: pip install 'graphmem[{extra}]'"
        )
        self.extra = extra


class InputError(GraphMemError):
    """A value given by the caller cannot be used."""

    def __init__(self, field: str, problem: str, *, advice: str = "") -> None:
        super().__init__(f"{field}: {problem}", advice=advice)
        self.field = field


class ScopeError(InputError):
    """No scope, or a label that cannot be one."""


class FilterError(InputError):
    """A filter outside the grammar."""


class UnknownEntity(InputError):
    """No entity of that name in the scope."""

    def __init__(self, name: str, suggestions: Sequence[str] = ()) -> None:
        nearest = ", ".join(repr(s) for s in suggestions)
        advice = f"Did you mean {nearest}?" if nearest else "List the names with entities()."
        super().__init__("name", f"no entity is called {name!r} in this scope.", advice=advice)
        self.suggestions = tuple(suggestions)


class NotFound(GraphMemError):
    """No item with this id."""

    def __init__(self, what: str, item_id: str, *, advice: str = "") -> None:
        super().__init__(f"No {what} with id {item_id!r}.", advice=advice or "Ids come from add, search and list.")
        self.item_id = item_id


class ConflictError(GraphMemError):
    """The operation contradicts the present state."""


class LeaseLost(ConflictError):
    """Another worker took over what this one was doing; nothing was written."""


class ModelError(GraphMemError):
    """A model did not give what was asked."""


class ModelUnavailable(ModelError):
    """Down, timed out or rate limited; trying again later may work."""


class ModelRefused(ModelError):
    """Wrong key, unknown model or forbidden; trying again does not help."""


class ModelReplyError(ModelError):
    """The reply could not be read as what was asked for."""


class StoreError(GraphMemError):
    """The ledger or a projection failed."""


class StoreUnavailable(StoreError):
    """A store cannot be reached, or another process owns it."""


class StoreReadOnly(StoreError):
    """The home cannot be written, or its disk is full."""


class StoreRefused(StoreError):
    """A server refuses what the settings say of it, or it is too old: trying again does not help."""


class NewerHome(StoreError):
    """The home was written by a newer version of graphmem."""


class EmbeddingMismatch(GraphMemError):
    """The vectors of the home come from another embedding model."""
