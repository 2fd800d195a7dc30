"""What somebody thinks, plans and can be reached at: claims from clauses below the main one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphmem.models.local.claims.clauses import Clause
from graphmem.models.local.claims.phrases import PHONE, Phrase, lemma, phrase, subject_name, written_as
from graphmem.models.local.claims.plain import arguments
from graphmem.models.local.claims.words import words
from graphmem.steps.resolution.words import stem, typed
from graphmem.values import Claim

Token = Any
Span = Any

_OPINION = words("opinion")
_GOOD = words("good")
_BAD = words("bad")
_PLANS = words("plans")
_PURSUITS = words("pursuits")
_CONTACT = typed("contact")
_WRITTEN = re.compile(
    rf"^\W*(?:is|of|it's|it is|namely)?\W*(?P<value>[\w.+-]+@[\w-]+(?:\.[\w-]+)+|{PHONE.pattern}|"
    r"\d+[a-z]? [A-Z][\w'-]+(?: [A-Z][\w'-]+)*)"
)


def views(clause: Clause, chunks: Mapping[int, Span], owner: str) -> list[Claim]:
    """Opinions ("thinks remote work is a bad idea") as attitudes, for as long as they are held."""
    if lemma(clause.verb) not in _OPINION or clause.past or clause.perfect or not clause.affirmed:
        return []
    below = next((c for c in clause.verb.children if c.dep_ == "ccomp" and c.i > clause.verb.i), None)
    if below is None:
        return []
    about = next((c for c in below.children if c.dep_ == "nsubj"), None)
    sign = _sign(below)
    if about is None or about.pos_ == "PRON" or not sign:
        return []
    what = phrase(about, chunks, owner)
    common = {"predicate": lemma(clause.verb), "object": what.text, "object_type": what.type}
    slot, value = f"attitude:{stem(what.head)}", "likes" if sign > 0 else "dislikes"
    return [
        Claim(subject=subject_name(s), slot=slot, value=value, markers=clause.markers, **common)
        for s in clause.subjects
    ]


def _sign(verb: Token) -> int:
    """Whether what is said of a thing is good (1), bad (-1) or neither (0)."""
    said = [t for c in verb.children if c.dep_ in {"acomp", "attr", "oprd"} for t in (c, *c.children)]
    said += [verb] if verb.pos_ == "ADJ" else []
    found = [1 if lemma(t) in _GOOD else -1 for t in said if lemma(t) in _GOOD | _BAD]
    denied = any(c.dep_ == "neg" for c in verb.children)
    return 0 if not found or len(set(found)) > 1 else -found[0] if denied else found[0]


def plans(clause: Clause, chunks: Mapping[int, Span], owner: str) -> list[Claim]:
    """What is planned, from the verb below: "plans to buy a boat"."""
    aims = lemma(clause.verb) in _PLANS or (clause.verb.lemma_ == "go" and clause.progressive)
    if clause.modality != "planned" or not aims:
        return []
    inner = next((c for c in clause.verb.children if c.dep_ == "xcomp" and c.tag_ in {"VB", "VBG"}), None)
    if inner is None:
        inner = next(
            (v for c in clause.verb.children if c.dep_ == "prep" for v in c.children if v.dep_ == "pcomp"), None
        )
    if inner is None:
        return []
    affirmed = clause.affirmed and not any(c.dep_ == "neg" for c in inner.children)
    return [
        Claim(subject=subject_name(s), predicate=predicate, object=what.text, object_type=what.type,
              affirmed=affirmed, modality="planned", markers=clause.markers)
        for predicate, what in arguments(inner, chunks, owner) if what is not None
        for s in clause.subjects
    ]  # fmt: skip


def contacts(clause: Clause, plain: list[Claim], chunks: Mapping[int, Span], owner: str) -> list[Claim]:
    """Addresses and numbers: those that somebody has, and new ones that somebody has got."""
    if clause.modality != "asserted" or not clause.affirmed:
        return []
    return [*(_reached(c) for c in plain if _is_contact(c)), *_got(clause, chunks, owner)]


def pursuits(plain: list[Claim]) -> list[Claim]:
    """What somebody does, of "Ida's hobby is woodcarving"."""
    found = []
    for claim in plain:
        owner, mark, what = claim.subject.rpartition("'s ")
        told = claim.modality == "asserted" and claim.affirmed
        told = told and ((claim.predicate == "be" and bool(claim.object)) or "progressive" in claim.markers)
        if mark and told and what.casefold().rpartition(" ")[2] in _PURSUITS:
            doing = "do" if claim.predicate == "be" else claim.predicate
            found.append(claim.model_copy(update={"subject": owner, "predicate": doing, "slot": None, "value": ""}))
    return found


def _is_contact(claim: Claim) -> bool:
    owner, mark, what = claim.subject.rpartition("'s ")
    return claim.slot == "value" and bool(mark and owner) and what.casefold().rpartition(" ")[2] in _CONTACT


def _reached(claim: Claim) -> Claim:
    owner, _, what = claim.subject.rpartition("'s ")
    return claim.model_copy(update={"subject": owner, "slot": f"contact:{what.casefold()}"})


def _got(clause: Clause, chunks: Mapping[int, Span], owner: str) -> list[Claim]:
    """The value of "has got a new number: 0489 55 66 77"."""
    thing = next((c for c in clause.verb.children if c.dep_ == "dobj" and c.i > clause.verb.i), None)
    fresh = thing is not None and any(c.lower_ == "new" for c in thing.children)
    if lemma(clause.verb) not in {"have", "get", "set"} or thing is None or not fresh or lemma(thing) not in _CONTACT:
        return []
    what: Phrase = phrase(thing, chunks, owner)
    behind = thing.doc[thing.i + 1 : thing.sent.end].text
    value = _WRITTEN.match(behind)
    if value is None:
        return []
    label = re.sub(r"(?i)^new ", "", what.text.split(" of ")[0])
    return [
        Claim(subject=f"{subject_name(s)}'s {label}", predicate="be", object=value["value"],
              object_type=written_as(value["value"]) or "thing", slot="value", value=value["value"],
              markers=(*clause.markers, "new"))
        for s in clause.subjects
    ]  # fmt: skip
