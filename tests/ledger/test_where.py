"""Compiled filters mean what the oracle means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphmem.ledger.sql import SqlLedger
from graphmem.steps.filters import matches, parse, record_of
from graphmem.values import Scope
from tests.ledger.worlds import day, fact, now, plan, say

WORDS = [
    "a",
    "B",
    "b",
    "Äb",
    "äB",
    "",
    "%",
    "_",
    'q"',
    "2024-05-08",
    "semantic",
    "user",
    "maria",
    "works_at",
    "Ann Lee",
]
KEYS = ["x", "y", 'k"ey', "tags", "kind", "role", "speaker", "user_id", "run_id", "source", "entity", "relation"]
SCALARS = st.one_of(st.sampled_from(WORDS), st.integers(-2, 2), st.booleans(), st.just(1.5))
VALUES = st.one_of(SCALARS, st.none(), st.lists(SCALARS, max_size=3), st.just({"deep": 1}))
METADATA = st.dictionaries(st.sampled_from(KEYS[:4]), VALUES, max_size=4)
OPERATORS = st.sampled_from(["eq", "$ne", "gt", "gte", "lt", "$lte", "contains", "icontains"])


def _comparisons() -> st.SearchStrategy[dict[str, Any]]:
    keys = st.sampled_from(KEYS)
    times = st.sampled_from(["valid_from", "valid_to", "recorded_at"])
    dates = st.sampled_from(["2024-01-01", "2024-01-02", "2024-01-03T00:00:00Z"])
    return st.one_of(
        st.dictionaries(keys, st.one_of(SCALARS, st.none(), st.just("*"), st.lists(SCALARS, max_size=2)), max_size=2),
        st.dictionaries(keys, st.dictionaries(OPERATORS, SCALARS, min_size=1, max_size=2), min_size=1, max_size=2),
        st.dictionaries(keys, st.fixed_dictionaries({"nin": st.lists(SCALARS, max_size=2)}), min_size=1, max_size=1),
        st.dictionaries(times, st.dictionaries(OPERATORS, dates, min_size=1, max_size=1), min_size=1, max_size=1),
    )


FILTERS = st.recursive(
    _comparisons(),
    lambda inner: st.builds(
        lambda name, parts: {name: parts},
        st.sampled_from(["AND", "OR", "NOT", "$and"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=4,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=st.lists(METADATA, min_size=1, max_size=4), filters=st.lists(FILTERS, min_size=1, max_size=8))
def test_sql_and_the_oracle_choose_the_same(tmp_path: Path, metadata: list[dict[str, Any]], filters: list[Any]) -> None:
    """On any metadata and any filter, facts and messages alike."""
    ledger = SqlLedger.open(tmp_path / "ledger.db")
    ledger.reset()
    scope = Scope(user_id="maria", run_id="B")
    (message,) = say(ledger, "hello", scope=scope)
    ties = [(("Ann Lee", "works_at", "b"),), (), (("a", "b", "Äb"),), ()]
    additions = [
        fact(f"f{n}", message, *ties[n], on=n, until=n + 1 if n % 2 else None, metadata=data, speaker=WORDS[n] or None)
        for n, data in enumerate(metadata)
    ]
    ledger.commit(plan("r", *additions, scope=scope))
    known = ledger.known([a.memory.id for a in additions])
    records = {i: record_of(k.memory, list(k.names.values()), [t.type for t in k.triples]) for i, k in known.items()}
    said = {message.id: record_of(ledger.messages([message.id])[message.id], recorded_at=day(0))}
    for given_filter in filters:
        condition = parse(given_filter)
        for source, all_of in (("fact", records), ("message", said)):
            expected = {i for i, record in all_of.items() if matches(condition, record)}
            assert expected == ledger.select(scope, now(everything=True), condition, source)  # type: ignore[arg-type]
    ledger.close()
