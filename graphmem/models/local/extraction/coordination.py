"""Verbs behind "and" that the tagger takes for nouns: "I live in Porto and work at Acme".

The small model reads a verb in its base form there as one more noun. With the subject said again it reads it right, so
the joining word gives way to the subject: `and` to `; I`. Both are three characters long, and every offset stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphmem.models.local.clauses import is_verb, subject_of
from graphmem.models.local.language import word_list

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_JOINING = {"and", "but"}
_BETWEEN = {"also", "now", "still", "currently", "really", "mostly", "just"}
_STATES = word_list("states")
_FOLLOWING = {"ADP", "DET", "PROPN", "NUM", "PART", "PRON", "SCONJ", "ADJ"}
_SUBJECTS = {"i", "we"}
AGAIN = "; I"


def misread(doc: Doc) -> list[Token]:
    """The joining words behind which a verb was read as a noun."""
    return [t for t in doc if t.lower_ in _JOINING and len(t) == len(AGAIN) and _hides_a_verb(t)]


def restated(text: str, joining: list[Token]) -> str:
    """The text with the subject in place of each joining word, at the same length."""
    for token in joining:
        text = text[: token.idx] + AGAIN + text[token.idx + len(AGAIN) :]
    return text


def repeated(joining: list[Token]) -> frozenset[int]:
    """Offsets of the subjects that `restated` put in."""
    return frozenset(t.idx + len(AGAIN) - 1 for t in joining)


def _hides_a_verb(joining: Token) -> bool:
    doc, place = joining.doc, joining.i + 1
    if place + 1 < len(doc) and doc[place].lower_ in _BETWEEN:
        place += 1
    if place + 1 >= len(doc):
        return False
    word, after, root = doc[place], doc[place + 1], joining.sent.root
    read_right = is_verb(word) and (is_verb(word.head) or subject_of(word) is not None)
    if read_right or word.text not in _STATES or after.sent != word.sent:
        return False
    plain = not any(c.dep_ in {"det", "amod", "poss", "nummod"} and c.i < word.i for c in word.children)
    followed = after.pos_ in _FOLLOWING or after.tag_ in {"NNS", "VBG"}
    return plain and followed and _speaks_alone(root, joining)


def _speaks_alone(root: Token, joining: Token) -> bool:
    """Whether the sentence is about nobody but its speaker, so that "I" is the subject to repeat."""
    subject = subject_of(root) if is_verb(root) else None
    if subject is None or subject.i > joining.i or any(c.dep_ == "conj" for c in subject.children):
        return False
    return subject.lower_ in _SUBJECTS and not any(c.dep_ == "aux" and c.tag_ in {"MD", "TO"} for c in root.children)
