"""Other memories, run as they are published, in this process and with the same models.

One file each. They need packages whose versions exclude one another: each runs in an environment of its own, and says
in one line what to install there. Their clients ask a `Gateway`, so all of them use the chat model and the embedder of
the run, and what they ask is booked like everything else.
"""

from __future__ import annotations

from graphmem.errors import InputError
from graphmem.evaluation.techniques.contract import Parts, Technique


def make(name: str, parts: Parts) -> Technique:
    """A peer by name. Raises ConfigError that says what to install."""
    match name:
        case "mem0":
            from graphmem.evaluation.techniques.peers.mem0 import Mem0

            return Mem0(parts)
        case "mem0+":
            from graphmem.evaluation.techniques.peers.mem0_graph import Mem0Graph

            return Mem0Graph(parts)
        case "graphiti":
            from graphmem.evaluation.techniques.peers.graphiti import Graphiti

            return Graphiti(parts)
        case "langmem":
            from graphmem.evaluation.techniques.peers.langmem import LangMem

            return LangMem(parts)
        case "zep" | "openai":
            from graphmem.evaluation.techniques.peers.hosted import Hosted

            return Hosted(name, parts)
    raise InputError("--technique", f"there is no peer {name!r}.", advice="See graphmem eval run --help.")
