"""What a clause says word by word: predicate, object, attitude, attribute."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphmem.models.local.claims.clauses import Clause, conjuncts
from graphmem.models.local.claims.phrases import Phrase, kind_of, lemma, phrase, subject_name
from graphmem.models.local.claims.words import words
from graphmem.steps.resolution.words import stem
from graphmem.values import Claim

Token = Any
Span = Any

_USED = re.compile(r"(?i)\bused to\b")
_WITH_OBJECT = words("with_object")
_POSITIVE = words("positive")
_NEGATIVE = words("negative")


def arguments(verb: Token, chunks: Mapping[int, Span], owner: str) -> list[tuple[str, Phrase | None]]:
    """(predicate, object) pairs of a verb: its object, its complements, and one for every preposition."""
    word = lemma(verb)
    particle = "".join(f" {c.lower_}" for c in verb.children if c.dep_ == "prt")
    found: list[tuple[str, Phrase | None]] = []
    for child in verb.children:
        if child.i < verb.i:
            continue
        if child.dep_ in {"dobj", "attr", "oprd", "dative"} and child.pos_ != "PRON":
            found.extend((word + particle, phrase(t, chunks, owner)) for t in (child, *conjuncts(child)))
            found.extend(_prepositional(f"{word}{particle}", child, chunks, owner))
        elif _is_thing(child, word):
            found.append((word + particle, phrase(child, chunks, owner)))
            found.extend(_prepositional(f"{word}{particle}", child, chunks, owner))
        elif child.dep_ == "xcomp" and child.tag_ == "VBG":
            found.append((word + particle, Phrase(child.lemma_, lemma(child), "activity")))
        elif child.dep_ == "acomp":
            with_object = _prepositional(f"{word} {lemma(child)}", child, chunks, owner)
            taken_for_verbs = [c for c in child.children if c.dep_ == "xcomp" and c.tag_ == "VB"]
            if lemma(child) in {"allergic", "addicted", "married", "engaged"} and not with_object:
                with_object = [(f"{word} {lemma(child)} to", phrase(c, chunks, owner)) for c in taken_for_verbs]
            bare = not any(c.dep_ in {"prep", "xcomp", "ccomp"} for c in child.children)
            found.extend(with_object or ([(f"{word} {lemma(child)}", None)] if bare else []))
    circumstances = _prepositional(f"{word}{particle}", verb, chunks, owner)
    if not found and word != "be" and all(what and what.type in {"date", "time"} for _, what in circumstances):
        found.append((word + particle, None))
    return [*found, *circumstances] or [(word + particle, None)]


def _is_thing(child: Token, verb: str) -> bool:
    """An object that was taken for a verb or an adjective: "plays squash", "rents a little flat"."""
    if child.dep_ == "acomp":
        return verb in _WITH_OBJECT
    bare = child.dep_ == "xcomp" and child.tag_ == "VB" and not any(c.i > child.i - 2 for c in child.children)
    return bare and verb in _WITH_OBJECT


def _prepositional(
    predicate: str, head: Token, chunks: Mapping[int, Span], owner: str
) -> list[tuple[str, Phrase | None]]:
    found: list[tuple[str, Phrase | None]] = []
    for prep in (
        c
        for c in head.children
        if (c.dep_ in {"prep", "agent"} and c.lower_ != "of") or (c.dep_ == "prep" and head.pos_ == "ADJ")
    ):
        for child in prep.children:
            if child.dep_ == "pobj":
                found.extend(
                    (f"{predicate} {prep.lower_}", phrase(t, chunks, owner)) for t in (child, *conjuncts(child))
                )
            elif child.dep_ == "pcomp" and child.tag_ == "VBG":
                activity = Phrase(child.text, lemma(child), "activity")
                found.append((f"{predicate} {prep.lower_}", activity))
    return found


def plain_claims(clause: Clause, chunks: Mapping[int, Span], owner: str) -> list[Claim]:
    """What the clause says, word by word, with its tense; attitudes and endings by negation included."""
    modality = clause.modality
    if modality == "asserted" and clause.past:
        modality = "past"
    if modality == "asserted" and clause.perfect and not clause.progressive and clause.affirmed:
        modality = "past"
    verb, affirmed = clause.verb, clause.affirmed
    markers = list(clause.markers)
    if _USED.search(verb.doc.text) and verb.lemma_ == "use":
        inner = next((c for c in verb.children if c.dep_ == "xcomp"), None)
        if inner is None:
            return []
        verb, modality = inner, "ended"
        markers.append("used to")
    if verb.lemma_ == "learn" and any(c.dep_ == "xcomp" for c in verb.children) and modality == "past":
        verb, modality = next(c for c in verb.children if c.dep_ == "xcomp"), "asserted"
    found: list[Claim] = []
    for predicate, what in _since(clause, arguments(verb, chunks, owner)):
        slot, value = _attitude(predicate, verb, what, affirmed)
        became = predicate == "become" and modality == "past" and affirmed
        is_like = modality == "asserted" and affirmed and predicate.startswith("be")
        attribute = _attribute(clause) if is_like or became else None
        if attribute is not None and became:
            modality = "asserted"
        if attribute is not None and not slot:
            slot, value = ("amount" if attribute.type == "number" else "value"), attribute.text
        stated = attribute if attribute is not None and slot in {"amount", "value"} else what
        if predicate == "be" and stated is None:
            continue
        fallen = lemma(verb) == "fall" and slot is not None and modality == "past"
        common = Claim(
            subject="", predicate=predicate, affirmed=affirmed, modality="asserted" if fallen else modality, slot=slot,
            value=value, markers=tuple(markers),
        )  # fmt: skip
        found.extend(_stated(common, subject, stated) for subject in clause.subjects)
    return found


def _since(clause: Clause, found: list[tuple[str, Phrase | None]]) -> list[tuple[str, Phrase | None]]:
    """Of "hasn't run since his operation" and "hasn't been to the gym": what is not done, not since when."""
    if clause.affirmed or not clause.perfect:
        return found
    kept = [(p.replace("be to", "go to", 1), what) for p, what in found if not _when(p, what)]
    if kept or clause.verb.lemma_ == "be":
        return kept or found
    return [(lemma(clause.verb), None)]


def _when(predicate: str, what: Phrase | None) -> bool:
    spans = what is not None and what.type in {"date", "time"} and predicate.endswith((" in", " for"))
    return spans or predicate.endswith(" since")


def _stated(common: Claim, subject: Phrase, what: Phrase | None) -> Claim:
    text = "" if what is None else what.text
    if what is not None and what.possessor not in {"", subject.text}:
        text = f"{what.possessor}'s {what.text}"
    kind = "thing" if what is None else what.type
    return common.model_copy(update={"subject": subject_name(subject), "object": text, "object_type": kind})


def _attribute(clause: Clause) -> Phrase | None:
    """The value of "X's A is V", when A is not a person: all words up to an adverb of time."""
    subject = clause.subjects[0]
    if len(clause.subjects) != 1 or not (subject.possessor or " of " in subject.text) or subject.type == "person":
        return None
    kept: list[Token] = []
    for token in clause.tokens[1:]:
        if token.pos_ in {"ADV", "PUNCT", "CCONJ", "SCONJ"} and (kept or token.pos_ == "ADV"):
            if kept and token.text != "-":
                break
            if not kept:
                continue
        if token.dep_ in {"npadvmod", "prep", "mark"} and token.pos_ not in {"NUM", "X"}:
            break
        if token.lower_ == "these":
            break
        kept.append(token)
    kept = [t for t in kept if t.pos_ not in {"DET", "PUNCT"} and t.tag_ != "PRP$"]
    if not kept or kept[-1].tag_ in {"VBG", "VBN"}:
        return None
    text = "".join(t.text_with_ws for t in kept).strip()
    last = kept[-1]
    return Phrase(text, lemma(last), kind_of(last, text), proper=last.pos_ == "PROPN")


def _attitude(predicate: str, verb: Token, what: Phrase | None, affirmed: bool) -> tuple[str | None, str]:
    """Liking and hating the same thing exclude each other."""
    first = predicate.split()
    if what is None:
        return None, ""
    word = lemma(verb)
    sign = 1 if word in _POSITIVE else -1 if word in _NEGATIVE else 0
    if word == "be" and len(first) >= 2:
        sign = 1 if first[1] in {"keen", "fond", "crazy", "mad", "passionate", "hooked"} else sign
        sign = -1 if first[1] in {"afraid", "scared", "terrified", "sick", "tired", "frightened", "weary"} else sign
    if word == "stand" and not affirmed:
        return f"attitude:{stem(what.head)}", "dislikes"
    if word == "fall" and "in love" in verb.doc.text:
        return (f"attitude:{stem(what.head)}", "likes") if predicate.endswith("with") else (None, "")
    if not sign:
        return None, ""
    return f"attitude:{stem(what.head)}", "likes" if (sign > 0) == affirmed else "dislikes"
