"""The echo shield: what the memory itself put into a conversation is not learned again.

Without it a fact that was recalled once is extracted from the prompt it was pasted into, counted as said again, and
a single mistake multiplies with every turn. A pasted block is recognised by its heading and the form of its lines; a
fact line also without the heading; and what an assistant says in other words by the words of the facts it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from graphmem.steps.context import HEADING, RELATIONS
from graphmem.steps.words import is_stop, words
from graphmem.values import Draft, Dropped, MessageRecord

RECALLED = "[recalled memory]"
"""Stands in a message where a block of context was."""
ECHO = 0.85
"""Share of a statement's words that one recalled text must hold for it to be an echo."""

_SENTENCES = HEADING.partition(". ")[::2]
_FIRST, _SECOND = (r"\s+".join(re.escape(word) for word in sentence.split()) for sentence in _SENTENCES)
_HEADING = re.compile(rf"(?:{_FIRST}\.\s+)?{_SECOND}")
"""The second sentence tells by itself: a program that cuts a prompt to its length cuts the beginning."""
_FACT = re.compile(r'^[ \t>]*- fact\b[^\n]{0,300}: "[^"\n]*"[ \t\r]*$')
_BULLET = r"^[ \t>]*(?:[-*+•]|\d{1,3}[.)])[ \t]+"
_SAID = re.compile(
    _BULLET + r'(?:fact\b[^\n]{0,300}|[^\n]{1,300}, (?:\d{4}-\d{2}-\d{2}|undated)[^\n]{0,100}): "[^"\n]*(?:"[ \t\r]*)?$'
)
_TIE = re.compile(_BULLET + r'"[^"\n]*" (?:[^"\n]{1,100}|"[^"\n]*") "[^"\n]*(?:"(?: \([^\n()]*\)?)?[ \t\r]*)?$')
"""Inside a block: with another bullet, and cut off, too."""


def without_recalled(text: str) -> str:
    """A text with every block that `context` gave replaced by a mark."""
    kept: list[str] = []
    inside = False
    for line in _HEADING.sub(RECALLED, text).split("\n"):
        if line.rstrip().endswith(RECALLED):
            inside = True
            kept.append(line)
        elif _FACT.match(line) or (inside and _belongs(line)):
            if not inside:
                kept.append(RECALLED)
            inside = True
        else:
            inside = False
            kept.append(line)
    return "\n".join(kept)


def _belongs(line: str) -> bool:
    """Whether a line below the heading is one of the block."""
    return bool(_SAID.match(line) or _TIE.match(line)) or line.strip(" \t\r>") == RELATIONS


def unlearned(draft: Draft, messages: Sequence[MessageRecord], recalled: Iterable[str]) -> Draft:
    """A draft without the statements by which somebody else than the user repeats what was recalled."""
    known = [_content(text) for text in recalled]
    if not known:
        return draft
    kept, dropped = [], list(draft.dropped)
    for fact in draft.facts:
        own = _content(fact.text)
        echoed = bool(own) and any(len(own & other) >= ECHO * len(own) for other in known)
        if echoed and messages[fact.message].role != "user":
            dropped.append(Dropped(reason="recalled memory, said again", text=fact.text))
        else:
            kept.append(fact)
    return draft.model_copy(update={"facts": tuple(kept), "dropped": tuple(dropped)})


def _content(text: str) -> set[str]:
    return {word for word in words(text) if not is_stop(word)}
