"""Which statements are worth keeping: a score from what a clause is made of, in [0, 1]."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphmem.models.local.clauses import Clause
from graphmem.models.local.extraction.modality import is_arranged_by_others
from graphmem.values import Modality

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

THRESHOLD = 0.37
TYPED = 0.7
"""Confidence from which on a relation is one of the known constructions."""
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
    "understand",
    "promise",
    "try",
    "think",
    "suppose",
    "remember",
    "care",
    "wait",
}
_SMALL_TALK = re.compile(
    r"\b(?:good to (?:see|hear)|great to (?:see|hear|chat|talk)|nice to (?:see|hear|meet|chat)|how are you|talk to you|"
    r"see you|take care|thank(?:s| you)|congrat\w*|well done|good luck|good for you|have fun|way to go|no worries|"
    r"can't wait to (?:hear|see)|let me know|keep (?:it|me|up)|"
    r"happy (?:birthday|for you)|proud of you|glad (?:you|to hear)|"
    r"i'm here for you|appreciate (?:it|you|your)|sounds (?:like|good|great|fun|awesome|amazing)|"
    r"i(?:'m| am) sorry to hear|"
    r"you(?:'re| are) welcome|i(?:'m| am) (?:good|fine|well|great|doing well)[.!]|been (?:good|great|well)[.!])",
    re.IGNORECASE,
)
_CONTENT = {"NOUN", "PROPN", "ADJ", "NUM", "VERB"}
_POINTING = {"it", "this", "that", "them", "those", "these", "they", "he", "she", "him", "here", "there"}
_FEELINGS = {
    "happy",
    "excited",
    "glad",
    "proud",
    "sure",
    "stoked",
    "sorry",
    "lucky",
    "thankful",
    "grateful",
    "great",
    "ready",
}
_VAGUE_OBJECTS = {"it", "that", "this", "them", "something", "anything", "everything", "lot", "one", "so", "you", "me"}


def is_small_talk(text: str) -> bool:
    """Greetings, thanks, wishes and compliments."""
    return _SMALL_TALK.search(text) is not None


@dataclass(frozen=True, slots=True)
class Signs:
    """What the reading of a clause found."""

    subject: str | None
    """Who it is about: `speaker`, `other` (who is spoken to), `named`, or None (nobody known)."""
    names: int
    phrases: int
    times: int
    typed: int
    modality: Modality
    negated: bool
    past: bool


WEIGHTS = {
    "bias": -2.8, "speaker": 1.8, "named": 0.9, "other": -0.2, "names": 1.2, "phrases": 0.5, "time": 0.6, "typed": 2.0,
    "ended": 2.0, "content": 0.16, "empty verb": -0.4, "no object": -0.3, "hypothetical": -0.9, "planned": -0.3,
    "negated": 0.0, "past": 0.1, "pointing": -0.7, "perfect": 0.3, "progressive": 0.4, "you": 0.0, "be": 0.0,
    "feeling": -0.4,
}  # fmt: skip
"""Rounded from a logistic regression on chat (was this statement among the facts that a reader kept?), save that a
typed relation and an ending always count, a negation never costs, and what is said about the other one counts less:
people kept compliments, an agent need not."""


def is_habit(clause: Clause, words: Sequence[Token]) -> bool:
    """Whether two words are a whole statement: "Vic smokes", not "I see"."""
    head = clause.head
    present = head.tag_ in {"VBZ", "VBP"} and head.lemma_.lower() not in _EMPTY_VERBS | {"be", "do", "have", "can"}
    return len(words) == 2 and present and clause.subject_head is not None


NOTE_SENTENCES, NOTE_WORDS = 2, 14
"""A plain note has at most so many sentences of at most so many words."""


def is_plain_note(clause: Clause, signs: Signs) -> bool:
    """Whether a message is a note to be kept as it is ("Leo plays tennis."): a sentence or two that only state
    something of a person, a name or a definite thing. What greets, asks, exclaims or answers is chat.
    """
    subject = clause.subject_head
    if (
        subject is None
        or signs.modality == "hypothetical"
        or not (signs.subject or _is_definite(subject) or is_arranged_by_others(clause))
    ):
        return False
    if signs.subject == "other" or (_is_comment(clause) and not _is_view(clause, signs)):
        return False
    sentences = [s for s in clause.head.doc.sents if s.text.strip()]
    return len(sentences) <= NOTE_SENTENCES and all(_is_plain(s) for s in sentences)


def _is_view(clause: Clause, signs: Signs) -> bool:
    """What somebody who is named thinks of something is a fact about them; what the speaker thinks is talk."""
    held = any(c.dep_ == "ccomp" and c.i > clause.head.i for c in clause.head.children)
    return signs.subject == "named" and clause.head.lemma_ == "think" and held


def _is_definite(subject: Token) -> bool:
    """A name, or a thing that is pointed out: the meeting, Eli's car."""
    if subject.pos_ == "PROPN" or (subject.is_sent_start and subject.is_title and subject.pos_ in {"NOUN", "ADJ", "X"}):
        return True
    bare = subject.tag_ == "NN" and subject.left_edge.is_sent_start and subject.left_edge.is_title
    return subject.pos_ == "NOUN" and (bare or _is_pointed_out(subject))


def _is_pointed_out(subject: Token) -> bool:
    return any(c.dep_ == "poss" or c.lower_ == "the" for c in subject.children)


def _is_comment(clause: Clause) -> bool:
    """What is said for the sake of the talk: "I agree with you", "I am so happy", "That was a laugh"."""
    head = clause.head
    if head.lemma_.lower() in _EMPTY_VERBS or any(c.lower_ in _FEELINGS for c in head.children):
        return True
    words = [t for t in head.doc if not t.is_punct and not t.is_space]
    return any(t.lower_ in {"you", "your", "it", "that", "this"} and t.dep_ != "mark" for t in words)


def _is_plain(sentence: Span) -> bool:
    words = [t for t in sentence if not t.is_punct and not t.is_space]
    if len(words) > NOTE_WORDS or sentence.text.strip()[-1:] in {"?", "!"}:
        return False
    return words[0].pos_ != "INTJ" and not is_small_talk(sentence.text) and "…" not in sentence.text


def score(clause: Clause, words: Sequence[Token], signs: Signs) -> float:
    """How likely a stranger would keep the clause; 1 for a plain note."""
    if is_plain_note(clause, signs):
        return 1.0
    points = sum(WEIGHTS[name] * value for name, value in features(clause, words, signs).items())
    return 1 / (1 + math.exp(-points))


def features(clause: Clause, words: Sequence[Token], signs: Signs) -> dict[str, float]:
    """The clause in numbers, by the names of `WEIGHTS`."""
    head = clause.head
    auxiliaries = {c.lemma_ for c in head.children if c.dep_ in {"aux", "auxpass"}}
    objects = [c for c in head.children if c.dep_ in {"dobj", "attr", "acomp", "prep", "xcomp", "ccomp", "advmod"}]
    return {
        "bias": 1.0,
        "speaker": signs.subject == "speaker",
        "named": signs.subject == "named",
        "other": signs.subject == "other",
        "names": min(signs.names, 2),
        "phrases": min(signs.phrases, 3),
        "time": min(signs.times, 1),
        "typed": min(signs.typed, 1),
        "content": min(sum(t.pos_ in _CONTENT for t in words), 10),
        "empty verb": head.lemma_.lower() in _EMPTY_VERBS,
        "no object": not objects or all(o.lower_ in _VAGUE_OBJECTS for o in objects),
        "ended": signs.modality == "ended",
        "hypothetical": signs.modality == "hypothetical",
        "planned": signs.modality == "planned",
        "negated": signs.negated,
        "past": signs.past,
        "pointing": any(t.lower_ in _POINTING and t.dep_ != "mark" for t in words),
        "perfect": "have" in auxiliaries,
        "progressive": head.tag_ == "VBG",
        "you": any(t.lower_ in {"you", "your"} for t in words),
        "be": head.lemma_ == "be",
        "feeling": any(c.lower_ in _FEELINGS for c in head.children),
    }
