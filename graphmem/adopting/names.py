"""Names and sentences for edges whose engine kept neither: `maria_silva` was Maria Silva once. Pure.

Mem0 lower-cases names and writes `_` for spaces. Where a memory of the same owner still spells the name, that spelling
is taken; else people, places and organisations get capitals, and other things stay as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from graphmem.adopting.records import OldEdge, OldNode
from graphmem.adopting.texts import Library, words
from graphmem.values import Claim, EntityDraft, Scope

THING = "Thing"
_PROPER = frozenset({"Person", "Place", "Organisation"})
_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("person", "people", "human", "user", "name", "friend", "individual"), "Person"),
    **dict.fromkeys(("place", "location", "city", "country", "town", "state", "region", "village", "island"), "Place"),
    **dict.fromkeys(("organization", "organisation", "company", "employer", "institution", "school", "university",
                     "business", "startup", "firm", "agency"), "Organisation"),
    **dict.fromkeys(("entity", "object", "thing", "concept", "item", "unknown", "other"), THING),
}  # fmt: skip
_PARTS = re.compile(r"[^\W_]+")
_VERBS = frozenset(
    {"is", "has", "was", "had", "lives", "lived", "works", "worked", "likes", "loves", "prefers", "enjoys", "wants",
     "plays", "owns", "hates", "dislikes", "studies", "studied", "speaks", "moved", "plans", "needs", "uses", "drives",
     "teaches", "attends", "knows", "feels", "travels", "visited", "visits", "drinks", "eats", "got", "bought", "went",
     "started", "stopped", "quit", "left", "grew", "does", "runs", "reads", "writes", "watches", "listens", "cooks",
     "suffers", "takes", "practices", "practises", "met", "married", "divorced", "joined", "became", "can", "cannot",
     "will", "would", "recently", "currently", "no"}
)  # fmt: skip
"""First words of the sentences without a subject that Mem0 writes about its user: "Lives in Porto"."""
_PLAIN_NAMES = ("Tom", "Anna", "Peter", "Maria")
"""Names that every parser knows."""
_SAYS_USER = "user_id:_"
"""How the node of a user begins where the model copied the whole line about the user from Mem0's prompt."""


class Name(NamedTuple):
    """A node as it is shown and searched for."""

    text: str
    type: str
    words: tuple[str, ...]
    itself: bool
    """It is the user (or the agent) whose memory this is: memories about it need not name it."""

    @property
    def draft(self) -> EntityDraft:
        """The entity that it stands for."""
        return EntityDraft(name=self.text, type=self.type)


def type_of(label: str) -> str:
    """The type of an entity from the label of a node: `city` is a Place, `work_of_art` a WorkOfArt."""
    folded = label.strip().casefold().replace(" ", "_")
    if folded in _TYPES:
        return _TYPES[folded]
    return "".join(part.capitalize() for part in _PARTS.findall(folded)) or THING


def name_of(node: OldNode, scope: Scope, library: Library) -> Name:
    """A node by the name that people would give it."""
    own = _own(node.name, scope)
    if own is not None:
        kind = "Person" if own == scope.user_id or not node.label else type_of(node.label)
        return Name(own, kind, tuple(word.text for word in words(own)), itself=True)
    kind = type_of(node.label) if node.label else THING
    parts = tuple(word.text for word in words(node.name))
    return Name(_spelling(parts, kind, library) or _plain(node.name, kind), kind, parts, itself=False)


def _own(name: str, scope: Scope) -> str | None:
    """The label of the scope that a node stands for."""
    folded = name.casefold()
    for label in (scope.user_id, scope.agent_id):
        written = (label or "").casefold().replace(" ", "_")
        if written and (folded == written or re.match(re.escape(_SAYS_USER + written) + r"(,|$)", folded)):
            return label
    return None


def _spelling(parts: tuple[str, ...], kind: str, library: Library) -> str | None:
    """The usual spelling in the texts; one at the beginning of a text says nothing about capitals of a common word."""
    inside: Counter[str] = Counter()
    first: Counter[str] = Counter()
    for text in library.with_all(parts):
        for place, written in text.spellings(parts):
            (inside if place else first)[written] += 1
    if inside:
        return inside.most_common(1)[0][0]
    if first and (kind in _PROPER or len(parts) > 1):
        return first.most_common(1)[0][0]
    return None


def _plain(name: str, kind: str) -> str:
    spaced = " ".join(name.replace("_", " ").split()) or name
    return " ".join(word[:1].upper() + word[1:] for word in spaced.split()) if kind in _PROPER else spaced


def sentence(edge: OldEdge, source: Name, target: Name) -> str:
    """An edge in words: "alex lives in Lisbon"."""
    verb = " ".join(edge.type.replace("_", " ").split()).lower()
    return f"{source.text} {verb} {target.text}"


def spoken(text: str, scope: Scope) -> str:
    """A text with its subject: "Lives in Porto" says of nobody that he lives there, until the user stands before it."""
    first, _, rest = text.partition(" ")
    if scope.user_id is None or first.casefold() not in _VERBS:
        return text
    return f"{scope.user_id} {first.casefold()} {rest}"


def readable(text: str, scope: Scope) -> tuple[str, str]:
    """(the spoken text with a plain name for the user, that name), or the spoken text and "".

    A parser takes `user_17` or `8f3c-22` for anything but a person who lives somewhere.
    """
    said, user = spoken(text, scope), scope.user_id
    if not user or not said.startswith((f"{user} ", f"{user}'s ")):
        return said, ""
    name = next((name for name in _PLAIN_NAMES if name not in said), "")
    return (name + said.removeprefix(user), name) if name else (said, "")


def renamed(claim: Claim, name: str, user: str | None) -> Claim:
    """A claim about the user whom a text was read with under another name."""
    if not name or user is None:
        return claim
    parts = {part: getattr(claim, part).replace(name, user) for part in ("subject", "object", "value")}
    return claim.model_copy(update=parts)
