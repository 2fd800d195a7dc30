"""The demo: a year of two friends' chat, and what a memory makes of it. Both friends are made up.

`conversation.json` has the shape that `graphmem import` reads, so it serves as an example of that, too.
"""

from __future__ import annotations

from graphmem.demo.replay import USER, ReplayClock, conversation, replay
from graphmem.demo.tour import QUESTIONS, Answer, Learned, Question, Superseded, learned, superseded

__all__ = [
    "QUESTIONS",
    "USER",
    "Answer",
    "Learned",
    "Question",
    "ReplayClock",
    "Superseded",
    "conversation",
    "learned",
    "replay",
    "superseded",
]
