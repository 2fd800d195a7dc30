"""Whom "he" and "she" mean: somebody named before, in the same message or in the one that it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphmem.models.local.extraction.constructions import kin_terms
from graphmem.models.local.extraction.entities import Names
from graphmem.models.local.extraction.persons import THIRD, Persons, possessive
from graphmem.values import EntityDraft

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

_FEMALE = {
    "sister", "mother", "mom", "mum", "daughter", "wife", "girlfriend", "aunt", "niece", "grandma", "grandmother",
}  # fmt: skip
_MALE = {"brother", "father", "dad", "son", "husband", "boyfriend", "uncle", "nephew", "grandpa", "grandfather"}
_HER = {"she", "her", "hers", "herself"}
_WHERE = {"in", "at", "for", "near", "into", "via", "around"}
_PEOPLE_VERBS = {
    "see",
    "meet",
    "call",
    "know",
    "ask",
    "tell",
    "marry",
    "date",
    "hug",
    "text",
    "message",
    "say",
    "phone",
}
_ABOUT = {"of", "about", "with"}
_MAYBE = {"Thing", "Organisation", "Group", "Product", "Work", "Event"}
"""Types that the recogniser gives to first names that it does not know."""

Tie = tuple[str, str, str]
"""(source, relation, target) by name."""
Named = tuple[EntityDraft, str, str]
"""(entity, words, gender or "")."""


@dataclass(slots=True)
class Thread:
    """What pronouns of the third person may refer to, as the message goes on."""

    last: Named | None = None
    found: dict[int, EntityDraft] = field(default_factory=dict)
    guess: EntityDraft | None = None
    """A name of no sure type: with nobody else about, "she" means it."""
    told: set[Tie] = field(default_factory=set)
    """Bonds that the message has given already."""
    stranger: bool = False
    """Somebody was meant whom nobody named: the next pronoun means the same, and no name that came between."""


def follow(sentence: Span, persons: Persons, names: Names, thread: Thread) -> None:
    """Note whom "he" and "she" mean in this sentence, then who was named in it."""
    earlier = thread.last
    for token in sentence:
        if token.lower_ in THIRD:
            meant = _meant(token, names, thread, earlier)
            thread.stranger = thread.stranger or meant is None
            if meant is not None:
                thread.found[token.i] = meant
        relative = kin(token, persons)
        entity = names.strong(token)
        if relative is not None and not _names_somebody(token, names):
            thread.last = relative
        elif entity is None or entity.name in persons.names or token.pos_ == "PRON":
            continue
        elif entity.type == "Person":
            gender = thread.last[2] if thread.last and thread.last[0].name == entity.name else _gender(token)
            thread.last = entity, entity.name, gender
        elif _may_be_somebody(token, entity):
            thread.guess = entity.model_copy(update={"type": "Person"})


def _meant(pronoun: Token, names: Names, thread: Thread, earlier: Named | None) -> EntityDraft | None:
    """A name that is the subject of the same clause, else whoever was spoken of last, else a name of no sure type."""
    if _is_another(pronoun):
        if earlier is not None:
            return earlier[0] if _agrees(pronoun, earlier[2]) else None
        return None if thread.stranger else thread.guess
    subject = next((c for c in pronoun.sent if c.dep_ in {"nsubj", "nsubjpass"} and c.i < pronoun.i), None)
    if subject is not None and subject.pos_ == "PROPN" and pronoun.tag_ == "PRP$":
        entity = names.strong(subject)
        if entity is not None and _may_be_somebody(subject, entity):
            known = thread.last is not None and thread.last[0].name == entity.name
            if not known or (thread.last is not None and _agrees(pronoun, thread.last[2])):
                return entity.model_copy(update={"type": "Person"})
    if thread.last is not None:
        return thread.last[0] if _agrees(pronoun, thread.last[2]) else None
    return None if thread.stranger else thread.guess


def _is_another(pronoun: Token) -> bool:
    """Whether grammar parts it from the name before it: "Ann and she", "Ann saw her", "Ann, her sister", "Ann is her
    sister", "Ann is a friend of hers".
    """
    head = pronoun.head
    if pronoun.dep_ == "conj":
        return True
    if pronoun.dep_ == "poss":
        beside = head.dep_ == "appos" or (head.dep_ == "attr" and head.head.lemma_ == "be")
        return beside and head.lemma_.lower() in kin_terms()
    if pronoun.lower_.endswith("self") or pronoun.dep_ not in {"dobj", "dative", "pobj"}:
        return False
    verb = head
    while verb.dep_ in {"prep", "pobj", "attr", "dobj", "dative", "agent"} and verb.head.i != verb.i:
        verb = verb.head
    return any(c.dep_ in {"nsubj", "nsubjpass"} and c.pos_ in {"PROPN", "NOUN"} for c in verb.children)


def _may_be_somebody(token: Token, entity: EntityDraft) -> bool:
    """A name of one or two words that nothing makes a place or a company."""
    if entity.weak or token.pos_ != "PROPN" or len(entity.name.split()) > 2 or not entity.name[:1].isupper():
        return False
    if entity.type == "Place":
        heard = token.head.lower_ == "from" and token.head.head.lemma_ == "hear"
        return heard or token.head.lemma_ in _PEOPLE_VERBS or token.head.lower_ in _ABOUT
    somewhere = token.dep_ == "pobj" and token.head.lower_ in _WHERE
    return entity.type == "Person" or (entity.type in _MAYBE and not somewhere)


def _agrees(pronoun: Token, gender: str) -> bool:
    return gender != ("m" if pronoun.lower_ in _HER else "f")


def _gender(token: Token) -> str:
    near = {t.lower_ for t in token.children} | {token.head.lower_}
    return "f" if near & _FEMALE else "m" if near & _MALE else ""


def _names_somebody(noun: Token, names: Names) -> bool:
    near = [c for c in (*noun.children, noun.head) if c.dep_ in {"appos", "compound"} or c is noun.head]
    return any((e := names.strong(c)) is not None and e.type == "Person" and c.pos_ == "PROPN" for c in near)


def kin(token: Token, persons: Persons) -> Named | None:
    """Somebody named only by kinship ("my sister"), as a person of her own."""
    if token.lower_ not in kin_terms() or token.pos_ != "NOUN":
        return None
    owner = next((c for c in token.children if c.dep_ == "poss"), None)
    name = persons.named(owner) if owner is not None else None
    if name is None:
        return None
    words = f"{possessive(name)} {token.text}"
    gender = "f" if token.lower_ in _FEMALE else "m" if token.lower_ in _MALE else ""
    kind = "Animal" if kin_terms()[token.lower_] == "has_pet" else "Person"
    return EntityDraft(name=words, type=kind), words, gender


def carried(doc: Doc, persons: Persons, names: Names, before: Named | None) -> Named | None:
    """Whom the answer to this message may call "she": the one person that it names, or the one whom it means itself.

    Two names, and nobody can tell; a message that speaks of other things ends it.
    """
    named: dict[str, EntityDraft] = {}
    for token in doc:
        entity = names.strong(token)
        if entity is not None and entity.name not in persons.names and _may_be_somebody(token, entity):
            named[entity.name] = entity
    if len(named) == 1:
        entity = next(iter(named.values())).model_copy(update={"type": "Person"})
        gender = before[2] if before is not None and before[0].name == entity.name else ""
        return entity, entity.name, gender
    return before if not named and any(t.lower_ in THIRD for t in doc) else None
