"""Who and what a raw message names, without a parser: weak search keys for the graph walk.

Used where no extractor ran. Names are capitalised words inside a sentence, quoted titles and years; every other
content word becomes a weak entity, reduced so that `paintings` and `painted` meet.
"""

from __future__ import annotations

import re

from graphmem.steps.words import is_stop
from graphmem.values import EntityDraft

_QUOTED = re.compile(r"[\"“]([^\"“”\n]{2,60})[\"”]")
_NAME = re.compile(r"(?<![.!?:\"“\n]\s)(?<!^)\b[A-Z][\w'’&-]*(?:\s+(?:of|the|de|van|von|da)?\s*[A-Z][\w'’&-]*)*")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_WORD = re.compile(r"[^\W\d_]{3,}")


def mentions(text: str) -> tuple[EntityDraft, ...]:
    """Entities that a text names, each once, named ones first."""
    found: dict[str, EntityDraft] = {}
    for match in (*_QUOTED.findall(text), *_NAME.findall(text), *_YEAR.findall(text)):
        found.setdefault(match.casefold(), EntityDraft(name=match))
    for word in _WORD.findall(text):
        folded = word.casefold()
        if not is_stop(folded):
            found.setdefault(folded, EntityDraft(name=folded, weak=True))
    return tuple(found.values())
