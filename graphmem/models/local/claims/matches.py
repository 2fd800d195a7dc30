"""Claims that a matched construction makes: a slot filled, something ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graphmem.models.local.claims.bonds import bond
from graphmem.models.local.claims.clauses import Clause
from graphmem.models.local.claims.frames import Match
from graphmem.models.local.claims.phrases import Phrase, is_company, is_employer, lemma, phrase, subject_name
from graphmem.models.local.claims.plain import arguments
from graphmem.models.local.claims.spans import spans
from graphmem.models.local.claims.words import words
from graphmem.steps.resolution.constructions import Construction
from graphmem.steps.resolution.words import relational, stem, typed
from graphmem.values import Claim, Modality

Token = Any
Span = Any

_STATES = words("states")
_KIN = typed("kin")
_PHYSICAL = words("physical")
_ROUTINE = words("routine")
_DIVORCES = {"divorce", "divorced"}
_LONGER = {"no longer", "any more", "anymore", "any longer"}
_PARTINGS = words("divorce")
_PARTICLES = {"out"}
"""To drop out of a course is no accident."""
_WITHOUT_WHICH_NOTHING = frozenset({"for good", "dating", "employer", "firm", "of place", "done"})
"""Needs without which a construction says nothing of its slot; without others it is too weak to replace a value."""
_TYPES = {"lives_in": "place", "works_at": "organisation", "studies_at": "organisation", "relationship": "person"}
"""The verb decides what its object is, whatever a name recogniser makes of it."""


def constructed(  # noqa: PLR0911 - one return a case
    clause: Clause, match: Match, chunks: Mapping[int, Span], owner: str
) -> list[Claim]:
    """The claims of one matched construction: what is set, ended, replaced or switched to."""
    does = match.construction.does
    if does in {"sets", "sets by"}:
        return _sets(clause, match, owner)
    negated = match.construction.needs in {"negated", "no longer"}
    resolved = match.construction.needs == "resolved" and clause.modality == "planned"
    if (clause.modality != "asserted" and not resolved) or clause.affirmed == negated:
        return []
    finished = clause.past or clause.perfect or clause.passive or clause.verb.lemma_ == "be"
    if does == "switches" and (finished or _changed(clause)):
        return [_switch(clause, s, match.groups["new"]) for s in clause.subjects]
    if (not finished and not _changed(clause)) or _brief(clause):
        return []
    if does == "ends subject":
        return _ends_subject(clause, match)
    if does == "ends by":
        return _ended_by(clause, match)
    if does == "succeeds":
        return _succeeds(clause, match)
    if does == "replaces":
        ended = [_ended(clause, s, "", match.groups["old"], match) for s in clause.subjects]
        return [*ended, *(_switch(clause, s, match.groups["new"]) for s in clause.subjects)]
    return _ends(clause, match, chunks, owner)


def _changed(clause: Clause) -> bool:
    return any(m[0] not in "+~" and m not in {"progressive", "lasting"} for m in clause.markers)


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


def _ends(  # noqa: PLR0911 - one return a case
    clause: Clause, match: Match, chunks: Mapping[int, Span], owner: str
) -> list[Claim]:
    if match.construction.needs == "baby":
        return _born(clause, match)
    if match.construction.needs == "change" and not _changed(clause):
        return []
    if match.construction.needs == "bare" and _goes_on(clause):
        return []
    if match.construction.needs == "no longer" and not _LONGER & set(clause.markers):
        return []
    what = match.groups.get("object") or match.groups.get("activity") or match.groups.get("person")
    if match.construction.needs == "paper" and (what is None or what.head not in typed("paper")):
        return []
    if not _PARTICLES & set(match.construction.frame.split()) and _is_physical(clause, what, chunks):
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
        if match.construction.slot == "relationship" and what is not None and what.proper:
            found.append(_ended(clause, what, predicate, subject, match))
    if what is not None and not what.proper and lemma(clause.verb) in {"cancel", "call", "scrap", "axe", "shelve"}:
        gone = Claim(
            subject=subject_name(what), predicate="end", modality="ended", markers=(*clause.markers, "ends subject")
        )
        found.append(gone)
    return found


def _born(clause: Clause, match: Match) -> list[Claim]:
    """After "Tara's baby was born", Tara is pregnant no more."""
    born = [s for s in clause.subjects if s.possessor and s.head in {"baby", "son", "daughter", "child", "twin"}]
    return [_ended(clause, replace(s, text=s.possessor, possessor=""), "", None, match) for s in born]


def _goes_on(clause: Clause) -> bool:
    """Whether the clause says what was left: "dropped out of the race"."""
    return any(t.lower_ in {"of", "from"} and t.dep_ == "prep" for t in clause.tokens)


def _is_physical(  # noqa: PLR0911 - one return a case
    clause: Clause, what: Phrase | None, chunks: Mapping[int, Span]
) -> bool:
    """A single act, after which all is as before: "dropped his phone in a puddle", "left the office at five"."""
    verb = lemma(clause.verb)
    if verb not in _PHYSICAL or what is None:
        return False
    if verb == "leave" and what.head in _ROUTINE and not _changed(clause):
        return True
    if verb in {"say", "wave", "kiss", "bid"} and (what.head in _KIN or (verb != "say" and what.label == "PERSON")):
        return True
    if verb == "drop" and _is_at_hand(what, chunks) and stem(what.head) not in relational():
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


def _is_at_hand(what: Phrase, chunks: Mapping[int, Span]) -> bool:
    """Tell "dropped the oboe", an accident, from "dropped tennis"."""
    return what.determined and not what.proper and what.type == "thing"


def _ends_subject(clause: Clause, match: Match) -> list[Claim]:
    found: list[Claim] = []
    for subject in clause.subjects:
        if len(clause.subjects) == 2 and all(s.proper for s in clause.subjects):
            continue
        if match.construction.needs == "outing" and subject.head not in typed("outing") | typed("event"):
            continue
        if match.construction.needs == "lodger" and subject.head not in _KIN:
            continue
        if match.construction.needs == "divorce":
            found += _divorced(clause, subject, match)
            continue
        common = {"predicate": match.word, "modality": "ended", "markers": (*clause.markers, "ends subject")}
        found += spans(clause, subject, match.word)
        found.append(Claim(subject=subject_name(subject), **common))
        if subject.possessor:
            found.append(Claim(subject=subject.possessor, object=subject.text, object_type=subject.type, **common))
    return found


def _divorced(clause: Clause, subject: Phrase, match: Match) -> list[Claim]:
    """After "Petra's divorce came through", Petra is married no more."""
    if subject.head not in _PARTINGS or not subject.possessor:
        return []
    return [
        Claim(subject=subject.possessor, predicate=match.word, modality="ended", slot="relationship",
              markers=(*clause.markers, "by:divorce"))
    ]  # fmt: skip


def _ended_by(clause: Clause, match: Match) -> list[Claim]:
    """Seen from the other end: "Ford fired Bob" ends Bob's work at Ford."""
    who = match.groups["person"]
    return [_ended(clause, who, "", s if s.proper else None, match) for s in clause.subjects]


def _succeeds(clause: Clause, match: Match) -> list[Claim]:
    """Who takes over from somebody as something: it ends for one, and is the other."""
    before, role = match.groups["old"], match.groups["post"]
    found = [_ended(clause, before, "", role, match)]
    if role.possessor:
        found += [
            Claim(subject=subject_name(role), predicate="become", object=s.text, object_type=s.type, slot="value",
                  value=s.text, markers=(*clause.markers, "instead"))
            for s in clause.subjects
        ]  # fmt: skip
        found += [c for s in clause.subjects if (c := bond(clause.markers, subject_name(role), s.text)) is not None]
    return found


def _sets(clause: Clause, match: Match, owner: str) -> list[Claim]:
    construction, groups = match.construction, dict(match.groups)
    subjects = [groups.pop("subject")] if "subject" in groups else list(clause.subjects)
    value = groups.get("organisation") or next(iter(reversed(groups.values())), None)
    if construction.does == "sets by":
        value = clause.subjects[0]
    slot = construction.slot
    if construction.needs == "present" and (clause.past or clause.perfect):
        return []
    if not all(_may_fill(slot, s, clause, construction) for s in subjects):
        return []
    modality = _slot_modality(clause, construction)
    markers = list(clause.markers)
    if not _needed(clause, construction, value):
        if construction.slot == "age" or construction.needs in _WITHOUT_WHICH_NOTHING:
            return []
        markers.append("weak")
    if construction.needs == "moved":
        markers.append("moved")
    if _brief(clause):
        markers.append("weak")
    text, slot = _value(construction, match, value, slot, lemma(clause.verb))
    if construction.needs == "together":
        return _together(clause, construction, subjects, value)
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


def _together(clause: Clause, construction: Construction, subjects: list[Phrase], value: Phrase | None) -> list[Claim]:
    """What joins two people, said of each: "Ida and Sam made up", "Ida made up with Sam"."""
    if clause.modality != "asserted" or (value is None and len(subjects) != 2):
        return []
    pairs = [(s, value or subjects[1 - n]) for n, s in enumerate(subjects)]
    feeling = construction.slot == "attitude"
    return [
        Claim(subject=subject_name(one), predicate=lemma(clause.verb), object=other.text, object_type=other.type,
              affirmed=clause.affirmed, slot=f"attitude:{stem(other.head)}" if feeling else construction.slot,
              value=construction.value if feeling else other.text,
              markers=clause.markers if feeling else (*clause.markers, "weak"))
        for one, other in pairs
    ]  # fmt: skip


def _value(  # noqa: PLR0911 - one return a case
    construction: Construction, match: Match, value: Phrase | None, slot: str, verb: str
) -> tuple[str, str]:
    if construction.value == "{word}":
        return match.word, slot
    if slot == "age" and value is not None and (years := re.search(r"\d+", value.text)):
        return years[0], slot
    if slot == "diet" and value is not None:
        return value.head, slot
    if construction.value == "{verb}":
        return verb, slot
    if slot == "attitude" and value is not None:
        return construction.value, f"attitude:{stem(value.head)}"
    if slot == "bond" and value is not None:
        return value.text, f"bond:{construction.value}"
    if slot == "count" and value is not None:
        return value.number, f"count:{value.head}"
    if construction.value:
        return construction.value, slot
    return (value.text if value else ""), slot


def _is_firm(clause: Clause, value: Phrase) -> bool:
    """A company whose name is one word is often taken for a person: "joined Oracle", with nothing behind it."""
    if is_company(value) or is_employer(value):
        return True
    behind = [t for t in clause.tokens if t.i >= value.end and not t.is_punct]
    alone = value.proper and " " not in value.text and value.label == "PERSON" and not clause.progressive
    return alone and all(t.ent_type_ in {"DATE", "TIME"} or t.pos_ in {"ADV", "DET"} for t in behind)


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


def _needed(  # noqa: PLR0911 - one return a case
    clause: Clause, construction: Construction, value: Phrase | None
) -> bool:
    needs = construction.needs
    if needs in {"change", "now", "present"}:
        return _changed(clause)
    if construction.does == "sets by":
        return value is not None and value.proper and value.label != "PERSON"
    if needs == "done":
        return clause.past or clause.perfect or clause.passive or _changed(clause)
    if needs == "of place":
        return value is not None and value.type == "place"
    if needs == "firm":
        return value is not None and _is_firm(clause, value)
    if construction.slot == "age":
        own = {"", *(s.text for s in clause.subjects)}
        return value is not None and value.possessor in own and "'s " not in value.text
    if needs == "for good":
        strong = {"for good", "permanently", "these days", "now", "nowadays", "forever", "once and for all", "for ever"}
        return bool(strong & set(clause.markers)) and not _brief(clause)
    if needs == "employer":
        return value is not None and is_employer(value)
    if needs == "dating":
        return (clause.progressive or clause.perfect) and value is not None and value.proper
    return True
