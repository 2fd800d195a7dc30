"""Filters as conditions on rows. `steps.filters.matches` says in Python what these say in SQL; a test holds them equal.

Every comparison is true or false, never unknown, so that `not` means the opposite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, false, func, literal, not_, null, or_, select, true

from graphmem.ledger.database.schema import aliases, attributes, memories, mentions, messages, relations, supports
from graphmem.steps import filters
from graphmem.steps.filters import Condition, Group, Scalar, Test
from graphmem.steps.linking import key
from graphmem.values import SCOPE_LABELS, Source

Compare = Callable[[Any, Scalar], ColumnElement[bool]]


def compiled(condition: Condition | None, source: Source) -> ColumnElement[bool]:
    """A condition over rows of memories (source "fact") or messages."""
    if condition is None:
        return true()
    if isinstance(condition, Group):
        parts = [compiled(part, source) for part in condition.parts]
        if condition.connective == "and":
            return and_(true(), *parts)
        return or_(false(), *parts) if condition.connective == "or" else not_(or_(false(), *parts))
    return _test(condition, source)


def _test(test: Test, source: Source) -> ColumnElement[bool]:
    positive = {"ne": "eq", "nin": "in"}.get(test.operator)
    if positive is not None:
        return not_(_test(test.model_copy(update={"operator": positive}), source))
    if test.operator == "in":
        operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        return or_(false(), *(_test(Test(key=test.key, operator="eq", operand=o), source) for o in operands))
    if test.operand is None and test.operator == "eq":
        return not_(_test(Test(key=test.key, operator="exists"), source))
    if test.key in ("entity", "relation"):
        return _through(test, source)
    if test.key in filters.FIELDS:
        return _field(test, source)
    return _attribute(test, source)


def _field(test: Test, source: Source) -> ColumnElement[bool]:
    value = _column(test.key, source)
    if test.operator == "exists":
        return value.is_not(None)
    operand = test.operand
    if test.key in filters.TIMES:
        operand = filters.moment(test.key, operand)  # type: ignore[assignment]
        if test.operator in ("contains", "icontains"):
            return false()
    elif not isinstance(operand, str):
        return false()
    return and_(value.is_not(None), func.coalesce(_compare(test.operator, value, operand), false()))


def _column(name: str, source: Source) -> ColumnElement[Any]:
    table = memories if source == "fact" else messages
    if name == "source":
        return literal(source)
    if name in SCOPE_LABELS:
        return func.nullif(table.c[name], "")
    if source == "message":
        name = {"valid_from": "timestamp"}.get(name, name)
    return table.c[name] if name in table.c else cast(null(), String)


def _compare(operator: str, value: Any, operand: Any) -> ColumnElement[bool]:
    if operator == "contains":
        return _holds(value, operand)
    if operator == "icontains":
        return _holds(func.lower(value), operand.casefold())
    comparisons: dict[str, ColumnElement[bool]] = {
        "eq": value == operand,
        "gt": value > operand,
        "gte": value >= operand,
        "lt": value < operand,
        "lte": value <= operand,
    }
    return comparisons[operator]


def _holds(value: Any, part: str) -> ColumnElement[bool]:
    # LIKE folds case in SQLite only and has its own signs; taking the part out changes the text when it is there.
    return true() if part == "" else func.replace(value, part, "") != value


def _attribute(test: Test, source: Source) -> ColumnElement[bool]:
    a = attributes.c
    table = memories if source == "fact" else messages
    return table.c.id.in_(_typed(select(a.item_id).where(a.key == test.key), test))


def _typed(found: Select[Any], test: Test) -> Select[Any]:
    a, operand, operator = attributes.c, test.operand, test.operator
    if operator == "exists":
        return found.where(a.kind != "null")
    if isinstance(operand, bool):
        same = operator in ("eq", "contains", "icontains")
        listed = true() if operator == "eq" else a.listed
        return found.where(a.kind == "bool", listed, a.number == float(operand) if same else false())
    if isinstance(operand, int | float):
        if operator in ("contains", "icontains"):
            return found.where(a.kind == "number", a.listed, a.number == float(operand))
        return found.where(a.kind == "number", _compare(operator, a.number, float(operand)))
    if not isinstance(operand, str):
        return found.where(false())
    return found.where(a.kind == "text", _text(operator, a, operand))


def _text(operator: str, a: Any, operand: str) -> ColumnElement[bool]:
    if operator == "contains":
        return or_(and_(a.listed, a.text == operand), and_(not_(a.listed), _holds(a.text, operand)))
    if operator == "icontains":
        folded = func.lower(a.text)
        whole = and_(a.listed, folded == operand.casefold())
        return or_(whole, and_(not_(a.listed), _holds(folded, operand.casefold())))
    return _compare(operator, a.text, operand)


def _through(test: Test, source: Source) -> ColumnElement[bool]:
    """`entity`: names of what the item mentions; `relation`: types that the memory supports. Both are lists."""
    table = memories if source == "fact" else messages
    if test.key == "entity":
        value: Any = aliases.c.key
        found = select(mentions.c.item_id).join(aliases, aliases.c.entity_id == mentions.c.entity_id)
    else:
        value = relations.c.type
        found = select(supports.c.memory_id).join(relations, relations.c.id == supports.c.relation_id)
    if test.operator == "exists":
        return table.c.id.in_(found)
    if not isinstance(test.operand, str):
        return false()
    operand = key(test.operand) if test.key == "entity" else test.operand
    operator = {"contains": "eq", "icontains": "eq"}.get(test.operator, test.operator)
    return table.c.id.in_(found.where(_compare(operator, value, operand)))
