"""Imports point down the layers only."""

from __future__ import annotations

import ast

from tests.architecture.source import Module, imports, modules

LAYERS: tuple[tuple[str, ...], ...] = (
    ("values", "errors", "faults"),
    ("settings", "inputs", "assets", "contracts"),
    ("steps",),
    ("stores",),
    ("ledger",),
    ("models",),
    ("graph_projection",),
    ("projection", "followed_graph"),
    ("engine",),
    ("flows", "importing"),
    ("assembly", "relationships", "operations", "adopting"),
    ("upkeep",),
    ("memory",),
    ("aio", "demo", "neo4j_kit", "evaluation"),
    ("mem0",),
    ("cli", "server", "mcp", "web"),
)
"""Lowest first. A part may import itself and what lies below; never a part beside it or above."""
LEDGER = ("database", "text", "migrations", "memories", "projections", "changes", "erasure", "copies")
"""The packages of the ledger, lowest first; its modules, which the rest of graphmem calls, lie above them all."""
CONTRACTS = ("graphmem.models.contracts", "graphmem.stores.contracts")
"""What the engine asks of models and stores: known to all above the values."""
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}


def part_of(name: str) -> str | None:
    """The part of the package that a dotted name belongs to; None for the package itself and for others."""
    if name.startswith(CONTRACTS):
        return "contracts"
    pieces = name.split(".")
    return pieces[1] if pieces[0] == "graphmem" and len(pieces) > 1 and pieces[1] in RANK else None


def for_types_only(module: Module) -> set[ast.stmt]:
    """Statements under `if TYPE_CHECKING`: they do not run."""
    blocks = (
        n for n in ast.walk(module.tree) if isinstance(n, ast.If) and ast.unparse(n.test).endswith("TYPE_CHECKING")
    )
    return {statement for block in blocks for statement in block.body}


def test_every_part_of_the_package_has_a_layer():
    """A new part must be placed before it can be imported."""
    parts = {module.name.split(".")[1] for module in modules() if "." in module.name}

    assert set() == parts - set(RANK)


def test_imports_point_down():
    """A layer knows the layers below it and no other."""
    wrong = []
    for module in modules():
        here = part_of(module.name)
        ignored = for_types_only(module)
        for statement, name in imports(module):
            there = part_of(name)
            if here is None or there is None or here == there or statement in ignored:
                continue
            if RANK[there] >= RANK[here]:
                wrong.append(f"{module.at(statement)} imports {name}")

    assert [] == wrong


def test_imports_inside_the_ledger_point_down():
    """So do those between its packages."""
    wrong = []
    for module in modules():
        here = module.name.split(".")[1:3]
        if here[:1] != ["ledger"] or here[-1] not in LEDGER:
            continue
        ignored = for_types_only(module)
        for statement, name in imports(module):
            there = name.split(".")[1:3]
            if there[:1] != ["ledger"] or statement in ignored or there[1:] == ["contracts"]:
                continue
            if there[1] != here[1] and (there[1] not in LEDGER or LEDGER.index(there[1]) > LEDGER.index(here[1])):
                wrong.append(f"{module.at(statement)} imports {name}")

    assert [] == wrong
