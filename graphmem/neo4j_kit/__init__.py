"""What makes the graph readable in Neo4j Browser: a style sheet, saved queries and a guide. No package is needed."""

from __future__ import annotations

from graphmem.neo4j_kit.guide import DEMO, Examples
from graphmem.neo4j_kit.kit import contents, write
from graphmem.neo4j_kit.queries import CHAPTERS, Query, query
from graphmem.neo4j_kit.serving import KitServer

__all__ = ["CHAPTERS", "DEMO", "Examples", "KitServer", "Query", "contents", "query", "write"]
