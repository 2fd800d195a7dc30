"""A conversation as the baselines see it: units of text to rank, and lines to show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from graphmem.evaluation.records import Conversation, Found, Mode
from graphmem.values import Value


class Unit(Value):
    """One text that is ranked: a turn, or a fact that the data holds."""

    id: str
    text: str
    line: str
    """As the context shows it, with its date."""
    sources: tuple[str, ...]
    kind: str = "message"

    def found(self, score: float) -> Found:
        """The place of this unit in a ranking."""
        return Found(id=self.id, sources=self.sources, kind=self.kind, score=round(score, 4))


def units(conversation: Conversation, mode: Mode) -> tuple[Unit, ...]:
    """Every turn; in the mode `recorded` the facts of the data as well. The baselines have no extraction of their own:
    the modes `local` and `llm` are to them what `raw` is.
    """
    return (*turns(conversation), *(facts(conversation) if mode == "recorded" else ()))


def turns(conversation: Conversation) -> Iterator[Unit]:
    """One unit a turn: "speaker: text"."""
    for session in conversation.sessions:
        for turn in session.turns:
            text = f"{turn.speaker}: {turn.text}"
            yield Unit(id=turn.id, text=text, line=dated(session.at, text), sources=(turn.id,))


def facts(conversation: Conversation) -> Iterator[Unit]:
    """One unit a fact of the data, dated by the session of its first turn."""
    dates = {turn.id: session.at for session in conversation.sessions for turn in session.turns}
    for place, fact in enumerate(conversation.facts):
        at = dates.get(fact.sources[0]) if fact.sources else None
        yield Unit(id=f"fact-{place}", text=fact.text, line=dated(at, fact.text), sources=fact.sources, kind="fact")


def dated(at: datetime | None, text: str) -> str:
    """A line of a context: the day, then what was said, on one line."""
    return f"{at:%Y-%m-%d} | {_flat(text)}" if at else _flat(text)


def shown(sources: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Turns in the order in which they are first shown."""
    return tuple(dict.fromkeys(turn for mine in sources for turn in mine))


def by_id(found: Iterable[Unit]) -> Mapping[str, Unit]:
    """Units by their ids."""
    return {unit.id: unit for unit in found}


def _flat(text: str) -> str:
    return " ".join(text.split())
