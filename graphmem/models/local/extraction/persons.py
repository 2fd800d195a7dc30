"""Who is who: pronouns and names of the people who talk to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Token

SPEAKER = {"i", "me", "my", "mine", "myself", "we", "us", "our", "ours", "ourselves"}
OTHER = {"you", "your", "yours", "yourself", "ya"}
POSSESSIVE = {"my", "our", "your", "mine", "ours", "yours"}
THIRD = {"he", "she", "him", "her", "his", "hers", "himself", "herself"}
THINGS = {"it", "they", "them", "its", "their", "theirs", "this", "that", "these", "those", "itself", "themselves"}


@dataclass(frozen=True, slots=True)
class Persons:
    """The people of a message: who speaks, who is spoken to (None when not exactly one), and everybody."""

    speaker: str
    other: str | None = None
    names: tuple[str, ...] = ()

    def named(self, token: Token) -> str | None:
        """The name behind a first or second person pronoun."""
        word = token.lower_
        if word in SPEAKER and token.pos_ in {"PRON", "DET", "X", "PROPN", "NOUN"}:
            return None if word == "us" and token.text == "US" else self.speaker
        if word in OTHER:
            return self.other
        return None

    def known(self, name: str) -> str | None:
        """The participant that `name` means: the name itself, its first word, or a short form ("Mel")."""
        wanted = name.casefold()
        fits = [n for n in self.names if wanted in {n.casefold(), n.casefold().split(" ")[0]}]
        if not fits and len(wanted) >= 3:
            fits = [n for n in self.names if n.casefold().startswith(wanted)]
        return fits[0] if len(fits) == 1 else None


def possessive(name: str) -> str:
    """The name with its possessive ending."""
    return f"{name}'s"
