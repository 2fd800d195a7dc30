"""Other memories, run as they are published, in this process and with the same models."""

from __future__ import annotations

from graphmem.errors import ConfigError
from graphmem.evaluation.techniques.contract import Parts, Technique


def make(name: str, parts: Parts) -> Technique:
    """A peer by name. Raises MissingExtra or ConfigError that say what to install."""
    raise ConfigError(f"The technique {name!r} is not available yet.", advice="Choose another --technique.")
