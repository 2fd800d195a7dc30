"""A sentence cut into its clauses, each with its subject and the tokens that are its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphmem.models.local.language import word_list

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

SUBJECTS = {"nsubj", "nsubjpass", "csubj", "expl"}
FINITE = {"VBD", "VBP", "VBZ", "MD"}
ENDINGS = word_list("endings")
"""Verbs that say that something is over."""
_PHRASAL_ENDINGS = {
    ("break", "up"),
    ("split", "up"),
    ("give", "up"),
    ("step", "down"),
    ("drop", "out"),
    ("pass", "away"),
}
_GLUE = {"cc", "punct", "preconj"}
_COMPLEMENTS = {"dobj", "attr", "acomp", "prep", "xcomp", "ccomp", "oprd", "dative", "agent"}
_MOTION = {"go", "come", "try", "decide", "start", "run"}


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement: `head` is its verb, `tokens` its own words in order, `subject` maybe from the clause before."""

    head: Token
    tokens: tuple[Token, ...]
    subject: tuple[Token, ...]
    inherited: bool = False

    @property
    def subject_head(self) -> Token | None:
        """The noun or pronoun that the clause is about."""
        inside = {t.i for t in self.subject}
        return next((t for t in self.subject if t.head.i not in inside), None)


def is_verb(token: Token) -> bool:
    """A verb or an auxiliary that stands for one."""
    if token.pos_ in {"VERB", "AUX"}:
        return True
    # "My flight leaves at nine": a verb with a subject that was tagged as a plural noun.
    return (
        token.tag_ == "NNS"
        and token.dep_ == "ROOT"
        and any(c.dep_ == "nsubj" and c.i < token.i for c in token.children)
    )


def auxiliaries(verb: Token) -> list[Token]:
    """Its "be", "have", "do" and modals; "loves" before a gerund is sometimes taken for one."""
    held = (c for c in verb.children if c.dep_ in {"aux", "auxpass"})
    return [c for c in held if c.tag_ == "MD" or c.lemma_ in {"be", "have", "do"}]


def subject_of(verb: Token) -> Token | None:
    """The subject that hangs on this verb itself."""
    own = next((c for c in verb.children if c.dep_ in SUBJECTS), None)
    if own is None:
        # "Sam and Lou are engaged": the subject is sometimes hung on the auxiliary.
        own = next((c for h in auxiliaries(verb) for c in h.children if c.dep_ in SUBJECTS), None)
    if own is not None or verb.tag_ not in {"VBZ", "VBD"} or verb.i == verb.sent.start:
        return own
    # "Tim is my manager": a lone name before the verb of a short sentence is sometimes read as an adverb.
    before = verb.nbor(-1)
    return before if before.head == verb and before.dep_ in {"npadvmod", "advmod"} and before.pos_ == "PROPN" else None


def finite_of(verb: Token) -> Token | None:
    """The token of a verb's chain that carries person and tense: "am" in "am working"."""
    chain = [c for c in verb.children if c.dep_ in {"aux", "auxpass"}]
    chain.append(verb)
    found = next((t for t in chain if t.tag_ in FINITE or t.lower_ in {"'m", "'re", "'ve", "'s", "'d", "'ll"}), None)
    return verb if found is None and _is_bare_present(verb) else found


def _is_bare_present(verb: Token) -> bool:
    """Whether a finite verb was tagged as an infinitive, as "work" in "I moved and work at Acme"."""
    alone = verb.tag_ == "VB" and verb.dep_ == "conj" and not any(c.dep_ in {"aux", "neg"} for c in verb.children)
    return alone and verb.head.tag_ in {"VBD", "VBP", "VBZ"}


def clauses(sentence: Span) -> Iterator[Clause]:
    """The clauses of a sentence, in order. Relative and subordinate clauses stay inside their own."""
    root = sentence.root
    if not is_verb(root):
        return
    heads = sorted(_split_heads(root), key=lambda t: t.i)
    taken = {h.i for h in heads}
    subject: tuple[Token, ...] = ()
    for head in heads:
        own = subject_of(head)
        mine = tuple(own.subtree) if own is not None else ()
        inherited = own is None and head is not heads[0]
        if not inherited:
            subject = mine
        yield Clause(head, tuple(_own_tokens(head, taken)), subject if inherited else mine, inherited)


def _split_heads(root: Token) -> list[Token]:
    """The root, and the verbs beside it that make statements of their own."""
    heads, queue = [root], [root]
    while queue:
        verb = queue.pop()
        for child in verb.children:
            if _stands_alone(child, verb):
                heads.append(child)
                queue.append(child)
    return heads


def _stands_alone(child: Token, verb: Token) -> bool:
    if not is_verb(child):
        return False
    if child.dep_ == "conj":
        return _clear_conjunction(child, verb)
    if child.dep_ in {"ccomp", "parataxis"} and subject_of(child) is not None:
        # "I joined a gym, it's great": the parser hangs the first clause on the second.
        subject = subject_of(verb)
        before = subject is not None and child.right_edge.i < subject.i
        return before and not any(c.dep_ == "mark" for c in child.children)
    return False


def _clear_conjunction(child: Token, verb: Token) -> bool:
    finite, other = finite_of(child), finite_of(verb)
    if other is None or (finite is None and not shares_perfect(child)):
        return False
    if subject_of(child) is not None:
        return True
    if any(c.dep_ == "cc" and c.lower_ in {"or", "nor"} for c in verb.children) or _governs(verb, child):
        return False
    if _ends(child) != _ends(verb):
        return True
    if (finite or child).tag_ != other.tag_ and "VBD" in {finite and finite.tag_, other.tag_}:
        return len(list(child.subtree)) >= 3
    return _is_complete(child) and _is_complete(verb) and verb.lemma_ not in _MOTION


def _ends(verb: Token) -> bool:
    particles = {c.lower_ for c in verb.children if c.dep_ in {"prt", "advmod", "prep"}}
    return verb.lemma_ in ENDINGS or any((verb.lemma_, p) in _PHRASAL_ENDINGS for p in particles)


def shares_perfect(verb: Token) -> bool:
    """Whether it takes its "have" from the verb before, as "joined" in "I have quit and joined Acme"."""
    alone = verb.tag_ == "VBN" and verb.dep_ == "conj" and not any(c.dep_ in {"aux", "auxpass"} for c in verb.children)
    helpers = {c.lemma_ for c in verb.head.children if c.dep_ in {"aux", "auxpass"}}
    return alone and helpers == {"have"}


def _governs(verb: Token, child: Token) -> bool:
    """Whether an auxiliary or a negation of the first verb holds for the second, too: "don't drink and smoke"."""
    base = child.tag_ in {"VB", "VBP"}
    return base and any(
        (c.dep_ == "aux" and c.tag_ == "MD") or (c.lemma_ == "do" and c.dep_ == "aux") for c in verb.children
    )


def _is_complete(verb: Token) -> bool:
    """Whether it has a complement of its own."""
    return any(c.dep_ in _COMPLEMENTS and c.i > verb.i for c in verb.children)


def _own_tokens(head: Token, heads: set[int]) -> Iterator[Token]:
    """The words of `head` in order, without the clauses that were cut off and what glued them on."""
    cut = {t.i for child in _descend(head, heads) for t in child.subtree}
    words = [t for t in head.subtree if t.i not in cut or t.i == head.i]
    while words and _is_glue(words[-1]):
        words.pop()
    yield from words


def _is_glue(token: Token) -> bool:
    if token.is_space:
        return True
    return token.dep_ in _GLUE and (token.is_punct or token.pos_ == "CCONJ") and token.text not in {")", '"', "%"}


def _descend(head: Token, heads: set[int]) -> Iterator[Token]:
    for child in head.children:
        if child.i in heads:
            yield child
        else:
            yield from _descend(child, heads)
