"""Techniques by name. What a technique needs is imported when it is made."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import NamedTuple

from graphmem.errors import InputError
from graphmem.evaluation.records import Mode
from graphmem.evaluation.techniques.contract import Make, Options, Parts, Technique


class Entry(NamedTuple):
    """A technique that can be asked for."""

    make: Make
    about: str
    store: str
    """Name of what it keeps; techniques with the same store read the same memory, which is made and paid for once."""
    modes: tuple[Mode, ...] = ("raw",)
    """Modes that make a difference to it; in another one it does what it does in the first."""
    chunks: bool = False
    shows_all: bool = False
    """Its context does not depend on `top_k`."""
    hosted: bool = False
    """Reads the results of a service from a file."""


def _graphmem(parts: Parts) -> Technique:
    from graphmem.evaluation.techniques.memory import GraphMem

    return GraphMem(parts)


def _graphmem_plus(parts: Parts) -> Technique:
    from graphmem.evaluation.techniques.memory import GraphMemPlus

    return GraphMemPlus(parts)


def _rag(parts: Parts) -> Technique:
    from graphmem.evaluation.techniques.rag import Rag

    return Rag(parts)


def _full_context(parts: Parts) -> Technique:
    from graphmem.evaluation.techniques.rag import FullContext

    return FullContext(parts)


def _bm25(parts: Parts) -> Technique:
    from graphmem.evaluation.techniques.bm25 import Bm25

    return Bm25(parts)


def _chroma(parts: Parts) -> Technique:
    from graphmem.evaluation.techniques.chroma import Chroma

    return Chroma(parts)


def _peer(name: str) -> Make:
    def make(parts: Parts) -> Technique:
        from graphmem.evaluation.techniques.peers import make as made

        return made(name, parts)

    return make


ALL: tuple[Mode, ...] = ("raw", "recorded", "local", "llm")
KEPT: tuple[Mode, ...] = ("raw", "recorded")
OWN: tuple[Mode, ...] = ("llm",)

TECHNIQUES: Mapping[str, Entry] = {
    "graphmem": Entry(_graphmem, "this memory without its graph", "graphmem", ALL),
    "graphmem+": Entry(_graphmem_plus, "this memory with its graph", "graphmem", ALL),
    "bm25": Entry(_bm25, "words of turns", "bm25", KEPT),
    "chroma": Entry(_chroma, "vectors of turns", "chroma", KEPT),
    "rag": Entry(_rag, "chunks of the transcript", "rag", chunks=True, shows_all=True),
    "full-context": Entry(_full_context, "the whole transcript", "full-context", shows_all=True),
    "mem0": Entry(_peer("mem0"), "mem0ai 2.x", "mem0", OWN),
    "mem0+": Entry(_peer("mem0+"), "mem0ai 1.0.11 with its graph on Neo4j", "mem0+", OWN),
    "graphiti": Entry(_peer("graphiti"), "graphiti-core on Neo4j", "graphiti", OWN),
    "langmem": Entry(_peer("langmem"), "langmem", "langmem", OWN),
    "zep": Entry(_peer("zep"), "result files of Zep", "zep", OWN, shows_all=True, hosted=True),
    "openai": Entry(_peer("openai"), "result files of ChatGPT's memory", "openai", OWN, shows_all=True, hosted=True),
}


def entry(name: str) -> Entry:
    """A technique by name. Raises InputError naming the nearest one."""
    if name not in TECHNIQUES:
        nearest = difflib.get_close_matches(name, TECHNIQUES, n=1, cutoff=0.0)[0]
        advice = f"Did you mean {nearest!r}? There are: {', '.join(TECHNIQUES)}."
        raise InputError("--technique", f"there is no {name!r}.", advice=advice)
    return TECHNIQUES[name]


def label(name: str, options: Options) -> str:
    """The name of a run: the technique, how much it shows where that is not the usual, and the mode."""
    usual = entry(name).shows_all or options.top_k == Options.top_k
    shows = (
        f"-{options.chunk_size}x{options.num_chunks}" if entry(name).chunks else "" if usual else f"-k{options.top_k}"
    )
    return f"{name}{shows}-{mode(name, options.mode)}"


def mode(name: str, asked: Mode) -> Mode:
    """The mode in which a technique runs when this one is asked for."""
    modes = entry(name).modes
    return asked if asked in modes else modes[0]
