"""What users see: exported names, return types, and that both faces of the memory are the same."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import graphmem
from graphmem import AsyncMemory, Memory

HEAVY = ("chromadb", "spacy", "openai", "onnxruntime", "sqlalchemy", "networkx", "tokenizers", "typer")


def public_methods(kind: type) -> dict[str, Any]:
    """Methods and constructors of a class, without what it inherits from outside the package."""
    mine = [base for base in reversed(kind.__mro__) if base.__module__.startswith("graphmem")]
    return {name: member for base in mine for name, member in vars(base).items() if not name.startswith("_")}


def unwrapped(member: Any) -> Any:
    """The function behind a classmethod, staticmethod or property."""
    return getattr(member, "__func__", None) or getattr(member, "fget", None) or member


def test_exported_names_are_sorted():
    """One place lists what is public."""
    assert sorted(set(graphmem.__all__)) == list(graphmem.__all__)


@pytest.mark.parametrize("name", graphmem.__all__)
def test_every_exported_name_exists(name: str):
    """What is promised can be imported, although it is resolved on first use."""
    assert getattr(graphmem, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    """Resolving names lazily does not hide a misspelling."""
    with pytest.raises(AttributeError, match="Memori"):
        _ = graphmem.Memori


def test_import_loads_nothing_heavy():
    """`import graphmem` costs milliseconds: the packages behind it wait until they are needed."""
    code = "import sys, graphmem; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert [] == [name for name in HEAVY if name in loaded]
    assert "graphmem" in loaded


def vague_returns() -> Iterator[str]:
    """Public methods whose result is a bag of anything."""
    for name in graphmem.__all__:
        kind = getattr(graphmem, name)
        for method, member in public_methods(kind).items() if inspect.isclass(kind) else ():
            returns = getattr(unwrapped(member), "__annotations__", {}).get("return", "")
            if "dict[str, Any]" in str(returns) or "Dict[str, Any]" in str(returns):
                yield f"{name}.{method}"


def test_results_have_types():
    """A result is a value with named fields, not a dict to guess at."""
    assert [] == list(vague_returns())


def test_both_memories_have_the_same_methods():
    """The async face offers what the sync one does, and nothing else."""
    assert sorted(public_methods(Memory)) == sorted(public_methods(AsyncMemory))


@pytest.mark.parametrize("name", sorted(public_methods(Memory)))
def test_both_memories_have_the_same_signatures(name: str):
    """Same parameters, same defaults; only waiting differs."""
    sync, coroutine = (inspect.signature(unwrapped(public_methods(kind)[name])) for kind in (Memory, AsyncMemory))

    assert list(sync.parameters.values())[1:] == list(coroutine.parameters.values())[1:]
