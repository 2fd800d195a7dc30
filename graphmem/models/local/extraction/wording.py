"""A clause written again as a sentence that stands alone: names for pronouns, verbs that agree, times resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from graphmem.models.local.clauses import Clause, finite_of, subject_of
from graphmem.models.local.extraction.persons import POSSESSIVE, THIRD, Persons, possessive
from graphmem.models.local.extraction.times import Time
from graphmem.models.local.language import word_list

if TYPE_CHECKING:
    from spacy.tokens import Token

OPENERS = word_list("openers")
CLOSERS = word_list("closers")
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
_SLANG = {"gon": ("na", "going", "going"), "got": ("ta", "has", "have"), "wan": ("na", "wants", "want")}
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
    if [t.lower_ for t in words[:3]] == ["by", "the", "way"]:
        words = words[3:]
    while words and words[0].i not in subject and _opener(words, persons):
        words.pop(0)
    while words and _closer(words, persons):
        words.pop()
    return words


def without_vocative(clause: Clause, persons: Persons) -> Clause:
    """The clause without a caller that the parser took for its subject ("Hey Maria! Wanted to tell you")."""
    head = clause.subject_head
    if head is None or head.pos_ != "PROPN" or persons.known(head.text) is None or clause.inherited:
        return clause
    after = head.nbor() if head.i + 1 < len(head.doc) else None
    if after is None or after.text not in {"!", ",", "."} or any(c.dep_ in {"appos", "conj"} for c in head.children):
        return clause
    return replace(clause, subject=(), tokens=tuple(t for t in clause.tokens if t.i > after.i))


def _opener(words: Sequence[Token], persons: Persons) -> bool:
    first, after = words[0], words[1] if len(words) > 1 else None
    if first.is_punct or first.is_space or first.pos_ in {"INTJ", "SYM"} or first.dep_ == "intj":
        return first.text not in {'"', "“", "$", "#"}
    # "No, I sold it" opens, "no longer need it" denies.
    if first.lower_ in OPENERS and first.dep_ != "neg" and (first.dep_ != "mark" or first.lower_ in {"so", "because"}):
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
    """Writes the words of one clause for a reader who was not there.

    The first mention of somebody is the name. The next ones are "they" and "their" where the message says "I" and "my"
    (sure to be right, which "he" and "she" are not), or what the message says, if a subject before them means the same
    person, else the name again.
    """

    def __init__(self, persons: Persons, antecedents: Mapping[int, str], times: Sequence[Time]) -> None:
        self._persons = persons
        self._antecedents = antecedents
        self._times = {t.start: t for t in times}
        self._said: set[str] = set()
        self._subject: tuple[Token, ...] = ()

    def sentence(self, clause: Clause, words: Sequence[Token]) -> str:
        """The clause as a sentence with a full stop."""
        self._said = set()
        self._subject = clause.subject
        borrowed = clause.inherited or not clause.subject
        parts = [self._borrowed_subject(clause)] if borrowed else []
        singular = self._chain(clause.head) if borrowed and self._borrows_one(clause) else set()
        plural: set[int] = set()
        told = self._told(words)
        for place, token in enumerate(words):
            self._note_agreement(token, singular, plural)
            if token.lower_ in {"both", "all"} and place > 0 and words[place - 1].lower_ == "we":
                continue
            if token.i in told:
                parts.append(told[token.i])
                continue
            text = self._pronoun(token) or self._verb(token, singular, plural) or token.text
            if borrowed and place == 0:
                text = text[:1].lower() + text[1:] if token.pos_ != "PROPN" else text
            parts.append(self._spaced(token, text))
        return _tidy("".join(parts), self._persons.names)

    def _borrows_one(self, clause: Clause) -> bool:
        head = clause.subject_head
        return head is None or self._becomes_singular(head)

    def _borrowed_subject(self, clause: Clause) -> str:
        """The subject of the clause before, or the speaker whom chat leaves out."""
        if clause.subject_head is None:
            self._said.add(self._persons.speaker)
            return self._persons.speaker + " "
        return "".join(self._spaced(t, self._pronoun(t) or t.text) for t in clause.subject).strip() + " "

    def _told(self, words: Sequence[Token]) -> dict[int, str]:
        """What stands in place of the words of a relative time: the words and, in brackets, the time itself."""
        told: dict[int, str] = {}
        for token in words:
            time = self._times.get(token.idx)
            if time is not None:
                told[token.i] = f"{time.told}{_after(token, time)}"
                told |= {t.i: "" for t in words if time.start < t.idx < time.end}
        return told

    def _note_agreement(self, token: Token, singular: set[int], plural: set[int]) -> None:
        """Called before a subject is written: the first mention takes "works", a later one "they work"."""
        if token.dep_ in {"nsubj", "nsubjpass"} and self._becomes_singular(token):
            name = self._name(token)
            again = name is not None and name in self._said and self._is_agent(name, token)
            (plural if again else singular).update(self._chain(token.head))

    def _spaced(self, token: Token, text: str) -> str:
        clitic = text[:1] in {"'", "’"} or (token.dep_ == "neg" and text.startswith("n"))
        glued = token.i > 0 and not token.nbor(-1).whitespace_ and not clitic and text != token.text
        return f"{' ' if glued else ''}{text}{token.whitespace_}"

    def _name(self, token: Token) -> str | None:
        return self._antecedents.get(token.i) or self._persons.named(token)

    def _pronoun(self, token: Token) -> str | None:
        name = self._name(token)
        if name is None:
            self._note_name(token)
            return None
        if token.lower_.endswith(("self", "selves")):
            return "themselves"
        owns = token.lower_ in POSSESSIVE or token.tag_ == "PRP$"
        if name not in self._said or (token.dep_ == "conj" and token.head.dep_ in {"nsubj", "nsubjpass"}):
            self._said.add(name)
            return possessive(name) if owns else name
        if not self._is_agent(name, token):
            return possessive(name) if owns else name
        return None if token.lower_ in THIRD else self._again(token, owns)

    def _again(self, token: Token, owns: bool) -> str:
        """The pronoun for a speaker who was named before."""
        if owns:
            return "theirs" if token.lower_ in {"mine", "ours", "yours"} else "their"
        return "they" if token.dep_ in {"nsubj", "nsubjpass"} and _is_nominative(token) else "them"

    def _note_name(self, token: Token) -> None:
        """People are also said by name or as kin ("my dad"), so that a pronoun after it need not name them again."""
        known = self._persons.known(token.text) if token.pos_ == "PROPN" else None
        self._said |= {known} if known else set()
        if token.pos_ == "PROPN" or token.dep_ == "nsubj":
            self._said |= {n for n in self._antecedents.values() if token.text in n.split()}

    def _is_agent(self, name: str, token: Token) -> bool:
        """Whether a subject before it means the same person, so that "they" and "their" cannot be somebody else."""
        subjects = [t for t in (*self._subject, *token.sent) if t.i < token.i and _is_subject(t)]
        return any(self._name(t) == name or t.text in name.split() for t in subjects) or not self._subject

    def _verb(self, token: Token, singular: set[int], plural: set[int]) -> str | None:
        if token.lower_ in _SLANG and token.i + 1 < len(token.doc) and token.nbor().lower_ == _SLANG[token.lower_][0]:
            return _SLANG[token.lower_][1] if token.i not in plural else _SLANG[token.lower_][2]
        if token.lower_ in {"na", "ta"} and token.i > 0 and token.nbor(-1).lower_ in _SLANG:
            return " to"
        if token.i in singular:
            return self._agree(token)
        if token.i in plural:
            return {"am": "are", "'m": "are", "’m": "are", "was": "were"}.get(token.lower_)
        if token.lower_ in _SPELT_OUT and token.pos_ in {"AUX", "VERB"} and self._follows_a_pronoun(token):
            return "has" if token.lower_ in {"'s", "’s"} and token.lemma_ == "have" else _SPELT_OUT[token.lower_]
        return None

    def _follows_a_pronoun(self, token: Token) -> bool:
        return token.i > 0 and token.nbor(-1).i in self._antecedents

    def _agree(self, token: Token) -> str | None:
        lower = token.lower_
        if lower in {"'d", "’d"}:
            return "had" if token.lemma_ == "have" or token.head.tag_ == "VBN" else "would"
        if lower in _SINGULAR:
            return _SINGULAR[lower]
        base = token.tag_ in {"VBP", "VB"} and token.pos_ in {"VERB", "AUX"} and token.lemma_ == lower
        irregular_past = lower.endswith(
            ("took", "went", "came", "gave", "wrote", "saw", "got", "quit", "cut", "put", "hit")
        )
        return third_person(token.text) if base and lower not in _MODALS and not irregular_past else None

    def _becomes_singular(self, token: Token) -> bool:
        if any(c.dep_ == "conj" for c in token.children):
            return False
        return token.lower_ in {"i", "we", "you"} and self._name(token) is not None

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


def _is_subject(token: Token) -> bool:
    """A subject, or a name beside it ("my brother Tom", "Ana and I")."""
    deps = {"nsubj", "nsubjpass"}
    return token.dep_ in deps or (token.dep_ in {"appos", "conj"} and token.head.dep_ in deps)


def _is_nominative(token: Token) -> bool:
    """Whether it is a subject in form, too: not so in "let you know" and "made me laugh"."""
    if token.lower_ in {"me", "us"}:
        return False
    return token.lower_ != "you" or finite_of(token.head) is not None


def _after(token: Token, time: Time) -> str:
    """The white space behind a time."""
    end = time.end
    return " " if token.doc.text[end : end + 1].isspace() else ""


def _tidy(text: str, names: Sequence[str]) -> str:
    """One space between words, one full stop at the end; a first word that is no name gets a capital."""
    text = " ".join(text.split()).replace(" ,", ",").rstrip(" ,;:-.!—–")
    named = any(text.startswith(name) for name in names)
    return f"{text if named else text[:1].upper() + text[1:]}."
