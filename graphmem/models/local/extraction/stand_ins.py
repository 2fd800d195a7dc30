"""Names for the parser: it takes `12345` or `Alex-704779ca` for anything but a person who lives somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graphmem.values import Claim, FactDraft

_NO_NAME = re.compile(r"\d{3}|[0-9a-f]{8}|[@#/:_]")
"""What ids have and names do not. A short mark such as `ann-2` is read well as it is, better than with a stand-in."""
_PLAIN = ("Tom", "Ann", "Max", "Eva")
_PRONOUN = "She"
"""At the head of a sentence a pronoun is read best: no tagger takes it for anything else."""


@dataclass(frozen=True)
class Plain:
    """A fact's text as it is read, and what its plain names stand for."""

    text: str
    owner: str = ""
    """Whom the pronoun at the head stands for, by plain name."""
    names: Mapping[str, str] = field(default_factory=dict)


def plainly(fact: FactDraft, people: Iterable[str] = ()) -> Plain:
    """The text of a fact with a plain name for each of its people who has only an id."""
    ids = [n for n in dict.fromkeys([fact.subject or "", *people]) if _NO_NAME.search(n) and n in fact.text]
    free = (name for name in _PLAIN if name not in fact.text)
    names = dict(zip(free, sorted(ids, key=len, reverse=True), strict=False))
    text = fact.text
    for name, given in names.items():
        text = text.replace(given, name)
    head = re.match(r"(\w+) (?=[a-z])", text)
    if head is None or head[1] not in names:
        return Plain(text, "", names)
    return Plain(f"{_PRONOUN}{text[len(head[1]) :]}", head[1], names)


def renamed(claim: Claim, names: Mapping[str, str]) -> Claim:
    """A claim that was read under plain names, about those who are meant."""
    parts = {part: getattr(claim, part) for part in ("subject", "object", "value")}
    for name, given in names.items():
        parts = {part: text.replace(name, given) for part, text in parts.items()}
    return claim.model_copy(update=parts)
