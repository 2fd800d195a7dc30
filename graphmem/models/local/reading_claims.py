"""Claims that a matched construction makes: a slot filled, something ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphmem.models.local.phrases import Phrase, is_employer, lemma, phrase, subject_name
from graphmem.models.local.reader_words import words
from graphmem.models.local.reading_clauses import Clause
from graphmem.models.local.reading_frames import Match
from graphmem.models.local.reading_plain import arguments
from graphmem.steps.resolution.constructions import Construction
from graphmem.steps.resolution.words import typed
from graphmem.values import Claim, Modality

Token = Any
Span = Any

_STATES = words("states")
_KIN = typed("kin")
_PHYSICAL = words("physical")
_ROUTINE = words("routine")
_DIVORCES = {"divorce", "divorced"}
_TYPES = {"lives_in": "place", "works_at": "organisation", "studies_at": "organisation", "relationship": "person"}
"""The verb decides what its object is, whatever a name recogniser makes of it."""


def constructed(  # noqa: PLR0911 - one return a case
    clause: Clause, match: Match, chunks: Mapping[int, Span], owner: str
) -> list[Claim]:
    """The claims of one matched construction: what is set, ended, replaced or switched to."""
    does = match.construction.does
    if does == "sets":
        return _sets(clause, match, owner)
    negated = match.construction.needs == "negated"
    if clause.modality != "asserted" or clause.affirmed == negated:
        return []
    finished = clause.past or clause.perfect or clause.passive or clause.verb.lemma_ == "be"
    if does == "switches" and (finished or _changed(clause)):
        return [_switch(clause, s, match.groups["new"]) for s in clause.subjects]
    if (not finished and not _changed(clause)) or _brief(clause):
        return []
    if does == "ends subject":
        return _ends_subject(clause, match)
    if does == "replaces":
        ended = [_ended(clause, s, "", match.groups["old"], match) for s in clause.subjects]
        return [*ended, *(_switch(clause, s, match.groups["new"]) for s in clause.subjects)]
    return _ends(clause, match, chunks, owner)


def _changed(clause: Clause) -> bool:
    return any(m[0] not in "+~" and m != "progressive" for m in clause.markers)


def _brief(clause: Clause) -> bool:
    return any(m.startswith("~") for m in clause.markers)


def _switch(clause: Clause, subject: Phrase, new: Phrase) -> Claim:
    return Claim(
        subject=subject_name(subject), predicate="switch to", object=new.text, object_type=new.type,
        markers=clause.markers,
    )  # fmt: skip


def _ended(clause: Clause, subject: Phrase, predicate: str, what: Phrase | None, match: Match) -> Claim:
    markers = [*clause.markers, f"by:{lemma(clause.verb)}"]
    if match.construction.needs:
        markers.append(f"ends:{match.construction.needs}")
    possessor = what.possessor if what and what.possessor != subject.text else ""
    text = "" if what is None else (f"{possessor}'s {what.text}" if possessor else what.text)
    return Claim(
        subject=subject_name(subject), predicate=predicate, object=text, object_type=what.type if what else "thing",
        modality="ended", slot=match.construction.slot or None, markers=tuple(markers),
    )  # fmt: skip


def _ends(clause: Clause, match: Match, chunks: Mapping[int, Span], owner: str) -> list[Claim]:
    if match.construction.needs == "change" and not _changed(clause):
        return []
    what = match.groups.get("object") or match.groups.get("activity") or match.groups.get("person")
    if _is_physical(clause, what, chunks):
        return []
    predicate = ""
    found: list[Claim] = []
    if match.inner is not None:
        for pred, inner_object in arguments(match.inner, chunks, owner):
            found.extend(_ended(clause, s, pred, inner_object, match) for s in clause.subjects)
        return found
    pair = len(clause.subjects) == 2 and match.construction.slot == "relationship" and what is None
    if match.construction.slot == "relationship" and what is None and not pair and match.word not in _DIVORCES:
        return []
    for n, subject in enumerate(clause.subjects):
        other = clause.subjects[1 - n] if pair else what
        found.append(_ended(clause, subject, predicate, other, match))
    if what is not None and not what.proper and lemma(clause.verb) in {"cancel", "call", "scrap", "axe", "shelve"}:
        gone = Claim(
            subject=subject_name(what), predicate="end", modality="ended", markers=(*clause.markers, "ends subject")
        )
        found.append(gone)
    return found


def _is_physical(clause: Clause, what: Phrase | None, chunks: Mapping[int, Span]) -> bool:
    """A single act, after which all is as before: "dropped his phone in a puddle", "left the office at five"."""
    verb = lemma(clause.verb)
    if verb not in _PHYSICAL or what is None:
        return False
    if verb == "leave" and what.head in _ROUTINE and not _changed(clause):
        return True
    if verb == "say" and what.head in _KIN:
        return True
    for token in clause.tokens:
        if verb == "leave" and token.dep_ == "dobj" and token.head.i == clause.verb.i and token.i >= what.end:
            return True
        if token.dep_ == "pobj" and token.head.lower_ in {
            "in",
            "on",
            "at",
            "into",
            "onto",
            "under",
            "near",
            "with",
            "from",
        }:
            where = phrase(token, chunks)
            if where.type == "time" or (where.type != "date" and token.i >= what.end):
                return True
    return False


def _ends_subject(clause: Clause, match: Match) -> list[Claim]:
    found: list[Claim] = []
    for subject in clause.subjects:
        if len(clause.subjects) == 2 and all(s.proper for s in clause.subjects):
            continue
        if match.construction.needs == "lodger" and subject.head not in _KIN:
            continue
        common = {"predicate": match.word, "modality": "ended", "markers": (*clause.markers, "ends subject")}
        found.append(Claim(subject=subject_name(subject), **common))
        if subject.possessor:
            found.append(Claim(subject=subject.possessor, object=subject.text, object_type=subject.type, **common))
    return found


def _sets(clause: Clause, match: Match, owner: str) -> list[Claim]:
    construction, groups = match.construction, dict(match.groups)
    subjects = [groups.pop("subject")] if "subject" in groups else list(clause.subjects)
    value = groups.get("organisation") or next(iter(reversed(groups.values())), None)
    slot = construction.slot
    if not all(_may_fill(slot, s, clause, construction) for s in subjects):
        return []
    modality = _slot_modality(clause, construction)
    markers = list(clause.markers)
    if not _needed(clause, construction, value):
        if construction.needs in {"for good", "dating", "employer"}:
            return []
        markers.append("weak")
    if _brief(clause):
        markers.append("weak")
    text, slot = _value(construction, match, value, slot, lemma(clause.verb))
    found = []
    kind = _TYPES.get(slot, value.type) if value else "thing"
    for n, subject in enumerate(subjects):
        own = text
        if slot == "relationship" and value is None and len(subjects) == 2:
            own = f"{text} {subjects[1 - n].text}"
        elif slot == "relationship" and value is not None:
            own = f"{construction.value} {value.text}"
        found.append(
            Claim(
                subject=subject_name(subject), predicate=lemma(clause.verb), object=value.text if value else "",
                object_type=kind, affirmed=clause.affirmed, modality=modality, slot=slot,
                value=own, markers=tuple(markers),
            )
        )  # fmt: skip
    return found


def _value(construction: Construction, match: Match, value: Phrase | None, slot: str, verb: str) -> tuple[str, str]:
    if construction.value == "{word}":
        return match.word, slot
    if slot == "diet" and value is not None:
        return value.head, slot
    if construction.value == "{verb}":
        return verb, slot
    if slot == "count" and value is not None:
        return value.number, f"count:{value.head}"
    if construction.value:
        return construction.value, slot
    return (value.text if value else ""), slot


def _slot_modality(clause: Clause, construction: Construction) -> Modality:
    if clause.modality != "asserted":
        return clause.modality
    word = lemma(clause.verb)
    lasting = construction.needs == "for good" or construction.slot in {"amount", "diet"}
    if clause.past and not clause.passive and word in _STATES and not lasting:
        return "past"
    if clause.progressive and word not in _STATES and "be " not in construction.frame:
        return "planned"
    return "asserted"


def _may_fill(slot: str, subject: Phrase, clause: Clause, construction: Construction) -> bool:
    person = subject.proper and subject.label in {"PERSON", "", "ORG", "GPE"} and not subject.possessor
    person = person or subject.type == "person"
    might_be = person or (subject.proper and not subject.possessor and not subject.determined)
    if slot in {
        "where",
        "amount",
        "name",
        "until",
        "leaves_at",
        "opens_at",
        "closes_at",
        "arrives_at",
        "value",
        "date",
    }:
        return not person
    if slot in {"lives_in", "works_at", "job", "relationship", "household", "studies_at", "age"}:
        return might_be
    return True


def _needed(clause: Clause, construction: Construction, value: Phrase | None) -> bool:
    needs = construction.needs
    if needs in {"change", "now"}:
        return _changed(clause)
    if needs == "for good":
        strong = {"for good", "permanently", "these days", "now", "nowadays", "forever", "once and for all", "for ever"}
        return bool(strong & set(clause.markers)) and not _brief(clause)
    if needs == "employer":
        return value is not None and is_employer(value)
    if needs == "dating":
        return (clause.progressive or clause.perfect) and value is not None and value.proper
    return True
