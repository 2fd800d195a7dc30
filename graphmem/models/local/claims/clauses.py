"""Clauses of a parsed sentence: a verb, its subjects, its tense, and what follows it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphmem.models.local.claims.phrases import Phrase, lemma, phrase, subject_name
from graphmem.models.local.claims.words import words
from graphmem.models.local.clauses import auxiliaries
from graphmem.steps.resolution.words import typed
from graphmem.values import Modality

Token = Any
Span = Any

_MODALS = words("modals")
_FUTURE = words("future")
_PLANS = words("plans")
_TENTATIVE = words("tentative")
_CHANGE = re.compile(
    r"(?i)\b(now|nowadays|these days|for good|finally|instead|at last|from now on|permanently|anymore|"
    r"any ?more|any longer|no longer|since|back|again|at long last|once and for all|from \w+day|actually|"
    r"for ever|forever|after all)\b"
)
_ADDITION = re.compile(
    r"(?i)\b(also|too|another|still|both|as well|additionally|in addition|besides|even|second|sometimes|occasionally|"
    r"on the side|at weekends|on (the )?weekends|at night|in the evenings?|"
    r"on (mon|tues|wednes|thurs|fri|satur|sun)days|part-time|other|(?<!any )more|extra|"
    r"apart from|alongside)\b"
)
_BRIEF = re.compile(
    r"(?i)\b(for (a|the|one|two|three|four|five|six|a few|several|\d+) (\w+ )?"
    r"(minute|hour|day|night|weekend|week|month)s?|"
    r"for (christmas|easter|now|today|tonight|lunch|dinner|breakfast|a bit|a while)|"
    r"for (a|an|the|his|her|their|my|our) (\w+ )?(wedding|conference|meeting|funeral|visit|trip|holiday|course|"
    r"festival|interview|concert|match|race|tournament|party|workshop|fair|gig|show|treatment|checkup|birthday)|"
    r"temporarily|this (morning|week|weekend|evening)|"
    r"tonight|today|on holiday|on vacation|briefly|once)\b"
)
_LATELY = re.compile(
    r"(?i)\b(yet|lately|recently|today|since (\w+day|breakfast|lunch|noon|last (night|week|weekend)|this|\d)|"
    r"this (morning|week|month)|(in|for) (\w+ )?(minute|hour|day|week)s?)\b"
)
_LONG = re.compile(r"(?i)\b((in|for) (\w+ )?(month|year|age|decade)s|since|ever again)\b")
"""What was not done lately may still be a habit; what was not done for years is none."""
_DAYS = frozenset({"today", "tonight"})
_PRONOUNS = words("pronouns")
_STATES = words("states")
_BONDS = typed("kin") | words("only_one")
_UNCHANGING = words("unchanging")
"""Past and present look alike; "Vic quit smoking" has no -s, so it is past."""


@dataclass(frozen=True)
class Clause:
    """One verb with its subjects and what follows it."""

    verb: Token
    subjects: tuple[Phrase, ...]
    tokens: tuple[Token, ...]
    modality: Modality
    affirmed: bool
    passive: bool
    past: bool
    perfect: bool
    progressive: bool
    markers: tuple[str, ...]
    subject_end: str = ""


def clauses(sentence: Span, chunks: Mapping[int, Span], owner: str) -> list[Clause]:
    """The asserted clauses of a sentence, in order; `owner` is whom its pronouns mean."""
    verbs = [_done(v) for v in _verbs(sentence.root)]
    if not verbs and sentence.root.pos_ in {"VERB", "AUX"}:
        verbs = [sentence.root]
    found: list[Clause] = []
    for verb in sorted(verbs, key=lambda v: v.i):
        following = [v.left_edge.i for v in verbs if v.i > verb.i and v.left_edge.i > verb.i]
        end = min([*following, sentence.end])
        subjects = _subjects(verb, chunks, owner) or (found[0].subjects if found else ())
        owner = owner or (subjects[0].text if subjects and subjects[0].proper and not subjects[0].possessor else "")
        found.append(_clause(verb, subjects, tuple(sentence.doc[verb.i : end]), sentence))
    return [c for c in found if c.subjects]


def _verbs(root: Token) -> list[Token]:
    """The finite verbs whose clauses are asserted: the root, what is joined to it, and a clause set before it."""
    mistaken = root.tag_ == "NNS" and any(c.dep_ == "nsubj" and c.tag_ == "PRP" for c in root.children)
    if root.pos_ not in {"VERB", "AUX"} and not mistaken:
        return []
    found = [root]
    for child in root.children:
        joined = child.dep_ == "conj" and child.pos_ in {"VERB", "AUX"}
        spliced = child.dep_ in {"ccomp", "parataxis"} and child.i < root.i and _has_subject(child)
        if joined or spliced:
            found.extend(_verbs(child))
    return found


_CARRIED_OUT = {"have": "VB", "manage": "VB", "end": "VBG", "wind": "VBG"}
"""Verbs behind which stands what was done all the same: "had to sell", "managed to quit", "ended up selling"."""


def _done(verb: Token) -> Token:
    """What somebody did, of "had to sell the boat"; else the verb itself."""
    form = _CARRIED_OUT.get(verb.lemma_)
    helped = any(c.dep_ in {"aux", "neg", "dobj"} for c in verb.children)
    if verb.tag_ != "VBD" or form is None or helped:
        return verb
    return next((c for c in verb.children if c.dep_ == "xcomp" and c.tag_ == form and c.i > verb.i), verb)


def _has_subject(verb: Token) -> bool:
    return any(c.dep_ in {"nsubj", "nsubjpass"} for c in verb.children)


def _subjects(verb: Token, chunks: Mapping[int, Span], owner: str) -> tuple[Phrase, ...]:
    if verb.head.i != verb.i and _done(verb.head).i == verb.i:
        verb = verb.head
    holders = (verb, *auxiliaries(verb))
    heads = [c for h in holders for c in h.children if c.dep_ in {"nsubj", "nsubjpass"} and c.i < verb.i]
    tokens = [t for h in heads for t in (h, *conjuncts(h))]
    found = []
    for token in tokens:
        if token.lower_ in _PRONOUNS and owner and (token.lower_ != "it" or token.i == 0):
            named = owner[:1].isupper()
            found.append(Phrase(owner, owner.casefold(), "person" if named else "thing", proper=named))
        else:
            found.append(_by_name(phrase(token, chunks, owner), token, chunks))
    return tuple(p for p in found if p.text)


def _by_name(found: Phrase, token: Token, chunks: Mapping[int, Span]) -> Phrase:
    """The person of "Nora's mother Ingrid": Ingrid, who is bound to Nora. Without a name, the phrase as it is."""
    noun, _, name = found.text.partition(" ")
    if not name:
        beside = next((c for c in token.children if c.dep_ == "appos" and c.pos_ == "PROPN"), None)
        name = phrase(beside, chunks).text if beside is not None and beside.left_edge.i == token.i + 1 else ""
    if not (found.possessor and name[:1].isupper() and noun.casefold() in _BONDS):
        return found
    bond = subject_name(replace(found, text=noun))
    return Phrase(name, name.casefold(), "person", proper=True, label="PERSON", end=found.end, bond=bond)


def conjuncts(head: Token) -> list[Token]:
    """What is joined to a noun by "and"."""
    return [t for c in head.children if c.dep_ == "conj" for t in (c, *conjuncts(c))]


def _clause(verb: Token, subjects: tuple[Phrase, ...], tokens: tuple[Token, ...], sentence: Span) -> Clause:
    helpers = [c for c in verb.children if c.dep_ in {"aux", "auxpass"}]
    text = sentence.text
    markers = [m.group(0).casefold() for m in _CHANGE.finditer(text)]
    markers += [f"+{m.group(0).casefold()}" for m in _ADDITION.finditer(text)]
    brief = [m.group(0).casefold() for m in _BRIEF.finditer(text)]
    past = (
        verb.tag_ == "VBD"
        or ((verb.lower_ in _UNCHANGING or verb.tag_ == "VBN") and not helpers)
        or (verb.head.i != verb.i and _done(verb.head).i == verb.i)
        or any(h.tag_ == "VBD" and h.lemma_ in {"be", "do", "get"} for h in helpers)
    )
    perfect = any(h.lemma_ == "have" for h in helpers)
    progressive = verb.tag_ == "VBG" and any(h.lemma_ == "be" for h in helpers)
    passive = any(c.dep_ == "auxpass" for c in verb.children)
    negated = any(c.dep_ == "neg" or (c.lower_ in {"never", "no"} and c.dep_ == "advmod") for c in verb.children)
    negated = negated or (
        "no longer" in text.casefold() and any(t.lower_ == "no" and t.nbor().lower_ == "longer" for t in sentence[:-1])
    )
    if (past or perfect) and lemma(verb) not in _STATES:
        # "turned 42 today" names the day of an event, not how long its outcome lasts.
        brief = [b for b in brief if b not in _DAYS and not b.startswith("this ")]
    markers += [f"~{b}" for b in brief]
    if perfect and negated:
        markers += ["~lately"] if _LATELY.search(text) else ["lasting"] if _LONG.search(text) else []
    if progressive:
        markers.append("progressive")
    return Clause(
        verb, subjects, tokens, _modality(verb, helpers, text), not negated, passive, past and not perfect, perfect,
        progressive, tuple(markers),
    )  # fmt: skip


def _modality(  # noqa: PLR0911 - one return a case
    verb: Token, helpers: Sequence[Token], text: str
) -> Modality:
    if text.rstrip().endswith("?") or _conditional(verb):
        return "hypothetical"
    lemmas = {h.lower_ for h in helpers} | {h.lemma_.casefold() for h in helpers}
    if lemmas & _MODALS or any(c.lower_ in _TENTATIVE for c in verb.children):
        return "hypothetical"
    if lemmas & _FUTURE:
        return "planned"
    inner = [c for c in verb.children if c.dep_ in {"xcomp", "ccomp", "prep", "advcl"} and c.i > verb.i]
    if lemma(verb) in _PLANS and any(_is_verbal(c) for c in inner):
        return "planned"
    if verb.lemma_ == "go" and verb.tag_ == "VBG" and any(_is_verbal(c) and c.dep_ == "xcomp" for c in inner):
        return "planned"
    if verb.lemma_ == "be" and any(
        t.lower_ in {"about", "likely", "ready", "keen", "tempted", "supposed"} and _is_verbal(t) for t in verb.children
    ):
        return "planned"
    return "asserted"


def _is_verbal(token: Token) -> bool:
    if token.pos_ in {"VERB", "AUX"}:
        return True
    return any(c.dep_ in {"pcomp", "xcomp"} and c.pos_ in {"VERB", "AUX"} for c in token.children)


def _conditional(verb: Token) -> bool:
    marks = {"if", "unless", "whether"}
    clauses = [verb, *(c for c in verb.children if c.dep_ in {"advcl", "ccomp"})]
    return any(c.lower_ in marks for v in clauses for c in v.children if c.dep_ in {"mark", "advmod"})
