"""Sentences whose verb the small model takes for a noun: "Vic smokes", "Uma studies at Boston University".

With a pronoun for the subject the verb is plain ("She smokes"), so that reading is parsed and the subject put back.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from graphmem.models.local.claims.words import words

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


Token = Any
_FUSED = words("fused")
_WITHIN = frozenset({"poss", "case", "det", "amod", "nummod", "nmod", "appos", "prep", "pobj", "cc", "conj"})
"""What binds the words of a noun phrase to each other."""


_NAMELIKE = frozenset({"NN", "NNS", "JJ", "FW", "RB", "UH", "IN", "VB"})
_SUBJECTS = frozenset({"nsubj", "nsubjpass", "poss"})
_OBJECTS = frozenset({"dobj", "pobj", "conj", "attr", "appos"})


def christened(nlp: Language, doc: Doc) -> Doc:
    """The same doc; a subject with a capital that is no English word ("Sven", "Elif") is tagged as the name it is."""
    known = None
    for token in doc:
        if token.tag_ not in _NAMELIKE or not token.is_title or not token.is_alpha:
            continue
        if token.dep_ not in _SUBJECTS and (token.is_sent_start or token.dep_ not in _OBJECTS):
            continue
        known = known or _lexicon(nlp)
        if len(token) > 2 and token.lower_ not in known and not token.is_stop:
            token.tag_, token.pos_ = "NNP", "PROPN"
    return doc


@cache
def _lexicon(nlp: Language) -> frozenset[str]:
    """The words that the lemmatiser knows, as they are listed: nouns, verbs, adjectives and adverbs."""
    index = nlp.get_pipe("lemmatizer").lookups.get_table("lemma_index", {})
    forms = nlp.get_pipe("lemmatizer").lookups.get_table("lemma_exc", {})
    return frozenset(word for words in (*index.values(), *forms.values()) for word in words)


def mended(nlp: Language, doc: Doc) -> Doc:
    """The doc with its verb found, word for word and space for space as before; the same doc when nothing is amiss.

    Only a text of one sentence is mended: a note, or one line of a chat.
    """
    found = misread(doc, _lexicon(nlp))
    if found is None or len(list(doc.sents)) != 1:
        return doc
    text, cut = found
    read = nlp(text)
    if len(read) != len(doc) - cut + 1 or read[0].dep_ != "nsubj" or read[0].head.i == 0:
        return doc
    return _joined(doc, read, cut)


def _joined(doc: Doc, read: Doc, cut: int) -> Doc:
    """The first `cut` words of `doc` as the subject of what follows the pronoun of `read`."""
    from spacy.tokens import Doc as SpacyDoc
    from spacy.tokens import Span as SpacySpan

    before, after = list(doc[:cut]), list(read[1:])
    subject = cut - 1
    verb = cut + read[0].head.i - 1
    heads = [t.head.i if t.head.i < cut and t.i != subject else subject for t in before]
    heads[subject] = verb
    heads += [cut + t.head.i - 1 if t.head.i else subject for t in after]
    deps = [t.dep_ if t.dep_ in _WITHIN else "compound" for t in before]
    deps[subject] = "nsubj"
    named = before[subject].text[:1].isupper()
    tags = [t.tag_ for t in before]
    poses = [t.pos_ for t in before]
    tags[subject], poses[subject] = ("NNP", "PROPN") if named else ("NN", "NOUN")
    tags += [t.tag_ for t in after]
    poses += [t.pos_ for t in after]
    if tags[verb] in {"NNS", "NN"}:
        tags[verb], poses[verb] = "VBZ", "VERB"
    both = [*before, *after]
    joined = SpacyDoc(
        doc.vocab, words=[t.text for t in both], spaces=[bool(t.whitespace_) for t in both],
        tags=tags, pos=poses,
        lemmas=[t.lemma_ for t in both], heads=heads, deps=[*deps, *(t.dep_ for t in after)],
    )  # fmt: skip
    ends = [(e.start, e.end, e.label_) for e in doc.ents if e.end <= cut]
    ends += [(e.start + cut - 1, e.end + cut - 1, e.label_) for e in read.ents if e.start]
    if named and cut == 1 and not any(end <= cut for _, end, _ in ends):
        ends.insert(0, (0, 1, "PERSON"))
    joined.set_ents([SpacySpan(joined, start, end, label) for start, end, label in ends])
    return joined


def is_fused(doc: Any) -> bool:
    """A name and a plural noun as one phrase, "Sid cycles", are a subject and its verb."""
    plural = len(doc) > 2 and doc[0].head.i == 1 and doc[1].tag_ == "NNS" and doc[1].is_lower
    return len(doc) > 2 and doc[0].pos_ == "PROPN" and (plural or _swallowed(doc[1:]) is not None)


def _swallowed(tokens: Iterable[Token]) -> int | None:
    """The verb in a noun phrase that has its subject and its object: "Maria drinks coffee"."""
    return next((t.i for t in tokens if t.tag_ == "VBZ" and t.dep_ == "compound" and t.is_lower), None)


def misread(doc: Any, known: frozenset[str] = frozenset()) -> tuple[str, int] | None:
    """The text of a doc without a verb, with a pronoun for its subject, and how many words that stands for."""
    if len(doc) < 2:
        return None
    root = next(doc.sents).root
    bare = root.tag_ == "VBZ" and root.i > 0 and doc[root.i - 1].head.i == root.i and not _has_subject(root)
    if bare and doc[root.i - 1].dep_ == "compound":
        return f"{'It' if doc[root.i - 1].pos_ == 'NOUN' else 'She'} {doc[root.i :].text}", root.i
    found = repronounced(doc)
    if found is None:
        return None
    text, _, cut = found
    named = cut == 1 and doc[0].is_title and doc[0].is_alpha and not doc[0].is_stop
    named = named and doc[0].lower_ not in known
    started = (named or doc[0].tag_ in {"NNP", "NN", "VB", "FW", "DT", "PRP$"}) and doc[cut].lower_.endswith("s")
    stranded = root.i == cut and not _has_subject(root)
    return (text, cut) if started and (stranded or is_fused(doc)) else None


def _has_subject(verb: Token) -> bool:
    return any(c.dep_ in {"nsubj", "nsubjpass", "expl"} and c.tag_ != "VB" for c in verb.children)


def repronounced(doc: Any) -> tuple[str, str, int] | None:
    """Text, subject and length with a pronoun for it: "Vic smokes" and "The flight leaves" are misread as nouns."""
    first = next(iter(doc.noun_chunks), None)
    end = first.end if first is not None and first.start == 0 else 1
    last = next((t.i for t in reversed(doc[1:end]) if t.tag_ in _FUSED and t.is_lower and t.dep_ != "appos"), end)
    cut = _swallowed(doc[1:end]) or last
    subject = [t for t in doc[:cut] if t.pos_ != "DET"]
    named = bool(subject) and all(t.text[:1].isupper() for t in subject) and doc[0].pos_ != "DET"
    common = cut < end and subject and subject[-1].pos_ == "NOUN" and doc[cut].tag_ != "NN"
    if cut >= len(doc) - 1 or not (named or common):
        return None
    return f"{'She' if named else 'It'} {doc[cut:].text}", "".join(t.text_with_ws for t in subject).strip(), cut
