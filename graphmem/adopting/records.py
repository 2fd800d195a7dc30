"""What is found in another engine's stores, before anything is decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from graphmem.adopting.report import Skipped
from graphmem.values import Kind, Moment, Role, Scope, Value


class Version(Value):
    """A text of a memory, and since when it was the text."""

    text: str
    at: Moment | None = None


class OldMemory(Value):
    """One memory of the other engine."""

    id: str
    scope: Scope
    versions: tuple[Version, ...]
    """Oldest first, at least one; the last is the present text."""
    created_at: Moment | None = None
    updated_at: Moment | None = None
    ended_at: Moment | None = None
    """When it was deleted there; None while it lives."""
    expires_at: Moment | None = None
    metadata: Mapping[str, Any] = Field(default_factory=dict)
    kind: Kind = "semantic"
    speaker: str | None = None
    role: Role | None = None

    @property
    def text(self) -> str:
        """The present text."""
        return self.versions[-1].text

    @property
    def since(self) -> datetime | None:
        """When the present text began to be the text."""
        return self.versions[-1].at


class OldNode(Value):
    """One end of an edge, as the other engine wrote it."""

    name: str
    label: str = ""
    """Its type; empty when the graph does not say."""


class OldEdge(Value):
    """One edge of the other engine's graph."""

    scope: Scope
    source: OldNode
    type: str
    target: OldNode
    created_at: Moment | None = None
    updated_at: Moment | None = None
    ended_at: Moment | None = None
    """When it was marked invalid; None for a live edge, and for an invalid one without a date."""
    live: bool = True
    mentions: int = 1

    @property
    def written(self) -> str:
        """The edge as a line: what a report and the evidence of a fact show."""
        return f"{self.source.name} -[{self.type}]-> {self.target.name}"


@dataclass
class Found:
    """Everything that was read."""

    memories: list[OldMemory] = field(default_factory=list)
    edges: list[OldEdge] = field(default_factory=list)
    lone_nodes: int = 0
    vectors: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    """Memory id -> its vector, as long as the other engine's model made it."""
    skipped: list[Skipped] = field(default_factory=list)
