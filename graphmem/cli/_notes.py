"""Warnings of the package on stderr: each is said once, however often it comes up."""

from __future__ import annotations

import logging

from graphmem.cli._print import say

ANSWERED = frozenset({"graphmem.flows.remember"})
"""What these say stands in the answer of the command, too."""


class Once(logging.Handler):
    """Says each message the first time."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        if record.name not in ANSWERED and (message := record.getMessage()) not in self._said:
            self._said.add(message)
            say(message)


def tell() -> None:
    """Say the warnings of this process."""
    logging.getLogger("graphmem").addHandler(Once())
