"""The text views of a message that are indexed: alone, with the one before, with both neighbours."""

from __future__ import annotations

from graphmem.values import MessageRecord


def turn(message: MessageRecord) -> str:
    """`speaker: text`."""
    return f"{message.speaker}: {message.content}"


def window2(previous: MessageRecord | None, message: MessageRecord) -> str:
    """The previous message and this one."""
    return "\n".join(turn(m) for m in (previous, message) if m is not None)


def window3(previous: MessageRecord | None, message: MessageRecord, following: MessageRecord | None) -> str:
    """The previous message, this one and the next."""
    return "\n".join(turn(m) for m in (previous, message, following) if m is not None)
