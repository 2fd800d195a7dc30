"""What callers of Mem0 catch: its ValidationError with codes, and ValueError where it raises that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graphmem.errors import InputError, NotFound

NO_SCOPE = "VALIDATION_001"
WRONG_MEMORY_TYPE = "VALIDATION_002"
WRONG_MESSAGES = "VALIDATION_003"
WRONG_VALUE = "VALIDATION_004"


class ValidationError(InputError, ValueError):
    """A value that cannot be used; `error_code`, `details` and `suggestion` as in Mem0."""

    def __init__(self, field: str, problem: str, *, error_code: str, suggestion: str = "") -> None:
        super().__init__(field, problem, advice=suggestion)
        self.error_code = error_code
        self.suggestion = suggestion
        self.details = {"field": field}


@contextmanager
def translated() -> Iterator[None]:
    """Raise graphmem's errors about values and ids as Mem0's."""
    try:
        yield
    except ValidationError:
        raise
    except InputError as exc:
        problem = exc.message.removeprefix(f"{exc.field}: ")
        raise ValidationError(exc.field, problem, error_code=WRONG_VALUE, suggestion=exc.advice) from exc
    except NotFound as exc:
        raise ValueError(f"Memory with id {exc.item_id} not found") from exc
