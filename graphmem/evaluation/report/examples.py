"""The questions that the graph won and lost, as a page shows them."""

from __future__ import annotations

from collections.abc import Iterator

from graphmem.evaluation.metrics.pairs import Comparison, Decided
from graphmem.evaluation.report.reading import Group
from graphmem.values import Value

LONGEST = 6_000
"""Characters of a context that a page shows; all of it is in the JSON."""


class Example(Value):
    """One question, told."""

    question: str
    category: str
    answer: str
    evidence: tuple[str, ...]
    """Its text, or its id where the data are not at hand."""
    figures: str
    contexts: tuple[tuple[str, str], ...]
    """(run, text), the one with the graph first."""
    responses: tuple[tuple[str, str], ...] = ()


def told(group: Group, pair: Comparison, decided: tuple[Decided, ...], most: int) -> Iterator[Example]:
    """The widest differences."""
    names = {c.key: c.name for c in group.categories}
    for one in decided[:most]:
        yield Example(
            question=one.question,
            category=names.get(one.category, one.category),
            answer=one.answer,
            evidence=tuple(_shown(group, i) for i in one.evidence),
            figures=f"{pair.metric}: {pair.one} {100 * one.one:.0f}, {pair.other} {100 * one.other:.0f}",
            contexts=((pair.one, short(one.one_context)), (pair.other, short(one.other_context))),
            responses=tuple(
                (name, said)
                for name, said in ((pair.one, one.one_response), (pair.other, one.other_response))
                if said is not None
            ),
        )


def _shown(group: Group, identity: str) -> str:
    text = group.evidence.get(identity)
    return f"{identity} · {text}" if text else identity


def short(text: str) -> str:
    """The beginning of a long context."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n… {len(text) - LONGEST:,} characters more"
