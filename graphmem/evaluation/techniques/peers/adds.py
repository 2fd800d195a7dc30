"""What every peer shares: a conversation cut into adds, what is done already, and the lines of a context."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from graphmem.errors import ConfigError
from graphmem.evaluation.records import Conversation, Session, Turn

UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
"""When everything happens in data without dates."""


class Add(NamedTuple):
    """The turns that a peer is given at once, all of one session."""

    number: int
    session: Session
    turns: Sequence[Turn]

    @property
    def at(self) -> str:
        """The date of the session, as metadata has it; empty in data without dates."""
        return self.session.at.isoformat() if self.session.at else ""

    @property
    def lines(self) -> list[str]:
        """Who said what. Peers have no field for a speaker's name that all of them read."""
        return [f"{turn.speaker}: {turn.text}" for turn in self.turns]


def adds(conversation: Conversation, size: int) -> Iterator[Add]:
    """The whole conversation, at most `size` turns at a time."""
    number = 0
    for session in conversation.sessions:
        for start in range(0, len(session.turns), size):
            yield Add(number, session, session.turns[start : start + size])
            number += 1


class Progress:
    """How many adds are done; kept beside the peer's stores, so that a resumed run pays for none of them again."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "adds.json"

    @property
    def done(self) -> int:
        """0 at the beginning."""
        return int(json.loads(self._file.read_text(encoding="utf-8"))["done"]) if self._file.is_file() else 0

    def finished(self, add: Add) -> None:
        """Note that an add is in the peer's stores."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps({"done": add.number + 1}), encoding="utf-8")
        beside.replace(self._file)


def require(technique: str, install: str, *modules: str, package: str = "", major: int | None = None) -> None:
    """Raises ConfigError, with the command that installs what is missing.

    `major`: the first number that the version of `package` must have.
    """
    missing = [module for module in modules if not _is_there(module)]
    wrong = ""
    if not missing and major is not None:
        found = metadata.version(package)
        wrong = f"{package} {major}.x, not {found}" if found.partition(".")[0] != str(major) else ""
    if missing or wrong:
        what = wrong or ", ".join(missing)
        raise ConfigError(
            f"The technique {technique!r} needs {what}.",
            advice=f"Run, in an environment of its own: pip install {install}",
        )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
