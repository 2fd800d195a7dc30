"""Noun phrases of a parsed sentence, with the type that rules ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphmem.steps.resolution.words import NARROW, lists, typed

Token = Any
Span = Any

_DATE = re.compile(
    r"(?i)\b(mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(january|february|march|april|june|july|august|september|"
    r"october|november|december)\b|\b\d{1,2}(st|nd|rd|th)\b|\b\d{1,2} may\b|\bmay \d{1,2}\b|\bmay\b(?!\w)|"
    r"\b(19|20)\d\d\b|\b(tomorrow|today|tonight|noon|midnight|spring|summer|autumn|winter|week|month|year)\b"
)
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
CALENDAR_DAY = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTHS})|(?:{_MONTHS}) \d{{1,2}}(?:st|nd|rd|th)?)"
    r"(?:,? (?:19|20)\d\d)?\b"
)
_TIME = re.compile(
    r"(?i)^(half past |quarter (past|to) )?\d{1,2}([:.]\d\d)?( ?[ap]\.?m\.?)?( o.clock)?$|^(noon|midnight)$"
)
_AGE = re.compile(r"(?i)^(?:the )?(?:(?:big|ripe|old|age|of|tender) )*(?:\d{1,3}|\w+ty(?:-\w+)?|\w+teen)$")
_ORDINAL = re.compile(r"(?i)^(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth) ")
_ROLE_ENDING = re.compile(
    r"(?i)(er|or|ist|ian|eur|smith|wright|keeper|tress|stewardess|hostess|"
    r"(work|fire|sales|post|fisher|crafts|police|camera|trades|handy|chair|business|spokes|fore)(man|woman|person))$"
)
_LABELS: Mapping[str, str] = {
    "GPE": "place", "LOC": "place", "FAC": "place", "ORG": "organisation", "PERSON": "person", "DATE": "date",
    "TIME": "time", "MONEY": "number", "QUANTITY": "number", "CARDINAL": "number", "PERCENT": "number",
}  # fmt: skip
_KINDS = ("vehicle", "animal", "drink", "food", "colour", "shift", "diet", "size", *NARROW)
_WHERE = frozenset(
    [
        "floor",
        "street",
        "road",
        "lane",
        "avenue",
        "room",
        "building",
        "hall",
        "square",
        "wing",
        "basement",
        "campus",
        "centre",
        "center",
    ]
)
_NOT_EMPLOYER = re.compile(
    r"(?i)\b(club|society|association|church|gym|choir|party|league|union|group|band|class|orchestra)\b"
)

_UNPAID = re.compile(
    _NOT_EMPLOYER.pattern + r"|\b(play|show|film|committee|board|council|charity|campaign|family|household|state)\b"
)
PHONE = re.compile(r"(?!(?:19|20)\d\d-\d\d-\d\d$)(?=(?:\D*\d){7})\+?\(?\d+\)?(?:[ ()-]+\d+)+")
"""A telephone number, however it is grouped."""


@dataclass(frozen=True)
class Phrase:
    """One noun phrase: its words, its head, and whose it is."""

    text: str
    head: str
    type: str
    possessor: str = ""
    proper: bool = False
    label: str = ""
    determined: bool = False
    number: str = ""
    end: int = 0
    """Index of the first token after it."""
    bond: str = ""
    """What a name stands beside: `Nora's mother` of "Nora's mother Ingrid"."""


def phrase(token: Token, chunks: Mapping[int, Span], owner: str = "") -> Phrase:
    """The noun phrase around `token`; "her" and "his" mean `owner`."""
    span = chunks.get(token.i)
    root = span.root if span is not None else token
    inside = list(span) if span is not None else [token]
    possessor, kept = _possessor(root, inside, owner)
    kept = [t for t in kept if t.dep_ != "det" and t.tag_ not in {"PRP$", "DT"} and not _is_article(t)]
    end = inside[-1].i + 1
    extra, end = _attached(root, end)
    text = "".join(t.text_with_ws for t in [*kept, *extra]).strip()
    label = root.ent_type_ or next((t.ent_type_ for t in kept if t.ent_type_), "")
    number = next((t.text for t in kept if t.dep_ == "nummod" or (t.pos_ == "NUM" and t.i != root.i)), "")
    alone = len(inside) == 1 and root.i == root.sent.start and root.dep_ in {"nsubj", "nsubjpass"}
    proper = root.pos_ == "PROPN" or (alone and root.is_title and root.tag_ not in {"PRP", "DT", "VBG", "NNS", "EX"})
    determined = any(t.dep_ in {"det", "poss"} for t in inside)
    head = lemma(root)
    kind = _type(text, head, label, proper=proper)
    return Phrase(text, head, kind, possessor, proper, label, determined, number, end)


def lemma(token: Token) -> str:
    """The lemma, with the slips of the small model mended."""
    return str(_MENDED.get(token.lower_, token.lemma_.casefold()))


_MENDED = {
    "hates": "hate",
    "hated": "hate",
    "ramen": "ramen",
    "loves": "love",
    "left": "leave",
    "wore": "wear",
    "rides": "ride",
    "rode": "ride",
    "sank": "sink",
    "sunk": "sink",
}


def _is_article(token: Token) -> bool:
    return token.lower_ in {"the", "a", "an", "my", "his", "her", "their", "our", "your", "its"}


def _possessor(root: Token, inside: list[Token], owner: str) -> tuple[str, list[Token]]:
    held = [t for t in inside if t.dep_ == "poss" and t.head in (root, *inside)]
    if not held:
        return "", inside
    # "Rosa's brother's boat" is the brother's.
    poss = held[-1] if len(held) > 1 and held[-2].head == held[-1] else held[0]
    if poss.tag_ == "PRP$":
        return (owner if poss.lower_ in {"his", "her", "their"} else ""), [t for t in inside if t.i != poss.i]
    case = next((t for t in poss.children if t.dep_ == "case"), None)
    case_at = case.i if case is not None else -1
    last = case_at if case is not None else poss.i
    before = [t for t in inside if t.i <= last]
    name = "".join(t.text_with_ws for t in before if t.i != case_at and not _is_article(t)).strip()
    if owner and len(held) > 1 and poss is held[-1] and held[-2].tag_ == "PRP$":
        name = f"{owner}'s {name}"
    return name, [t for t in inside if t.i > last]


def _attached(root: Token, end: int) -> tuple[list[Token], int]:
    """`of ...` and `named ...` right after the phrase belong to it."""
    doc = root.doc
    naming = end + 1 < len(doc) and doc[end].lower_ in {"named", "called"} and doc[end].dep_ == "acl"
    if end < len(doc) and (doc[end].lower_ == "of" or naming) and doc[end].sent == root.sent:
        stop = end + 1
        while stop < len(doc) and doc[stop].pos_ in {"DET", "NOUN", "PROPN", "ADJ", "NUM", "PRON", "PART"}:
            stop += 1
        if stop > end + 1:
            return [t for t in doc[end:stop] if not _is_article(t)], stop
    return [], end


def written_as(text: str) -> str:
    """What a text is by its signs alone: an address, a telephone number, an hour; empty for words."""
    if "@" in text or "://" in text:
        return "address"
    if PHONE.fullmatch(text):
        return "phone"
    return "time" if _TIME.match(text) else ""


def _type(text: str, head: str, label: str, *, proper: bool) -> str:
    low = text.casefold()
    words = low.split()
    if shape := written_as(low):
        return shape
    if label == "DATE" or (_DATE.search(low) and label not in {"PERSON", "ORG", "GPE"} and len(words) <= 4):
        return "date"
    for kind in _KINDS:
        if head in typed(kind) or (proper and any(w in typed(kind) for w in words)):
            return kind
    if is_role(head) and not proper:
        return "role"
    if head in typed("kin"):
        return "person"
    return _LABELS.get(label, "place" if head in _WHERE else "thing")


def shortened(found: Phrase) -> Phrase:
    """The phrase without its last word, which turned out to be the verb of a small clause."""
    text = found.text.rpartition(" ")[0]
    return replace(found, text=text, head=text.rpartition(" ")[2].casefold())


def kind_of(token: Token, text: str) -> str:
    """The type of a value that is no noun chunk: an adjective, a number, an address."""
    if re.match(r"^[$€£]?\s?\d[\d.,]*( \w+)?$", text) and not PHONE.fullmatch(text):
        return "number"
    return _type(text, lemma(token), token.ent_type_, proper=token.pos_ == "PROPN")


def is_role(head: str) -> bool:
    """Whether a noun names what somebody does for a living, by the list or by its ending."""
    excluded = lists()["notrole"]["words"]
    if isinstance(excluded, list) and head in excluded:
        return False
    return head in typed("role") or (
        len(head) > 4 and _ROLE_ENDING.search(head) is not None and head not in typed("kin")
    )


def _is_amount(found: Phrase) -> bool:
    plain = not found.proper and found.type not in {"date", "time", "place", "organisation"}
    return plain and re.search(r"\d", found.text) is not None and not CALENDAR_DAY.search(found.text)


def _is_number(found: Phrase) -> bool:
    return not CALENDAR_DAY.search(found.text) and (bool(re.search(r"\d", found.text)) or found.type == "number")


def _is_count(found: Phrase) -> bool:
    return bool(found.number) and found.type not in {"date", "time"} and found.head not in typed("event")


_QUANTITIES: Mapping[str, Callable[[Phrase], bool]] = {
    "age": lambda found: _AGE.match(found.text) is not None,
    "amount": _is_amount,
    "birthday": lambda found: found.head == "birthday" and re.search(r"\d", found.text) is not None,
    "count": _is_count,
    "grade": lambda found: found.head in {"grade", "year", "form"} and _ORDINAL.match(found.text) is not None,
    "number": _is_number,
}


def fits(found: Phrase, group: str) -> bool:  # noqa: PLR0911, PLR0912 - one line a type
    """Whether a phrase can fill a typed group of a frame."""
    if not found.text or found.text.casefold() in {"it", "that", "this", "them", "there", "what", "something"}:
        return False
    if group == "place":
        return found.type == "place" or (found.proper and found.type != "date" and not is_company(found))
    if group == "company":
        return is_company(found)
    if group == "home":
        return found.type == "place" or (found.proper and found.type != "date")
    if group == "organisation":
        timely = found.type in {"date", "time", "person", "number", "role"}
        named = found.proper or found.determined or found.text[:1].isupper()
        return not (timely and not found.proper) and named and found.label != "DATE"
    if group == "school":
        known = any(w in typed("school") for w in found.text.casefold().split())
        return found.proper and (known or found.text.casefold().split()[-1] in typed("school_ending"))
    if group == "person":
        return found.label == "PERSON" or found.proper or found.head in typed("kin")
    if group == "date":
        return found.type in {"date", "time"}
    if group == "time":
        return found.type == "time"
    if group in _QUANTITIES:
        return _QUANTITIES[group](found)
    if group == "weight":
        return any(
            w in typed("weight") or w.removesuffix("s") in typed("weight") for w in found.text.casefold().split()
        )
    if group == "where":
        return found.type == "place" or (found.proper and found.type == "thing") or found.head in _WHERE
    if group == "make":
        return found.type == "vehicle" or (found.proper and found.type not in {"person", "date", "time"})
    if group == "transport":
        return found.head in typed("transport")
    if group == "role":
        return found.type == "role" and not (" of " in found.text and _UNPAID.search(found.text))
    if group == "title":
        return is_title(found)
    if group == "address":
        return found.type in {"address", "phone"}
    if group in {"vehicle", "animal", "colour"}:
        return found.type == group
    return True


def is_company(found: Phrase) -> bool:
    """Whether the name itself says that it is an organisation, whatever a name recogniser makes of it."""
    if not found.proper or found.type == "place":
        return False
    last = found.text.casefold().rstrip(".").split()[-1]
    return last in typed("organisation_ending") or found.text.casefold() in typed("organisation")


def is_title(found: Phrase) -> bool:
    """Whether it names a post by its rank: "head of sales", "deputy director"; the head of a club is no job."""
    words = found.text.casefold().split()
    ranked = any(w in typed("title") for w in words) and (" of " in found.text or found.type == "role")
    return ranked and len(words) > 1 and not found.possessor and not _UNPAID.search(found.text)


def is_employer(found: Phrase) -> bool:
    """Whether joining it means working there."""
    return found.proper and found.label in {"ORG", "PRODUCT", ""} and not _NOT_EMPLOYER.search(found.text)


def subject_name(found: Phrase) -> str:
    """A subject as rules compare it: `Eva's email`, `meeting`."""
    text = re.sub(r"(?i)^(new|old|current|latest|own|next)\s+", "", found.text)
    text = re.sub(r"(?i)^(price|cost) of ", "", text)
    return f"{found.possessor}'s {text}" if found.possessor else text
