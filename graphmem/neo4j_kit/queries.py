"""The saved queries of `cypher/browser/`, each with what its first comment says of it.

The first line of a file is the title, under which Neo4j Browser lists it; then come a sentence or two, and
`Parameters: $a, $b (…). Columns: c, d (…).`
"""

from __future__ import annotations

import re
from typing import NamedTuple

from graphmem import assets
from graphmem.errors import ConfigError

FOLDER = "browser"
_HEADER = re.compile(r"(?://.*\n)+")
_SAID = re.compile(r"(?P<about>.*?)\s*Parameters: (?P<parameters>.*?)\.\s+Columns: (?P<columns>.*)\.", re.DOTALL)
_ASIDE = re.compile(r"\([^)]*\)")


class Chapter(NamedTuple):
    """Queries of one purpose, in the order in which a reader wants them."""

    title: str
    about: str
    names: tuple[str, ...]


CHAPTERS = (
    Chapter("What is true now", "Only what holds today carries the label Current.", ("overview", "everything_today")),
    Chapter(
        "How it came to be",
        "Nothing is overwritten: what has ended is still there, with its days.",
        ("timeline", "as_of", "changed_since", "no_longer_true"),
    ),
    Chapter(
        "Why it is believed",
        "Every fact points to the messages that it was taken from.",
        ("why", "evidence", "conversation"),
    ),
    Chapter("What connects", "Relations lead from one to the other.", ("connects", "in_common", "hubs")),
    Chapter(
        "Is it sound",
        "What gave way to what, what is still open, and what must not be there.",
        ("contradictions", "open_contradictions", "same_one", "orphans"),
    ),
)


class Query(NamedTuple):
    """One saved query."""

    name: str
    """Of its file, without the ending."""
    title: str
    about: str
    parameters: tuple[str, ...]
    """Without the `$`."""
    columns: tuple[str, ...]
    text: str
    """The file as it is, comments included."""

    @property
    def statement(self) -> str:
        """The text without its comment."""
        return _HEADER.sub("", self.text, count=1).strip()


def query(name: str) -> Query:
    """A saved query by the name of its file. Raises ConfigError when there is none, or one without a header."""
    text = assets.text(f"{FOLDER}/{name}.cypher", "cypher")
    header = _HEADER.match(text)
    title, *lines = (line.removeprefix("//").strip() for line in (header[0] if header else "").splitlines() or [""])
    said = _SAID.fullmatch(" ".join(lines))
    if said is None:
        raise ConfigError(
            f"The first comment of cypher/{FOLDER}/{name}.cypher does not say its parameters and columns.",
            advice="Write: // Parameters: $owner. Columns: fact.",
        )
    parameters = tuple(re.findall(r"\$(\w+)", said["parameters"]))
    columns = tuple(column.strip() for column in _ASIDE.sub("", said["columns"]).split(","))
    return Query(name, title, said["about"], parameters, columns, text)
