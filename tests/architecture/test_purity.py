"""What decides is pure: the same input gives the same plan, on every machine and at every time."""

from __future__ import annotations

import ast

from tests.architecture.source import Module, imports, modules

UNCERTAIN = ("random", "secrets", "time", "datetime.datetime.now", "uuid.uuid1", "uuid.uuid4", "numpy.random", "os")
CLOCK_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "urandom"}


def in_part(part: str) -> list[Module]:
    """The modules of one part of the package."""
    return [module for module in modules() if module.name.startswith(f"graphmem.{part}.")]


def test_steps_are_pure():
    """No clock, no randomness and no environment decides what is remembered."""
    wrong = []
    for module in in_part("steps"):
        wrong += [module.at(s) for s, name in imports(module) if name.startswith(UNCERTAIN)]
        calls = (node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call))
        wrong += [module.at(f) for f in calls if isinstance(f, ast.Attribute) and f.attr in CLOCK_CALLS]

    assert [] == wrong
