"""mem0's filter grammar, with and without `$`, parsed to a small tree; the stores and an in-memory oracle read it.

    {"category": "travel"}                         equality; a list means any of its values
    {"score": {"gte": 3, "$lt": 9}}                operators: eq ne in nin gt gte lt lte contains icontains
    {"category": "*"}                              the key is present
    {"AND": [...]}, {"OR": [...]}, {"NOT": [...]}  and "$and", "$or", "$not"

Keys that are fields of a memory or message (`kind`, `role`, `speaker`, `valid_from`, `valid_to`, `recorded_at`,
`entity`, `relation`, scope labels, `source`) mean those fields; every other key means the metadata.

A list is compared element by element, and one that fits is enough. `contains` looks for a part of a text, or for an
element of a list. Values of different types never compare; only `ne` and `nin` accept a key that is absent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any, Literal, TypeGuard, get_args

from graphmem.errors import FilterError
from graphmem.steps.linking import key as name_key
from graphmem.values import SCOPE_LABELS, Memory, MessageRecord, Value

Operator = Literal["eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "contains", "icontains", "exists"]
Scalar = str | int | float | bool | None

OPERATORS: tuple[str, ...] = tuple(name for name in get_args(Operator) if name != "exists")
CONNECTIVES = ("and", "or", "not")
TIMES = frozenset({"valid_from", "valid_to", "recorded_at"})
FIELDS = frozenset({"kind", "role", "speaker", "source", *TIMES, *SCOPE_LABELS})
"""Fields with one value; `entity` and `relation` are lists."""
MAX_DEPTH = 32
EXAMPLE = 'Write {"category": "travel"} or {"score": {"gte": 3}}.'


class Test(Value):
    """One comparison of one key."""

    key: str
    operator: Operator
    operand: Scalar | tuple[Scalar, ...] = None


class Group(Value):
    """Conditions joined by a connective; `not` is true when none of them is."""

    connective: Literal["and", "or", "not"]
    parts: tuple[Test | Group, ...]


Condition = Test | Group


def parse(filters: Mapping[str, Any], depth: int = 0) -> Condition:
    """Read a filter. Raises FilterError, naming the nearest operator when one is unknown."""
    if not isinstance(filters, Mapping):
        raise FilterError("filters", f"a filter is a mapping, not {type(filters).__name__}.", advice=EXAMPLE)
    if depth > MAX_DEPTH:
        raise FilterError("filters", f"nested more than {MAX_DEPTH} deep.", advice="Make it flatter.")
    parts = [part for name, value in filters.items() for part in _parts(name, value, depth)]
    return parts[0] if len(parts) == 1 else Group(connective="and", parts=tuple(parts))


def parse_given(filters: object) -> Condition | None:
    """The filter of a caller; nothing for None and for an empty mapping. Raises FilterError."""
    if filters is None or (isinstance(filters, Mapping) and not filters):
        return None
    return parse(filters)  # type: ignore[arg-type] # parse looks at the type itself


def _parts(name: object, value: Any, depth: int) -> list[Condition]:
    if not isinstance(name, str) or not name:
        raise FilterError("filters", f"a key is a text, not {name!r}.", advice=EXAMPLE)
    bare = name.removeprefix("$").lower()
    if bare in CONNECTIVES and (name.startswith("$") or name in ("AND", "OR", "NOT")):
        return [Group(connective=bare, parts=_branches(name, value, depth))]
    if name.startswith("$"):
        raise FilterError("filters", f"unknown operator {name!r}.", advice=_nearest(bare, CONNECTIVES))
    if isinstance(value, Mapping):
        return _comparisons(name, value)
    return [_test(name, "in" if _is_list(value) else "eq", value)]


def _branches(name: str, value: Any, depth: int) -> tuple[Condition, ...]:
    branches = [value] if isinstance(value, Mapping) else value
    if not _is_list(branches) or not branches:
        raise FilterError(
            "filters", f"{name} takes a list of filters.", advice=f'Write {{"{name}": [{{...}}, {{...}}]}}.'
        )
    return tuple(parse(branch, depth + 1) for branch in branches)


def _comparisons(name: str, value: Mapping[str, Any]) -> list[Condition]:
    if not value:
        raise FilterError(name, "an empty comparison.", advice=f"Operators: {', '.join(OPERATORS)}.")
    tests: list[Condition] = []
    for operator, operand in value.items():
        bare = str(operator).removeprefix("$").lower()
        if bare not in OPERATORS:
            raise FilterError(name, f"unknown operator {operator!r}.", advice=_nearest(bare, OPERATORS))
        tests.append(_test(name, bare, operand))
    return tests


def _nearest(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.4)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."


def _test(name: str, operator: str, operand: Any) -> Test:
    if operator == "eq" and operand == "*" and isinstance(operand, str):
        return Test(key=name, operator="exists")
    if operator in ("in", "nin"):
        if not _is_list(operand):
            raise FilterError(name, f"{operator!r} takes a list.", advice='Write {"in": ["a", "b"]}.')
        return Test(key=name, operator=operator, operand=tuple(_scalar(name, part) for part in operand))
    value = _scalar(name, operand)
    if operator not in ("eq", "ne") and value is None:
        raise FilterError(name, f"{operator!r} needs a value.", advice="Only eq and ne compare with null.")
    return Test(key=name, operator=operator, operand=value)


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple | set | frozenset)


def _scalar(name: str, value: object) -> Scalar:
    if isinstance(value, date):
        value = value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise FilterError(name, f"{value} cannot be compared.", advice="Use a finite number.")
    if value is not None and not isinstance(value, str | int | float | bool):
        raise FilterError(
            name, f"cannot be compared with a {type(value).__name__}.", advice="Use text, numbers, times."
        )
    if isinstance(value, int) and abs(value) > 2**63:
        raise FilterError(name, "is too large a number.", advice="Use one of up to 64 bits.")
    if name in TIMES and value is not None:
        moment(name, value)
    return value


def moment(name: str, value: object) -> datetime:
    """The moment that an operand means; a date alone is its midnight in UTC. Raises FilterError."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise FilterError(name, f"{value!r} is not a time.", advice="Write it like 2024-05-08T13:56:00Z.")
    if found.tzinfo is None:
        if not isinstance(value, str) or len(value) > 10:
            raise FilterError(name, f"{value!r} has no time zone.", advice="Write it like 2024-05-08T13:56:00Z.")
        found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC)


def record_of(
    item: Memory | MessageRecord,
    entities: Sequence[str] = (),
    relations: Sequence[str] = (),
    recorded_at: datetime | None = None,
) -> Mapping[str, Any]:
    """What filters see of a fact or message; `entities` are names and aliases, `relations` types.

    `recorded_at` is that of a message's episode: messages do not carry it.
    """
    fields: dict[str, Any] = {
        **item.metadata,
        **{label: getattr(item.scope, label) for label in SCOPE_LABELS},
        "role": item.role,
        "speaker": item.speaker,
        "entity": tuple(name_key(name) for name in entities),
        "relation": tuple(relations),
    }
    if isinstance(item, Memory):
        times = {name: getattr(item, name) for name in TIMES}
        return {**fields, **times, "kind": item.kind, "source": "fact"}
    times = {"valid_from": item.timestamp, "valid_to": None, "recorded_at": recorded_at}
    return {**fields, **times, "kind": None, "source": "message"}


def matches(condition: Condition, record: Mapping[str, Any]) -> bool:
    """Whether a record (see `record_of`) fits; the meaning that every store's compiled filter must have."""
    if isinstance(condition, Group):
        results = (matches(part, record) for part in condition.parts)
        return all(results) if condition.connective == "and" else any(results) is (condition.connective == "or")
    operator, operand = condition.operator, condition.operand
    if operator in ("ne", "nin"):
        opposite: Operator = "eq" if operator == "ne" else "in"
        return not matches(condition.model_copy(update={"operator": opposite}), record)
    if operator == "in":
        parts = operand if isinstance(operand, tuple) else (operand,)
        return any(matches(Test(key=condition.key, operator="eq", operand=part), record) for part in parts)
    found = record.get(condition.key)
    listed = isinstance(found, list | tuple)
    values = [value for value in (found if isinstance(found, list | tuple) else [found]) if value is not None]
    if operator == "exists" or operand is None:
        return bool(values) is (operator == "exists")
    if condition.key == "entity" and isinstance(operand, str):
        operand = name_key(operand)
    return any(_fits(condition.key, operator, value, operand, listed) for value in values)


def _fits(name: str, operator: str, value: object, operand: Any, listed: bool) -> bool:
    if name in TIMES:
        operand = moment(name, operand)
    if operator in ("contains", "icontains") and isinstance(value, str) and isinstance(operand, str):
        if operator == "icontains":
            value, operand = value.casefold(), operand.casefold()
        return value == operand if listed else operand in value
    if operator in ("contains", "icontains"):
        operator = "eq" if listed else "never"
    left, right = _comparable(value), _comparable(operand)
    if left is None or right is None or type(left) is not type(right):
        return False
    return _compare(operator, left, right)


def _comparable(value: object) -> Any:
    """Numbers as one type, and booleans as a type of their own, which knows equality only."""
    if isinstance(value, bool):
        return (value,)
    if isinstance(value, int | float):
        return float(value)
    return value if isinstance(value, str | datetime) else None


def _compare(operator: str, left: Any, right: Any) -> bool:
    if operator == "eq":
        return bool(left == right)
    if isinstance(left, tuple):
        return False
    order = {"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}
    return bool(order.get(operator, False))
