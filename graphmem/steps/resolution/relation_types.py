"""Moved to graphmem/steps/relation_types.py (linking needs it too: no import cycle). Edit it there; this file goes."""

from graphmem.steps.relation_types import Cardinality, cardinality, relation_type, snake_case

__all__ = ["Cardinality", "cardinality", "relation_type", "snake_case"]
