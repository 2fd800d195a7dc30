"""The grammar, its errors, and the oracle that stores must agree with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from graphmem.errors import FilterError
from graphmem.steps.filters import Group, Test, matches, parse, record_of
from graphmem.values import Memory, MessageRecord, Scope

AT = datetime(2024, 5, 8, tzinfo=UTC)
MEMORY = Memory(
    id="m", text="x", scope=Scope(user_id="u"), recorded_at=AT, valid_from=AT, speaker="Ann",
    metadata={"n": 3, "ok": True, "city": "Zürich", "tags": ["a", "B"], "none": None, "deep": {"x": 1}},
)  # fmt: skip
RECORD = record_of(MEMORY, ["Alice Smith"], ["works_at"])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, True),
        ({"n": 3}, True),
        ({"n": 3.0}, True),
        ({"n": "3"}, False),
        ({"n": True}, False),
        ({"ok": 1}, False),
        ({"ok": True}, True),
        ({"ok": {"gt": False}}, False),
        ({"n": {"gte": 3, "$lt": 9}}, True),
        ({"n": {"gt": 3}}, False),
        ({"city": {"lte": "Zz"}}, False),
        ({"city": {"contains": "ür"}}, True),
        ({"city": {"contains": "ÜR"}}, False),
        ({"city": {"icontains": "ÜR"}}, True),
        ({"n": {"contains": 3}}, False),
        ({"tags": "a"}, True),
        ({"tags": {"contains": "B"}}, True),
        ({"tags": {"contains": "b"}}, False),
        ({"tags": {"icontains": "b"}}, True),
        ({"tags": {"ne": "a"}}, False),
        ({"city": ["Rome", "Zürich"]}, True),
        ({"city": {"nin": ["Rome"]}}, True),
        ({"city": {"in": []}}, False),
        ({"city": "*"}, True),
        ({"none": "*"}, False),
        ({"none": None}, True),
        ({"gone": None}, True),
        ({"gone": {"ne": 1}}, True),
        ({"gone": {"gt": 1}}, False),
        ({"deep": "*"}, True),
        ({"deep": 1}, False),
        ({"AND": [{"n": 3}, {"ok": True}]}, True),
        ({"$or": [{"n": 4}, {"ok": True}]}, True),
        ({"NOT": [{"n": 4}, {"n": 5}]}, True),
        ({"$not": {"n": 3}}, False),
        ({"n": 3, "ok": False}, False),
        ({"kind": "semantic", "source": "fact", "user_id": "u", "run_id": None}, True),
        ({"speaker": {"icontains": "AN"}}, True),
        ({"entity": "alice  SMITH"}, True),
        ({"entity": {"in": ["Bob", "Alice Smith"]}}, True),
        ({"relation": "works_at"}, True),
        ({"relation": {"ne": "works_at"}}, False),
        ({"valid_from": {"gte": "2024-05-08", "lt": "2024-05-08T02:00:00+01:00"}}, True),
        ({"valid_from": datetime(2024, 5, 8, tzinfo=UTC)}, True),
        ({"valid_from": {"contains": "2024-05-08"}}, False),
        ({"valid_to": None}, True),
    ],
)
def test_a_filter_fits_or_not(filters: dict[str, Any], expected: bool) -> None:
    """Types never mix, lists fit by any element, absent keys satisfy only `ne` and `nin`."""
    assert expected == matches(parse(filters), RECORD)


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ({"n": {"gtee": 3}}, "Did you mean 'gte'"),
        ({"$adn": []}, "Did you mean 'and'"),
        ({"n": {"zzzzzz": 3}}, "Known: eq"),
        ({"n": {}}, "empty"),
        ({"OR": []}, "list of filters"),
        ({"AND": "x"}, "list of filters"),
        ({"AND": ["x"]}, "mapping"),
        ([], "mapping"),
        ({"": 1}, "key"),
        ({1: 1}, "key"),
        ({"n": {"in": "x"}}, "takes a list"),
        ({"n": {"gt": None}}, "needs a value"),
        ({"n": object()}, "object"),
        ({"n": {"eq": [1]}}, "list"),
        ({"n": float("nan")}, "nan"),
        ({"n": 10**30}, "too large"),
        ({"valid_from": {"gt": "soon"}}, "not a time"),
        ({"valid_from": {"gt": 3}}, "not a time"),
        ({"valid_from": {"gt": "2024-05-08T10:00:00"}}, "no time zone"),
    ],
)
def test_a_wrong_filter_says_what_to_do(filters: Any, says: str) -> None:
    """Every fault is a FilterError; an unknown operator names the nearest."""
    with pytest.raises(FilterError, match=says):
        parse(filters)


def test_nesting_has_an_end() -> None:
    """A filter deeper than any real one is refused before it can exhaust the stack."""
    deep: dict[str, Any] = {"n": 1}
    for _ in range(100):
        deep = {"NOT": [deep]}

    with pytest.raises(FilterError, match="deep"):
        parse(deep)


def test_the_tree_is_small() -> None:
    """One comparison is a Test; several are an `and`."""
    assert Test(key="n", operator="eq", operand=3) == parse({"n": 3})
    assert Group(connective="and", parts=()) == parse({})
    assert "and" == parse({"a": 1, "b": 2}).connective  # type: ignore[union-attr]


def test_messages_have_fields_of_their_own() -> None:
    """A message's time is when it was said; it has no kind."""
    message = MessageRecord(
        id="m", episode_id="e", position=0, conversation="c", scope=Scope(run_id="r"), role="user", speaker="Ann",
        content="x", timestamp=AT,
    )  # fmt: skip
    record = record_of(message)

    assert matches(parse({"source": "message", "role": "user", "valid_from": "2024-05-08", "kind": None}), record)
