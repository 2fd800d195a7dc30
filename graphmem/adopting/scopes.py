"""Whose a memory or an edge is, from the labels that the other engine wrote beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphmem import inputs
from graphmem.values import Scope

LABELS = ("user_id", "agent_id", "run_id")


def scope_of(fields: Mapping[str, Any]) -> Scope:
    """The scope that some fields name. Raises ScopeError when there is none, or a label cannot be one."""
    return inputs.scope(**{label: str(fields[label]) for label in LABELS if fields.get(label) not in (None, "")})


def within(scope: Scope, wanted: Scope | None) -> bool:
    """Whether a scope carries all the labels wanted."""
    return wanted is None or wanted.labels.items() <= scope.labels.items()


def carries(fields: Mapping[str, Any], wanted: Scope | None) -> bool:
    """Whether fields that may be no scope at all carry all the labels wanted."""
    return wanted is None or all(str(fields.get(label)) == value for label, value in wanted.labels.items())
