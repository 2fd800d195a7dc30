"""Reading spaCy's parse: what a verb takes, where the name of a noun stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphmem.models.local.clauses import is_verb, subject_of

if TYPE_CHECKING:
    from spacy.tokens import Token


def arguments(verb: Token) -> Iterator[tuple[str, Token]]:
    """What a verb takes: the link (a dependency or a preposition) and the head of the phrase."""
    for child in verb.children:
        if child.dep_ in {"dobj", "attr", "acomp", "dative", "oprd"}:
            yield child.dep_, child
        elif child.dep_ == "xcomp" and child.tag_ == "VBG":
            yield "xcomp", child
        elif child.dep_ in {"prep", "agent"}:
            yield from ((child.lower_, c) for c in child.children if c.dep_ in {"pobj", "pcomp"})
            yield from (
                (f"{child.lower_} {p.lower_}", c) for p in child.children if p.dep_ == "prep" for c in p.children
            )
        elif child.dep_ in {"advmod", "prt"}:
            yield from (
                (p.lower_, c) for p in child.children if p.dep_ == "prep" for c in p.children if c.dep_ == "pobj"
            )


def joined(token: Token) -> Iterator[Token]:
    """A noun and those coordinated with it."""
    yield token
    for child in token.children:
        # The last noun of a list is often tagged as a verb: "allergic to nuts and shellfish".
        bare = child.tag_ in {"VB", "JJ"} and not list(child.children)
        if child.dep_ == "conj" and (child.pos_ in {"NOUN", "PROPN"} or bare):
            yield from joined(child)


def called(noun: Token) -> Iterator[Token]:
    """Names set beside a plural ("two cats, Milo and Luna")."""
    if noun.tag_ == "NNS":
        yield from (t for c in noun.children if c.dep_ == "appos" and c.pos_ == "PROPN" for t in joined(c))


def names_of(noun: Token) -> Iterator[Token]:
    """Where the name of a noun may stand: beside it, or across a copula ("my sister is Ann")."""
    yield from (c for c in noun.children if c.dep_ in {"appos", "compound", "nmod"})
    if noun.dep_ in {"compound", "nmod", "appos"}:
        yield noun.head
    verb = noun.head
    if noun.dep_ == "attr" and verb.lemma_ == "be" and (subject := subject_of(verb)) is not None:
        yield from joined(subject)
    if noun.dep_ in {"nsubj", "nsubjpass"} and verb.lemma_ in {"call", "name"}:
        yield from (c for c in verb.children if c.dep_ in {"oprd", "attr", "dobj"} and c.i > verb.i)
    if noun.dep_ == "nsubj" and verb.lemma_ == "be":
        yield from (c for c in verb.children if c.dep_ == "attr")
    if noun.dep_ == "poss" and noun.head.lower_ == "name" and noun.head.head.lemma_ == "be":
        yield from (c for c in noun.head.head.children if c.dep_ == "attr")


def is_contrast(token: Token) -> bool:
    """Whether it is what something is not: "Lyon" in "lives in Nice, not in Lyon"."""
    verb = token
    while verb.head.i != verb.i and not is_verb(verb):
        if any(c.lower_ == "not" and c.i < token.i and c.head.i == verb.i for c in verb.children):
            return True
        first = min((c.i for c in verb.subtree), default=verb.i)
        if first > 0 and token.doc[first - 1].lower_ == "not" and not is_verb(token.doc[first - 1].head):
            return True
        verb = verb.head
    return False


def governor(token: Token) -> tuple[Token | None, str, int]:
    """The verb above a name, the preposition between them, and how many steps apart they are."""
    link, steps = "", 0
    while token.head.i != token.i and not is_verb(token):
        if token.dep_ in {"prep", "agent"} and not link:
            link = token.lower_
        token = token.head
        steps += 1
    return (token if is_verb(token) else None), link, steps


def label(verb: Token, link: str) -> str:
    """The verb with its particle and preposition, as the name of an edge."""
    particle = next((c.lower_ for c in verb.children if c.dep_ == "prt"), "")
    return "_".join(part for part in (verb.lemma_.lower(), particle, link) if part)
