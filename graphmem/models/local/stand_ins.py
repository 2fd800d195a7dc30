"""Names for the parser: it takes `12345` or `Alex-704779ca` for anything but a person who lives somewhere."""

from __future__ import annotations

import re

from graphmem.values import Claim, FactDraft

_NO_NAME = re.compile(r"\d{3}|[0-9a-f]{8}|[@#/:]")
"""What ids have and names do not. A short mark such as `ann-2` is read well as it is, better than with a stand-in."""
_PLAIN = ("Tom", "Ann", "Max", "Eva")


def stand_in(fact: FactDraft) -> str:
    """A plain name to read a fact with in place of its subject; "" where the subject can stay."""
    subject = fact.subject or ""
    if not _NO_NAME.search(subject) or subject not in fact.text:
        return ""
    return next((name for name in _PLAIN if name not in fact.text), "")


def renamed(claim: Claim, name: str, subject: str) -> Claim:
    """A claim that was read with a stand-in, about the subject again."""
    parts = {part: getattr(claim, part).replace(name, subject) for part in ("subject", "object", "value")}
    return claim.model_copy(update=parts)
