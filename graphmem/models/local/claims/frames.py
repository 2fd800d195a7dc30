"""Matching the frames of constructions against a clause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphmem.models.local.claims.clauses import Clause
from graphmem.models.local.claims.phrases import CALENDAR_DAY, PHONE, Phrase, fits, lemma, phrase, shortened
from graphmem.models.local.claims.words import words
from graphmem.steps.resolution.constructions import Construction, Frame

Token = Any
Span = Any

_SKIPPED = words("skipped")
_ONWARD = words("onward")
"""What lasts to a date is not moved to it."""


@dataclass(frozen=True)
class Match:
    """A frame found in a clause, with what its groups caught."""

    construction: Construction
    groups: Mapping[str, Phrase]
    inner: Token | None = None
    """The verb of a gerund that fills {object}: `stopped playing tennis`."""
    word: str = ""


def matches(
    clause: Clause, frames: Mapping[str, tuple[Frame, ...]], chunks: Mapping[int, Span], owner: str
) -> Iterable[Match]:
    """At most one match a slot and effect: the longest frame."""
    seen: set[tuple[str, str]] = set()
    ends_object = False
    word = lemma(clause.verb)
    starts = [("be", 0)] if clause.passive else [(word, 1), ("*", 1)]
    # Most frames are told apart by a word that the clause has not: a set costs less than a walk.
    said = {form for token in clause.tokens for form in (token.lower_, lemma(token))}
    for first, at in starts:
        for frame in frames.get(first, ()):
            if not frame.literals <= said:
                continue
            construction = frame.construction
            if "*" in frame.items and word in _ONWARD:
                continue
            sort = (construction.does, construction.slot)
            if sort in seen or (construction.does == "ends subject" and ends_object):
                continue
            match = _match(frame, clause, at, chunks, owner)
            if match is not None:
                seen.add(sort)
                ends_object = ends_object or (construction.does == "ends" and bool(match.groups))
                yield match


def _match(frame: Frame, clause: Clause, at: int, chunks: Mapping[int, Span], owner: str) -> Match | None:
    groups: dict[str, Phrase] = {}
    inner: Token | None = None
    word = lemma(clause.verb)
    tokens = clause.tokens
    place = at
    for item in frame.items[1:]:
        if item.startswith("{"):
            caught = _catch(item[1:-1], tokens, place, chunks, owner)
            if caught is None:
                return None
            groups[item[1:-1]], inner_verb, place = caught
            inner = inner_verb or inner
            continue
        place_found = place if item == "*" and _is_the_verb(tokens, place, clause) else _literal(item, tokens, place)
        if place_found is None and groups and item in (tokens[place - 1].lower_, lemma(tokens[place - 1])):
            name = next(reversed(groups))
            groups[name] = shortened(groups[name])
            place_found = place - 1
        if place_found is None:
            return None
        word = lemma(tokens[place_found])
        place = place_found + 1
    return Match(frame.construction, groups, inner, word)


def _is_the_verb(tokens: Sequence[Token], place: int, clause: Clause) -> bool:
    return place < len(tokens) and tokens[place].i == clause.verb.i


def _literal(item: str, tokens: Sequence[Token], place: int) -> int | None:
    while place < len(tokens):
        token = tokens[place]
        if item in (token.lower_, lemma(token)):
            return place
        if not _skippable(token):
            return None
        place += 1
    return None


def _skippable(token: Token) -> bool:
    described = token.pos_ == "ADJ" or token.dep_ in {"poss", "amod", "neg"}
    return token.pos_ in _SKIPPED or described or token.tag_ in {"PRP$", "POS"}


def _catch(  # noqa: PLR0911 - one return a case
    group: str, tokens: Sequence[Token], place: int, chunks: Mapping[int, Span], owner: str
) -> tuple[Phrase, Token | None, int] | None:
    while place < len(tokens) and tokens[place].pos_ in {"ADV", "PART"} and tokens[place].i not in chunks:
        place += 1
    if place >= len(tokens):
        return None
    token = tokens[place]
    if (spelled := _spelled(tokens, place)) is not None:
        return spelled if group in {"address", "value"} else None
    if group in {"number", "amount"} and _is_number(token) and not _is_date(token, chunks):
        found = _number(token)
        return (found, None, place + 1) if fits(found, group) and not _is_hour(token, group) else None
    if group == "activity":
        return _activity(token, place)
    if group == "object" and token.tag_ == "VBG" and token.i not in chunks:
        return Phrase(token.text, lemma(token), "activity"), token, place + 1
    if token.i not in chunks and token.pos_ not in {"NOUN", "PROPN", "NUM", "X", "ADJ", "SYM", "DET", "VERB"}:
        return None
    if token.i not in chunks and token.pos_ in {"DET", "SYM"}:
        inside = next((t for t in tokens[place:] if t.pos_ in {"NOUN", "PROPN", "NUM", "ADJ"}), token)
        token = inside
    found = phrase(_whole(token, chunks), chunks, owner)
    if group == "reflexive":
        return (found, None, _after(tokens, found)) if token.lower_.endswith(("self", "selves")) else None
    if not fits(found, group) or (group == "object" and found.type in {"date", "time"}):
        return None
    return found, None, _after(tokens, found)


def _spelled(tokens: Sequence[Token], place: int) -> tuple[Phrase, None, int] | None:
    """A telephone number, which is many words to the tokenizer."""
    end = place
    while end < len(tokens) and (tokens[end].text[:1].isdigit() or tokens[end].text in {"+", "-", "(", ")"}):
        end += 1
    text = "".join(t.text_with_ws for t in tokens[place:end]).strip()
    return (Phrase(text, text, "phone"), None, end) if PHONE.fullmatch(text) else None


def _activity(token: Token, place: int) -> tuple[Phrase, Token | None, int] | None:
    """A gerund or infinitive; also a noun in -ing, `smoking`."""
    if token.tag_ in {"VBG", "VB"}:
        return Phrase(token.text, lemma(token), "activity"), token, place + 1
    if token.pos_ == "NOUN" and token.lower_.endswith("ing"):
        return Phrase(token.text, lemma(token), "activity"), None, place + 1
    return None


def _is_number(token: Token) -> bool:
    return bool(token.like_num) or token.text[:1].isdigit()


def _is_hour(token: Token, group: str) -> bool:
    return group == "amount" and (token.ent_type_ in {"DATE", "TIME"} or ":" in token.text)


def _is_date(token: Token, chunks: Mapping[int, Span]) -> bool:
    return token.i in chunks and CALENDAR_DAY.search(chunks[token.i].text) is not None


def _number(token: Token) -> Phrase:
    unit = (
        token.nbor()
        if token.i + 1 < len(token.doc) and token.nbor().pos_ in {"NOUN", "SYM"} and token.nbor().dep_ != "npadvmod"
        else None
    )
    return Phrase(f"{token.text} {lemma(unit)}" if unit is not None else token.text, token.text, "number")


def _whole(token: Token, chunks: Mapping[int, Span]) -> Token:
    """The head of a number or date that the noun chunks leave out."""
    if token.i in chunks:
        return token
    return token.head if token.dep_ in {"compound", "nummod", "amod"} and token.head.i > token.i else token


def _after(tokens: Sequence[Token], found: Phrase) -> int:
    return next((n for n, t in enumerate(tokens) if t.i >= found.end), len(tokens)) if found.end else len(tokens)
