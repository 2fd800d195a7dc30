"""A clause written again as a sentence that stands alone: names for pronouns, verbs that agree, times resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from graphmem.models.local.clauses import Clause, finite_of, subject_of
from graphmem.models.local.persons import POSSESSIVE, SPEAKER, Persons, possessive
from graphmem.models.local.times import Time

if TYPE_CHECKING:
    from spacy.tokens import Token

OPENERS = {
    "yeah", "yep", "yes", "yup", "no", "nope", "nah", "oh", "wow", "hey", "hi", "hello", "haha", "lol", "well", "so", "and",
    "but", "anyway", "ok", "okay", "hmm", "hm", "um", "uh", "ah", "aw", "aww", "yay", "ugh", "gosh", "man", "thanks", "sure",
    "plus", "also", "actually", "honestly", "btw", "though", "cool", "nice", "great", "awesome", "totally", "definitely",
    "absolutely", "right", "really", "or", "like", "basically", "anyways", "luckily", "fortunately", "sadly",
    "unfortunately", "guess", "woah", "whoa", "ooh", "omg", "sorry", "because", "cuz", "cos", "then", "even", "especially",
}  # fmt: skip
CLOSERS = {"haha", "lol", "though", "tho", "too", "btw", "actually", "right", "you", "know", "man", "honestly", "hehe"}
_SINGULAR = {
    "am": "is", "'m": "is", "’m": "is", "m": "is", "are": "is", "'re": "is", "’re": "is", "were": "was", "have": "has",
    "'ve": "has", "’ve": "has", "ve": "has", "do": "does", "'ll": "will", "’ll": "will",
}  # fmt: skip
_SPELT_OUT = {
    "'s": "is",
    "’s": "is",
    "'d": "would",
    "’d": "would",
    "'ll": "will",
    "’ll": "will",
    "'re": "are",
    "'ve": "have",
}
_MODALS = {"can", "could", "will", "would", "shall", "should", "may", "might", "must", "ca", "wo", "used"}


def third_person(verb: str) -> str:
    """The third person singular of a verb's base form: "works", "tries", "does"."""
    lower = verb.lower()
    if lower in {"be", "have", "do"}:
        return {"be": "is", "have": "has", "do": "does"}[lower]
    if lower.endswith(("s", "sh", "ch", "x", "z", "o")):
        return verb + "es"
    if lower.endswith("y") and lower[-2:-1] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def trimmed(clause: Clause, persons: Persons) -> list[Token]:
    """The clause's words without greetings, vocatives and fillers at its ends."""
    words = list(clause.tokens)
    subject = {t.i for t in clause.subject}
    while words and words[0].i not in subject and _opener(words, persons):
        words.pop(0)
    while words and _closer(words, persons):
        words.pop()
    return words


def _opener(words: Sequence[Token], persons: Persons) -> bool:
    first, after = words[0], words[1] if len(words) > 1 else None
    if first.is_punct or first.is_space or first.pos_ in {"INTJ", "SYM"} or first.dep_ == "intj":
        return first.text not in {'"', "“", "$", "#"}
    if first.lower_ in OPENERS and (first.dep_ != "mark" or first.lower_ in {"so", "because"}):
        return first.pos_ not in {"ADJ", "NOUN", "PRON"} or after is None or after.is_punct
    if first.pos_ == "PROPN" and persons.known(first.text) and after is not None:
        return bool(after.is_punct)
    return False


def _closer(words: Sequence[Token], persons: Persons) -> bool:
    last, before = words[-1], words[-2] if len(words) > 1 else None
    if last.is_space or last.pos_ in {"SYM", "INTJ"} or (last.is_punct and last.text not in {")", '"', "”", "%"}):
        return True
    if before is None or not before.is_punct:
        return last.lower_ in {"haha", "lol", "btw", "tho", "though", "hehe"}
    return last.lower_ in CLOSERS or (last.pos_ == "PROPN" and persons.known(last.text) is not None)


class Wording:
    """Writes the words of one clause for a reader who was not there."""

    def __init__(
        self, persons: Persons, antecedents: Mapping[int, str], times: Sequence[Time], offset: int = 0
    ) -> None:
        self._persons = persons
        self._antecedents = antecedents
        self._times = {t.start - offset: t for t in times}
        self._inside = [(t.start - offset, t.end - offset) for t in times]

    def sentence(self, clause: Clause, words: Sequence[Token]) -> str:
        """The clause as a sentence with a full stop."""
        agreeing = self._agreeing(words)
        if clause.inherited or not clause.subject:
            agreeing |= self._chain(clause.head)
        parts = [self._inherited_subject(clause)] if clause.inherited or not clause.subject else []
        for place, token in enumerate(words):
            parts.append(self._word(token, agreeing, words[place + 1] if place + 1 < len(words) else None))
        text = " ".join("".join(parts).split()).replace(" ,", ",").rstrip(" ,;:-.!—–")
        return f"{text[:1].upper()}{text[1:]}." if self._capitalised(text) else f"{text}."

    def _capitalised(self, text: str) -> bool:
        """Names stay as they are written; another first word gets a capital."""
        return not any(text.startswith(name) for name in self._persons.names)

    def _inherited_subject(self, clause: Clause) -> str:
        head = clause.subject_head
        if head is None:
            return self._persons.speaker + " "
        return "".join(self._word(t, set(), None) for t in clause.subject).strip() + " "

    def _word(self, token: Token, agreeing: set[int], after: Token | None) -> str:
        time = self._times.get(token.idx)
        if time is not None and time.relative:
            return self._time_words(token, time)
        if any(start < token.idx < end for start, end in self._inside) and self._skipped(token):
            return ""
        text = self._pronoun(token, after) or self._verb(token, agreeing) or token.text
        joined = text[:1] in {"'", "’"} or token.dep_ == "neg" and text[:1] in "n"
        glued = token.i > 0 and not token.nbor(-1).whitespace_ and not joined and text != token.text
        return (" " if glued else "") + text + token.whitespace_

    def _skipped(self, token: Token) -> bool:
        return any(start < token.idx < end and self._times[start].relative for start, end in self._inside)

    def _time_words(self, token: Token, time: Time) -> str:
        """The resolved time in brackets after the words that were said."""
        return f"{time.text} ({time.words}) "

    def _pronoun(self, token: Token, after: Token | None) -> str | None:
        if token.i in self._antecedents:
            name: str | None = self._antecedents[token.i]
        else:
            name = self._persons.named(token)
        if name is None:
            return None
        owns = token.lower_ in POSSESSIVE or token.tag_ == "PRP$"
        if token.lower_ in {"myself", "ourselves", "yourself", "himself", "herself"}:
            return "themselves"
        return possessive(name) if owns else name

    def _verb(self, token: Token, agreeing: set[int]) -> str | None:
        if token.i in agreeing:
            return self._agree(token)
        if token.lower_ in _SPELT_OUT and token.pos_ in {"AUX", "VERB"} and self._pronoun_before(token):
            return "has" if token.lower_ in {"'s", "’s"} and token.lemma_ == "have" else _SPELT_OUT[token.lower_]
        return None

    def _pronoun_before(self, token: Token) -> bool:
        return token.i > 0 and token.nbor(-1).i in self._antecedents

    def _agree(self, token: Token) -> str | None:
        lower = token.lower_
        if lower in {"'d", "’d"}:
            return "had" if token.lemma_ == "have" or token.head.tag_ == "VBN" else "would"
        if lower in _SINGULAR:
            return _SINGULAR[lower]
        if lower in {"'s", "’s"}:
            return None
        if token.tag_ in {"VBP", "VB"} and lower not in _MODALS and token.pos_ in {"VERB", "AUX"}:
            return third_person(token.text)
        return None

    def _agreeing(self, words: Sequence[Token]) -> set[int]:
        """The finite verbs whose subject is one person that was written as "I", "we" or "you"."""
        inside = {t.i for t in words}
        chains: set[int] = set()
        for token in words:
            if token.dep_ in {"nsubj", "nsubjpass"} and self._becomes_singular(token):
                chains |= self._chain(token.head)
        return chains & inside

    def _becomes_singular(self, token: Token) -> bool:
        if any(c.dep_ == "conj" for c in token.children):
            return False
        return self._persons.named(token) is not None and token.lower_ in SPEAKER | {"you"}

    def _chain(self, verb: Token) -> set[int]:
        """The finite token of a verb and of the verbs joined to it that share its subject."""
        chain = set()
        finite = finite_of(verb)
        if finite is not None:
            chain.add(finite.i)
        elif verb.tag_ == "VB" and not any(c.dep_ == "aux" for c in verb.children):
            chain.add(verb.i)
        for child in verb.children:
            if child.dep_ == "conj" and subject_of(child) is None and finite_of(child) is not None:
                chain |= self._chain(child)
        return chain
