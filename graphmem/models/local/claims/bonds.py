"""Whom somebody is bound to, said by a noun: "Nora's boyfriend is Sam", "my wife Ana", "Kim is my boss"."""

from __future__ import annotations

from graphmem.models.local.claims.clauses import Clause
from graphmem.models.local.claims.phrases import Phrase, subject_name
from graphmem.models.local.claims.words import words
from graphmem.values import Claim

_STATUS = {
    "wife": "married", "husband": "married", "spouse": "married", "fiance": "engaged", "fiancee": "engaged",
    "fiancé": "engaged", "fiancée": "engaged", "girlfriend": "dating", "boyfriend": "dating", "partner": "dating",
}  # fmt: skip
_PLACES = {
    "home": "lives_in", "employer": "works_at", "workplace": "works_at", "school": "studies_at",
    "university": "studies_at", "college": "studies_at",
}  # fmt: skip
"""What somebody has one of, and the slot that its name fills."""
_ONE_AT_A_TIME = words("one_at_a_time")
_ONLY = words("only_one")


def bonds(clause: Clause, claims: list[Claim]) -> list[Claim]:
    """What the nouns of a clause say of the person who has the partner, the boss or the landlord."""
    if clause.modality != "asserted" or not clause.affirmed or clause.past:
        return []
    found = [
        bond(c.markers, c.subject, c.object) or bond(c.markers, c.object, c.subject)
        for c in claims
        if c.predicate == "be" or (clause.passive and c.predicate in {"call", "name"})
    ]
    named = [bond(clause.markers, p.bond, p.text) for p in clause.subjects]
    return [claim for claim in (*found, *named) if claim is not None]


def bond(markers: tuple[str, ...], noun: str, name: str) -> Claim | None:
    """The claim that `name` is somebody's boyfriend, home or employer, from the noun phrase "Nora's boyfriend"."""
    owner, mark, what = noun.rpartition("'s ")
    what = what.casefold()
    if not mark or not owner or not name[:1].isupper() or "'s " in name:
        return None
    last = what.rpartition(" ")[2]
    if last in _PLACES:
        slot, value = _PLACES[last], name
    elif what in _STATUS:
        slot, value = "relationship", f"{_STATUS[what]} {name}"
    elif what in _ONE_AT_A_TIME:
        slot, value = f"bond:{what}", name
    else:
        return None
    common = {"slot": slot, "value": value, "markers": markers}
    return Claim(subject=owner, predicate="be", object=name, object_type="person", **common)


def aliases(subjects: tuple[Phrase, ...], claims: list[Claim]) -> list[Claim]:
    """The claims about "my mother Ingrid" once more, about "my mother": she is the only one."""
    found = []
    for subject in subjects:
        noun = subject.bond.rpartition("'s ")[2].casefold()
        if noun in _ONLY:
            name = subject_name(subject)
            found += [c.model_copy(update={"subject": subject.bond}) for c in claims if c.subject == name]
    return found
