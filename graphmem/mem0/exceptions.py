"""What callers of Mem0 catch: its ValidationError with codes, and ValueError where it raises that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from graphmem.errors import InputError, NotFound

NO_SCOPE = "VALIDATION_001"
WRONG_MEMORY_TYPE = "VALIDATION_002"
WRONG_MESSAGES = "VALIDATION_003"
WRONG_VALUE = "VALIDATION_004"

NAMES: Mapping[str, str] = MappingProxyType({"id": "memory_id", "min_score": "threshold", "instructions": "prompt"})
"""Parameters of the engine that Mem0 calls by another name."""
_MESSAGE = re.compile(r"messages\[(\d+)\]")


class ValidationError(InputError, ValueError):
    """A value that cannot be used; `error_code`, `details`, `suggestion` and `debug_info` as in Mem0."""

    def __init__(self, field: str, problem: str, *, error_code: str, suggestion: str = "") -> None:
        super().__init__(field, problem, advice=suggestion)
        self.error_code = error_code
        self.suggestion = suggestion
        self.details = {"field": field}
        self.debug_info: dict[str, Any] = {}


@contextmanager
def translated(names: Mapping[str, str] = NAMES, places: Sequence[int] = ()) -> Iterator[None]:
    """Raise graphmem's errors about values and ids as Mem0's.

    `names` gives the parameter that the caller wrote for that of the engine, `places` where a message of the engine
    stood among those of the caller.
    """
    try:
        yield
    except ValidationError:
        raise
    except InputError as exc:
        problem = exc.message.removeprefix(f"{exc.field}: ")
        field = _written(exc.field, names, places)
        raise ValidationError(field, problem, error_code=WRONG_VALUE, suggestion=exc.advice) from exc
    except NotFound as exc:
        raise ValueError(f"Memory with id {exc.item_id} not found") from exc


def _written(field: str, names: Mapping[str, str], places: Sequence[int]) -> str:
    """The field as the caller knows it."""
    found = _MESSAGE.match(field)
    if found and places:
        return f"messages[{places[int(found[1])]}]{field[found.end() :]}"
    return names.get(field, field)
