"""Secrets are taken out of what was found before anything is written, as `add` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graphmem.adopting.records import Found, OldEdge, OldMemory, OldNode
from graphmem.steps.redaction import Mode, Redactor


def without_secrets(found: Found, mode: Mode) -> tuple[Found, Mapping[str, int]]:
    """What was found, without secrets, and how many of each kind were taken out.

    The old vector of a text that changed says what was taken out, so it is not taken over.
    """
    redactor = Redactor(mode)
    memories = [_memory(redactor, memory) for memory in found.memories]
    changed = {old.id for old, new in zip(found.memories, memories, strict=True) if old.text != new.text}
    clean = replace(
        found,
        memories=memories,
        edges=[_edge(redactor, edge) for edge in found.edges],
        vectors={key: vector for key, vector in found.vectors.items() if key not in changed},
        skipped=[item.model_copy(update={"item": Redactor(mode).text(item.item)}) for item in found.skipped],
    )
    return clean, dict(redactor.counts)


def _memory(redactor: Redactor, memory: OldMemory) -> OldMemory:
    versions = [version.model_copy(update={"text": redactor.text(version.text)}) for version in memory.versions]
    return memory.model_copy(
        update={
            "versions": tuple(versions),
            "metadata": redactor.value(memory.metadata),
            "speaker": None if memory.speaker is None else redactor.text(memory.speaker),
        }
    )


def _edge(redactor: Redactor, edge: OldEdge) -> OldEdge:
    ends = {"source": _node(redactor, edge.source), "target": _node(redactor, edge.target)}
    return edge.model_copy(update={**ends, "type": redactor.text(edge.type)})


def _node(redactor: Redactor, node: OldNode) -> OldNode:
    return OldNode(name=redactor.text(node.name), label=redactor.text(node.label))
