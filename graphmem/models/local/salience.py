"""Which statements are worth keeping: a score from what a clause is made of, in [0, 1]."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphmem.models.local.clauses import Clause

if TYPE_CHECKING:
    from spacy.tokens import Token

THRESHOLD = 0.5
_EMPTY_VERBS = {
    "thank",
    "hope",
    "wish",
    "guess",
    "bet",
    "wonder",
    "mean",
    "know",
    "see",
    "hear",
    "sound",
    "agree",
    "say",
    "let",
    "tell",
}
_SMALL_TALK = re.compile(
    r"\b(?:good to (?:see|hear)|great to (?:see|hear|chat|talk)|nice to (?:see|hear|meet|chat)|how are you|talk to you|"
    r"see you|take care|thank(?:s| you)|congrat\w*|well done|good luck|good for you|have fun|way to go|no worries|"
    r"can't wait to (?:hear|see)|let me know|keep (?:it|me|up)|happy (?:birthday|for you)|proud of you|glad (?:you|to hear)|"
    r"i'm here for you|appreciate (?:it|you|your)|sounds (?:like|good|great|fun|awesome|amazing)|i(?:'m| am) sorry to hear|"
    r"you(?:'re| are) welcome|i(?:'m| am) (?:good|fine|well|great|doing well)[.!]|been (?:good|great|well)[.!])",
    re.IGNORECASE,
)
_VAGUE_OBJECTS = {"it", "that", "this", "them", "something", "anything", "everything", "lot", "one", "so", "you", "me"}


def is_small_talk(text: str) -> bool:
    """Greetings, thanks, wishes and compliments."""
    return _SMALL_TALK.search(text) is not None


def score(
    clause: Clause, words: Sequence[Token], *, subject: str | None, names: int, phrases: int, times: int, relations: int
) -> float:
    """How much a stranger would learn from the clause.

    `subject` is "speaker", "other", "named" or None (nobody known); `names`, `phrases`, `times` and `relations` count
    what the clause holds. The weights are rounded from a logistic regression on chat where people had kept facts.
    """
    content = sum(t.pos_ in {"NOUN", "PROPN", "ADJ", "NUM", "VERB"} for t in words)
    points = -1.6 + {"speaker": 1.0, "named": 0.6, "other": -0.8, None: -0.8}.get(subject, 0.0)
    points += 0.4 * min(names, 2) + 0.4 * min(phrases, 3) + 0.6 * min(times, 1) + 0.6 * min(relations, 1)
    points += 0.12 * min(content, 8)
    if clause.head.lemma_.lower() in _EMPTY_VERBS:
        points -= 1.2
    objects = [c for c in clause.head.children if c.dep_ in {"dobj", "attr", "acomp", "prep", "xcomp", "ccomp"}]
    if not objects or all(o.lower_ in _VAGUE_OBJECTS for o in objects):
        points -= 1.0
    return max(0.0, min(1.0, 0.5 + points / 4))
