"""A memory whose extraction is a small table, so that flows are tested without a parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graphmem import Memory
from graphmem.models.contracts import ExtractionRequest
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from graphmem.values import Draft, EntityDraft, FactDraft, RelationDraft

if TYPE_CHECKING:
    from tests.conftest import Clock

STATEMENT = re.compile(r"(?P<source>[A-Z]\w*) (?P<type>[a-z_]+) (?P<target>[A-Z]\w*)")


def triples(request: ExtractionRequest) -> Draft:
    """Every "Ann works_at Acme" of a message is a fact with its relation."""
    return Draft(
        facts=tuple(
            FactDraft(
                text=found[0],
                message=index,
                quote=found[0],
                subject=found["source"],
                entities=(EntityDraft(name=found["source"], type="Person"), EntityDraft(name=found["target"])),
                relations=(RelationDraft(source=found["source"], type=found["type"], target=found["target"]),),
                modality="ended" if "no longer" in message.content else "asserted",
            )
            for index, message in enumerate(request.messages)
            for found in STATEMENT.finditer(message.content)
        )
    )


Opener = Callable[..., Memory]


@pytest.fixture
def opened(home: Path, clock: Clock) -> Iterator[Opener]:
    """Opens memories on one home; all are closed at the end."""
    made: list[Memory] = []

    def opener(**options: object) -> Memory:
        parts = {"embedder": HashEmbedder(), "extractor": ScriptedExtractor(triples), "clock": clock, **options}
        made.append(Memory.open(home=home, **parts))  # type: ignore[arg-type]
        return made[-1]

    yield opener
    for memory in made:
        memory.close()


@pytest.fixture
def graph(opened: Opener) -> Memory:
    """A memory that reads triples."""
    return opened()
