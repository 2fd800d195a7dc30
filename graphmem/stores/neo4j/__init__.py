"""The graph in Neo4j: a copy of the ledger that people can query and look at."""

from graphmem.stores.neo4j.store import Neo4jGraph

__all__ = ["Neo4jGraph"]
