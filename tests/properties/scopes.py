"""Label values that a careless filter mixes up, and which written scopes a question may be answered from."""

from __future__ import annotations

import itertools
from random import Random

Labels = dict[str, str]

FAMILY = (
    "{}", "{} ", " {}", "{}%", "%{}", "{}_", "_{}", "{}*", "*{}", "{}?", "{}'", '{}"', "{};", "{}--", "{}\\", "{}/",
    "../{}", "{}.", "user:{}", "agent:{}", "{}:{}", "{}' OR '1'='1", "{}) OR (1=1", "${}", "{{{}}}", "[{}]", "{}\u200b",
    "{}\u0301", "{}\u00ad", "{}\ufe0f", "{}0", "0{}", "{}\u00a0", "{}~", "{}|{}", "{},{}", "{}-{}",
)  # fmt: skip
"""Forms of one name."""
NAMES = (
    "ann", "Ann", "ANN", "an", "anna", "\uff41\uff4e\uff4e", "\u0430nn", "a\u0578n", "\u00e4nn", "a\u0308nn",
    "stra\u00dfe", "strasse", "STRASSE", "\u0131d", "id", "ID", "\u0130d", "\ufb01n", "fin", "\u5c71\u7530",
)  # fmt: skip
"""Case, prefixes, scripts that look alike, composed and decomposed, folding that changes the length."""
ODD = (
    "%", "_", "*", "?", "''", '""', "\\", "0", "1", "-1", "null", "None", "true", "NaN", "{}", "[]", "$owner",
    "OR", "user:", ":", "::", "\U0001f600", "\U0001f600\ufe0f", "x" * 254, "x" * 255, "x" * 256, "x" * 255 + "y",
    "\u202eann", "ann\u202c", "<b>", "&amp;", "a b", "a  b", "a\u3000b",
)  # fmt: skip
"""Values that mean something elsewhere, and the longest ones."""


def owners(count: int) -> list[str]:
    """Different ids: first the odd ones and every name, then forms of the names."""
    forms = (form.replace("{}", name) for form in FAMILY for name in NAMES)
    return list(dict.fromkeys(itertools.chain(ODD, NAMES, forms)))[:count]


class Scopes:
    """Scopes that are written, each with a word that is in all its texts and in no others."""

    def __init__(self, random: Random, count: int) -> None:
        self._random = random
        self._ids = owners(count)
        self.labels: dict[str, Labels] = {}
        """By word."""
        self._words: dict[tuple[tuple[str, str], ...], str] = {}

    def one(self) -> Labels:
        """Some labels; the same values are users, agents, apps and runs."""
        shape = self._random.choices(SHAPES, WEIGHTS)[0]
        return {label: self._value(label) for label in shape}

    def _value(self, label: str) -> str:
        return self._random.choice(self._ids if label == "user_id" else self._ids[:: len(self._ids) // 12])

    def word(self, labels: Labels) -> str:
        """The word of a scope: eight letters, no word within another."""
        found = self._words.setdefault(tuple(sorted(labels.items())), f"zq{_letters(len(self._words))}")
        self.labels[found] = labels
        return found

    def written(self) -> str:
        """The word of some scope that was written."""
        return self._random.choice(list(self.labels))

    def asked(self) -> Labels:
        """What a question may ask for: a written scope, some of its labels, or something nobody wrote."""
        if not self.labels or self._random.random() < 0.15:
            return self.one()
        labels = self.labels[self.written()]
        kept = self._random.sample(sorted(labels), self._random.randint(1, len(labels)))
        return {label: labels[label] for label in kept}

    def foreign(self, text: str, asked: Labels) -> set[str]:
        """Words in a text of scopes that do not carry all labels asked for."""
        found = {text[at : at + LENGTH] for at in _places(text)}
        return {word for word in found if not asked.items() <= self.labels.get(word, {}).items()}


SHAPES = (
    ("user_id",),
    ("user_id", "run_id"),
    ("user_id", "agent_id"),
    ("user_id", "agent_id", "run_id"),
    ("user_id", "app_id"),
    ("agent_id",),
    ("agent_id", "run_id"),
    ("app_id",),
    ("run_id",),
)
WEIGHTS = (40, 15, 10, 5, 5, 8, 5, 4, 8)
LENGTH = 6
CONSONANTS = "bcdfghjklmnpvwx"


def _letters(number: int) -> str:
    """Four consonants: no stemmer takes one off."""
    return "".join(CONSONANTS[number // len(CONSONANTS) ** place % len(CONSONANTS)] for place in range(4))


def _places(text: str) -> list[int]:
    places, at = [], text.find("zq")
    while at >= 0:
        places.append(at)
        at = text.find("zq", at + LENGTH)
    return places
