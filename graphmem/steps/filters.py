"""mem0's filter grammar, with and without `$`, parsed to a small tree; the stores and an in-memory oracle read it.

    {"category": "travel"}                         equality
    {"score": {"gte": 3, "$lt": 9}}                operators: eq ne in nin gt gte lt lte contains icontains
    {"category": "*"}                              the key is present
    {"AND": [...]}, {"OR": [...]}, {"NOT": [...]}  and "$and", "$or", "$not"

Keys that are fields of a memory or message (`kind`, `role`, `speaker`, `valid_from`, `valid_to`, `recorded_at`,
`entity`, `relation`, scope labels, `source`) mean those fields; every other key means the metadata.
"""

from __future__ import annotations

from typing import Literal

from graphmem.values import Value

Operator = Literal["eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "contains", "icontains", "exists"]
Scalar = str | int | float | bool | None


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
