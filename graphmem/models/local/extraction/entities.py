"""Names and noun phrases of a text: typed entities from the recogniser, weak ones from noun phrases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from graphmem.models.local.extraction.persons import Persons
from graphmem.models.local.language import word_list
from graphmem.values import EntityDraft

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

TYPES = {
    "PERSON": "Person", "GPE": "Place", "LOC": "Place", "FAC": "Place", "ORG": "Organisation", "EVENT": "Event",
    "WORK_OF_ART": "Work", "LAW": "Work", "PRODUCT": "Product", "NORP": "Group", "LANGUAGE": "Language",
}  # fmt: skip
_NOT_NAMES = word_list("not_names")
_PLAIN = {"-", "new", "own", "little", "old", "good", "great", "nice", "big", "cute", "beautiful", "amazing", "awesome"}
_VAGUE = word_list("vague")
_COMPANY_ENDINGS = word_list("company_endings")
_UNSURE = {"Thing", "Person", "Product", "Work", "Group", "Event"}
_EDGE = re.compile(r"^[\s\"'“”‘’.,!?;:()\[\]-]+|[\s\"'“”‘’.,!?;:()\[\]-]+$")


def cleaned(text: str) -> str:
    """A name without its article, possessive ending and stray punctuation."""
    name = _EDGE.sub("", " ".join(text.split()))
    name = re.sub(r"(?:'s|’s)$", "", name)
    return re.sub(r"^(?:the|a|an|my|our|your|his|her|their) ", "", name, flags=re.IGNORECASE)


class Names:
    """The entities of one parsed text, by token."""

    def __init__(self, doc: Doc, persons: Persons) -> None:
        self._persons = persons
        self._by_token: dict[int, EntityDraft] = {}
        self._chunks: dict[int, Span] = {}
        for span in doc.ents:
            self._name(span)
        self._proper_nouns(doc)
        for chunk in doc.noun_chunks:
            self._chunks[chunk.root.i] = chunk

    def _name(self, span: Span) -> None:
        kind = TYPES.get(span.label_)
        if kind is None:
            return
        tokens = list(span)
        while tokens and (tokens[0].lower_ in _NOT_NAMES or tokens[0].is_punct):
            tokens.pop(0)
        name = cleaned("".join(t.text_with_ws for t in tokens))
        if not self._is_a_name(name, tokens, kind):
            return
        self._put(tokens, self._participant(name) or EntityDraft(name=name, type=kind))

    def _is_a_name(self, name: str, tokens: list[Token], kind: str) -> bool:
        if len(name) < 2 or name.casefold() in _NOT_NAMES or not any(c.isalpha() for c in name):
            return False
        capital = any(t.text[:1].isupper() and t.pos_ in {"PROPN", "NOUN", "ADJ", "X"} for t in tokens)
        if not capital or len(tokens) > 8:
            return False
        opening = len(tokens) == 1 and tokens[0].is_sent_start and tokens[0].pos_ != "PROPN"
        return not opening or kind == "Group"

    def _participant(self, name: str) -> EntityDraft | None:
        known = self._persons.known(name)
        return EntityDraft(name=known, type="Person") if known is not None else None

    def _proper_nouns(self, doc: Doc) -> None:
        """Capitalised names that the recogniser passed over, such as a participant's or a product's."""
        run: list[Token] = []
        for token in [*doc, None]:
            if (
                token is not None
                and token.pos_ == "PROPN"
                and token.i not in self._by_token
                and token.text[:1].isupper()
            ):
                run.append(token)
                continue
            if run:
                self._run(run)
                run = []

    def _run(self, run: list[Token]) -> None:
        if run[0].ent_type_ in {"DATE", "TIME"}:
            return
        while run and run[0].lower_ in _NOT_NAMES:
            run = run[1:]
        name = cleaned("".join(t.text_with_ws for t in run)) if run else ""
        if len(name) < 2 or name.casefold() in _NOT_NAMES | _VAGUE or not name[0].isalpha():
            return
        known = self._participant(name)
        acts = run[-1].dep_ in {"nsubj", "nsubjpass"} and not run[0].is_stop
        if known is None and run[0].is_sent_start and len(run) == 1 and not acts:
            return
        self._put(run, known or EntityDraft(name=name))

    def _put(self, tokens: Iterable[Token], entity: EntityDraft) -> None:
        words = entity.name.split()
        if len(words) > 1 and words[-1].strip(".").lower() in _COMPANY_ENDINGS and entity.type in _UNSURE:
            entity = entity.model_copy(update={"type": "Organisation"})
        for token in tokens:
            self._by_token[token.i] = entity

    def strong(self, token: Token) -> EntityDraft | None:
        """The named entity that this token belongs to, or the person behind the pronoun."""
        entity = self._by_token.get(token.i)
        if entity is not None:
            return entity
        person = self._persons.named(token)
        return EntityDraft(name=person, type="Person") if person is not None else None

    def weak(self, token: Token) -> EntityDraft | None:
        """The noun phrase headed by this token, as a search key."""
        chunk = self._chunks.get(token.i)
        if chunk is None or token.pos_ not in {"NOUN", "PROPN"} or token.lower_ in _VAGUE | _NOT_NAMES or token.is_stop:
            return None
        words = [
            t
            for t in chunk
            if t.pos_ in {"NOUN", "PROPN", "ADJ", "NUM"} or t.dep_ in {"amod", "compound"} or t.text == "-"
        ]
        while words and (words[0].is_stop or words[0].lower_ in _PLAIN or words[0].pos_ == "NUM"):
            words = words[1:]
        if any(t.ent_type_ in {"DATE", "TIME"} for t in words):
            return None
        spaced = (
            t.text_with_ws if t.i + 1 == after.i else f"{t.text} " for t, after in pairwise([*words, *words[-1:]])
        )
        name = cleaned("".join(spaced))
        if words and words[0].is_sent_start and words[0].pos_ != "PROPN":
            name = name[:1].lower() + name[1:]
        return EntityDraft(name=name, weak=True) if 2 < len(name) <= 60 else None

    def spelled(self, token: Token) -> str:
        """The name at this token as it is written, though it may be a participant's short form."""
        tokens = [token]
        while tokens[-1].i + 1 < len(token.doc) and tokens[-1].nbor().pos_ == "PROPN" and tokens[-1].whitespace_:
            tokens.append(tokens[-1].nbor())
        return cleaned("".join(t.text_with_ws for t in tokens)) if token.pos_ == "PROPN" else ""

    def christened(self, token: Token) -> str:
        """The name given to a thing behind it: "Rex" in "a dog named Rex"."""
        for verb in (c for c in token.children if c.lower_ in {"named", "called"}):
            name = next((c for c in verb.children if c.pos_ == "PROPN"), None)
            if name is not None:
                return self.spelled(name)
        return ""

    def whole(self, token: Token) -> EntityDraft | None:
        """The thing a name only describes: "LGBTQ conference" for "LGBTQ" in "an LGBTQ conference"."""
        head = token.head
        chunk = self._chunks.get(head.i)
        if token.dep_ not in {"compound", "amod", "nmod"} or head.pos_ != "NOUN" or chunk is None:
            return None
        start = min((t.i for t in chunk if t.dep_ in {"compound", "amod", "nmod"}), default=head.i)
        name = cleaned(head.doc[start : head.i + 1].text)
        return EntityDraft(name=name) if 2 < len(name) <= 60 else None

    def within(self, tokens: Iterable[Token], pronouns: bool = True) -> Iterator[EntityDraft]:
        """Entities named by these tokens, each once, in order; noun phrases last."""
        seen: set[str] = set()
        weak: list[EntityDraft] = []
        for token in tokens:
            entity = self.strong(token) if pronouns else self._by_token.get(token.i)
            if entity is not None and entity.name not in seen:
                seen.add(entity.name)
                yield entity
            elif entity is None and (phrase := self.weak(token)) is not None:
                weak.append(phrase)
        for phrase in weak:
            if phrase.name not in seen:
                seen.add(phrase.name)
                yield phrase
