"""How a clause is meant: as holding, over, planned, supposed, or as a single past event."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graphmem.models.local.claims.words import words
from graphmem.models.local.clauses import ENDINGS, Clause, finite_of, is_verb
from graphmem.models.local.extraction.constructions import Reading

if TYPE_CHECKING:
    from spacy.tokens import Token

_ENDING_PHRASE = re.compile(
    r"\b(?:no longer|not .{1,60}\bany ?more|n't .{1,60}\bany ?more|broke up|broken up|split up|gave up|given up|"
    r"got rid of|"
    r"stepped down|dropped out|called it quits|got divorced|"
    r"(?:left) (?:my|his|her|their|the) (?:job|company|school)|"
    r"passed away|died)\b"
)
_PLAN_VERBS = {"plan", "intend", "hope", "aim", "want", "consider", "prepare", "expect", "look"}
_PRESENT = {"is", "are", "am", "'s", "’s", "'re", "’re", "'m", "’m"}
_ARRANGED = {"move", "relocate", "leave", "join", "marry", "start", "return"}
_EVENTS = {"start", "begin", "leave", "fly", "arrive", "join", "return", "open", "close", "come"}
_WOULD_BE = {"might", "may", "could", "would", "'d", "’d", "should"}
_SUPPOSING = {"wish", "imagine", "suppose", "dream", "wonder", "pretend"}
_MOVING = words("moving")
_ARRANGING = words("moving") | words("arranging")
_CORRECTION = re.compile(
    r"^\W*(?:oh,? |oops,? |wait,? |no,? |sorry,? |my bad,? )*"
    r"(?:i meant\b|i mean\b(?=.*\bnot\b)|correction\b|i misspoke\b|let me correct)"
    r"|^\W*(?:no,? )?wait\b,? (?:no,? )?(?!for\b|until\b|till\b)"
    r"|^\W*(?:sorry|oops|my mistake|my bad|actually,? no)\b.{0,12}\b(?:it's|it is|it was|that's|not)\b"
    r"|\bi (?:was wrong|made a mistake|misspoke|got that wrong)\b",
    re.IGNORECASE,
)
_RETRACTION = re.compile(r"^\W*(?:oops|sorry|wait|no|ah|hang on)\b[\s,]+not\b[^.!?]{1,40}[.!]?\s*$", re.IGNORECASE)


def is_correction(text: str, before: str = "") -> bool:
    """Whether the sentence takes back something said before ("sorry, I meant Tuesday"), or the one before it does."""
    return _CORRECTION.search(text) is not None or _RETRACTION.search(before) is not None


def reading(clause: Clause, future: bool) -> Reading:
    """The modality of a clause; `future` says that it names a time still to come."""
    head, said = clause.head, " ".join(t.lower_ for t in clause.tokens)
    auxiliaries = {c.lower_ for c in head.children if c.dep_ in {"aux", "auxpass"}}
    negated = any(c.dep_ == "neg" for c in head.children) or _says_never(head)
    finite = finite_of(head)
    past = finite is not None and (finite.tag_ == "VBD" or finite.lower_ in {"was", "were", "did"})
    if _is_supposed(clause, auxiliaries):
        return Reading("hypothetical", negated, past)
    if _ENDING_PHRASE.search(said) or (
        head.lemma_ in ENDINGS and not negated and not _is_planned(head, auxiliaries, future)
    ):
        return Reading("ended", False, past)
    if re.search(r"\bused to (?!it\b|the\b|be(?:ing)? used)", said) and head.tag_ != "JJ" and _is_past_habit(head):
        return Reading("past", negated, True)
    if _is_planned(head, auxiliaries, future) and not past:
        return Reading("planned", negated, past)
    return Reading("past" if past else "asserted", negated, past)


def is_arranged(verb: Token) -> bool:
    """Whether the present of a verb says what was arranged: "is leaving", "is moving"."""
    present = any(c.lower_ in _PRESENT for c in verb.children if c.dep_ == "aux")
    return verb.tag_ == "VBG" and present and verb.lemma_ in ENDINGS | _ARRANGED


def is_moved(clause: Clause) -> bool:
    """Whether it puts something on another day: "was postponed to 9 September" looks ahead, though it is past."""
    return clause.head.lemma_ in _MOVING and any(
        c.lower_ in {"to", "until", "till", "for"} for t in (clause.head, *clause.head.children) for c in t.children
    )


def is_arranged_by_others(clause: Clause) -> bool:
    """Whether it tells, at the head of a text, what some "they" did to a thing: "They moved my eye test to Friday"."""
    who = clause.subject_head
    if (
        who is None
        or who.lower_ != "they"
        or not who.is_sent_start
        or who.i > 2
        or clause.head.lemma_ not in _ARRANGING
    ):
        return False
    what = next((c for c in clause.head.children if c.dep_ == "dobj"), None)
    return what is not None and any(c.dep_ == "poss" or c.lower_ == "the" for c in what.children)


def may_lie_ahead(clause: Clause) -> bool:
    """Whether a time in it may be one to come: "is leaving", "are getting married", "start on Monday"."""
    head = clause.head
    if head.lemma_ in _EVENTS and head.tag_ in {"VBP", "VBZ"}:
        return True
    if head.tag_ in {"VBP", "VBZ"} and any(c.lower_ in {"until", "till", "through"} for c in head.children):
        return True
    return any(t.tag_ == "VBG" for t in (head, *(c for c in head.children if c.dep_ in {"aux", "auxpass"})))


def _says_never(head: Token) -> bool:
    return any(c.lower_ == "never" for c in head.children)


def _is_past_habit(head: Token) -> bool:
    return head.lower_ == "used" or any(c.lower_ == "used" for c in head.children)


def _is_supposed(clause: Clause, auxiliaries: set[str]) -> bool:
    head = clause.head
    if "'d" in auxiliaries and any(c.lower_ in {"'d", "’d"} and c.lemma_ == "have" for c in head.children):
        auxiliaries = auxiliaries - {"'d"}
    if auxiliaries & _WOULD_BE or head.lemma_ in _SUPPOSING:
        return True
    return any(t.lower_ in {"if", "unless"} and t.dep_ == "mark" for t in clause.tokens)


def _is_planned(head: Token, auxiliaries: set[str], future: bool) -> bool:
    if auxiliaries & {"will", "'ll", "’ll", "wo", "shall"}:
        return True
    xcomp = any(c.dep_ in {"xcomp", "ccomp"} and is_verb(c) for c in head.children)
    if head.lemma_ == "go" and head.tag_ == "VBG" and xcomp:
        return True
    if is_arranged(head):
        return True
    if head.lemma_ in _PLAN_VERBS and (xcomp or head.lemma_ in {"plan", "consider"}):
        return True
    if head.lemma_ == "think" and head.tag_ == "VBG":
        return True
    return future
