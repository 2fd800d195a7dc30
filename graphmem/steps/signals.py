"""What is known about one candidate, as a vector of named numbers.

The ranker (`steps/fusion.py`) sees nothing else, so that another ranker over the same names can take its place.

    lexical_turn lexical_window2 lexical_window3 lexical_fact     BM25, each over its own best K, 0 to 1
    dense_turn dense_window dense_fact                            cosine, each over its own best K, 0 to 1
    speaker                                                       the question names one participant, and this is theirs
    time                                                          the question names a date, and this may be about it
    when                                                          the question asks when, and this says a time
    asks                                                          a message that ends in a question mark
    length                                                        ln(1 + words) of a message
    session                                                       mean of the three best scores of the same session
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from graphmem.steps.question import DateSpan, Question, has_time, is_echo, named, overlaps
from graphmem.stores.contracts import Near

Signals = dict[str, float]


class FactOutline(NamedTuple):
    """What a ranking looks at in a fact: whole values of hundreds of candidates would cost more than the ranking."""

    id: str
    text: str
    valid_from: datetime | None
    valid_to: datetime | None


class MessageOutline(NamedTuple):
    """What a ranking looks at in a message."""

    id: str
    content: str
    speaker: str
    timestamp: datetime
    conversation: str
    previous_id: str | None
    next_id: str | None


LEXICAL = ("lexical_turn", "lexical_window2", "lexical_window3", "lexical_fact")
DENSE = ("dense_turn", "dense_window", "dense_fact")
OF_FACTS = ("lexical_fact", "dense_fact")
"""Lists of facts; all others are lists of messages."""


def normalised(near: Sequence[Near], *, floor: float | None = None) -> dict[str, float]:
    """Scores of one list, best first, mapped to [0, 1]; without a floor the least of the list is 0.

    Scores are fused, not ranks: reciprocal rank fusion loses 5 to 7 points of recall at 10 against this.
    """
    if not near:
        return {}
    best = near[0].score
    least = near[-1].score if floor is None else floor
    spread = best - least
    return {item: (score - least) / spread if spread > 0 else 1.0 for item, score in near}


def gather(lists: Mapping[str, Sequence[Near]]) -> tuple[dict[str, Signals], dict[str, Signals]]:
    """Signals of the messages and of the facts that the lists name."""
    messages: dict[str, Signals] = {}
    facts: dict[str, Signals] = {}
    for name, near in lists.items():
        side = facts if name in OF_FACTS else messages
        for item, value in normalised(near, floor=0.0 if name in LEXICAL else None).items():
            side.setdefault(item, {})[name] = value
    return messages, facts


def share(
    messages: Mapping[str, Signals],
    facts: Mapping[str, Signals],
    cited: Mapping[str, Sequence[str]],
    least: float = 0.5,
) -> set[str]:
    """Let messages and the facts derived from them count for each other, in place, each signal by its maximum.

    A message takes what its facts have in the lists of facts. A fact takes everything else that its messages have,
    when it reaches `least` in a list of facts; otherwise the question is about something else that its message says.
    Returns the facts that did, and so stand for their messages.
    """
    found = {fact: {name: signals[name] for name in OF_FACTS if name in signals} for fact, signals in facts.items()}
    standing = {fact for fact, signals in found.items() if max(signals.values(), default=0.0) >= least}
    for fact in standing:
        for message in cited.get(fact, ()):
            if message in messages:
                # In the order of the lists: sums in another order differ in the last digit, and ties fall otherwise.
                strengthen(facts[fact], messages[message], [n for n in messages[message] if n not in OF_FACTS])
    for fact, signals in found.items():
        for message in cited.get(fact, ()):
            if message in messages:
                strengthen(messages[message], signals, OF_FACTS)
    return standing


def strengthen(signals: Signals, other: Mapping[str, float], names: Iterable[str]) -> None:
    """Raise the named signals to those of `other`, in place."""
    for name in names:
        if other.get(name, 0.0) > signals.get(name, 0.0):
            signals[name] = other[name]


def asked_about(question: Question, participants: Iterable[str]) -> str | None:
    """The one participant that the question names; None when it names none or several."""
    names = named(question.text, participants)
    return names[0] if len(names) == 1 else None


def of_message(message: MessageOutline, question: Question, participant: str | None) -> Signals:
    """Priors of a message."""
    text = message.content.rstrip()
    signals: Signals = {"length": math.log1p(len(text.split()))}
    if participant is not None and message.speaker == participant:
        signals["speaker"] = 1.0
    if any(is_echo(span, message.timestamp) for span in question.dates):
        signals["time"] = 1.0
    if question.asks_when and has_time(text):
        signals["when"] = 1.0
    if text.endswith("?"):
        signals["asks"] = 1.0
    return signals


def of_fact(memory: FactOutline, question: Question, participant: str | None, now: datetime) -> Signals:
    """Priors of a fact."""
    signals: Signals = {}
    if participant is not None and named(memory.text, (participant,)):
        signals["speaker"] = 1.0
    if any(_is_about(span, memory, now) for span in question.dates):
        signals["time"] = 1.0
    if question.asks_when and (has_time(memory.text) or memory.valid_to is not None):
        signals["when"] = 1.0
    return signals


def _is_about(span: DateSpan, memory: FactOutline, now: datetime) -> bool:
    begun = memory.valid_from is not None and is_echo(span, memory.valid_from)
    return begun or (memory.valid_to is not None and overlaps(span, memory.valid_from, memory.valid_to, now))
