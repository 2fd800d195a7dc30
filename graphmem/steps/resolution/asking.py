"""Asking a model about the pairs that the rules leave open: one prompt, local indices, a strict reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphmem import assets
from graphmem.errors import ModelReplyError
from graphmem.models.contracts import Prompt
from graphmem.steps.replies import read_json
from graphmem.steps.resolution.rules import Judgement, Pair
from graphmem.steps.resolution.words import figures, negations
from graphmem.values import Action, Verdict

MAX_PAIRS = 60
"""Pairs of one prompt, nearest first; the others are kept."""
MAX_TEXT = 400
_ACTIONS: tuple[Action, ...] = ("keep", "same", "revise", "supersede", "end", "correct")

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "verdicts": {
            "type": "array",
            "maxItems": MAX_PAIRS,
            "items": {
                "type": "object",
                "properties": {
                    "pair": {"type": "string", "maxLength": 6},
                    "action": {"type": "string", "enum": list(_ACTIONS)},
                    "reason": {"type": "string", "maxLength": 160},
                },
                "required": ["pair", "action", "reason"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["verdicts"],
    "additionalProperties": False,
}
"""Of the reply; every array and string has a bound."""


def asked(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The pairs that one prompt asks about, in the order of their local numbers."""
    nearest = sorted(pairs, key=lambda p: (-p.similarity, p.fact, p.memory_id))[:MAX_PAIRS]
    return tuple(sorted(nearest, key=lambda p: (p.fact, -p.similarity, p.memory_id)))


def prompt(undecided: Sequence[Pair]) -> Prompt:
    """One request for all undecided pairs. Nothing but texts, dates and local indices goes to the model."""
    pairs = asked(undecided)
    new = dict.fromkeys(p.fact for p in pairs)
    known = dict.fromkeys(p.memory_id for p in pairs)
    new_names = {fact: f"f{n}" for n, fact in enumerate(new, 1)}
    known_names = {memory: f"m{n}" for n, memory in enumerate(known, 1)}
    new_lines = {p.fact: f"{new_names[p.fact]} ({p.fact_from:%Y-%m-%d}) {_short(p.fact_text)}" for p in pairs}
    known_lines = {
        p.memory_id: f"{known_names[p.memory_id]} ({p.memory_from:%Y-%m-%d}) {_short(p.memory_text)}" for p in pairs
    }
    system, user = assets.prompt(
        "resolve.md",
        facts="\n".join(new_lines.values()),
        memories="\n".join(known_lines.values()),
        pairs="\n".join(f"p{n}: {new_names[p.fact]} {known_names[p.memory_id]}" for n, p in enumerate(pairs, 1)),
    )
    return Prompt(
        task="resolve", system=system, user=user, json_schema=SCHEMA, schema_name="verdicts",
        max_tokens=min(4000, 200 + 50 * len(pairs)),
    )  # fmt: skip


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else f"{line[:MAX_TEXT]}…"


def apply_model(judgement: Judgement, reply: str) -> tuple[Verdict, ...]:
    """The verdicts of the rules, then those of the model: `reply` is what `prompt(judgement.undecided)` led to.

    What cannot be read or is not allowed changes nothing: the pair is kept.
    """
    return (*judgement.verdicts, *read_reply(judgement.undecided, reply)[0])


def read_reply(undecided: Sequence[Pair], reply: str) -> tuple[tuple[Verdict, ...], int]:
    """What a reply decides, and how many of its verdicts were refused.

    Refused: an unknown or repeated pair, an unknown action, and "same" or "revise" for sentences that differ in a
    negation or a number.
    """
    pairs = {f"p{n}": pair for n, pair in enumerate(asked(undecided), 1)}
    verdicts: dict[tuple[int, str], Verdict] = {}
    dropped = 0
    for said in _read(reply):
        pair = pairs.get(str(said.get("pair", "")).strip().casefold())
        verdict = None if pair is None else _verdict(pair, said)
        if verdict is None or (verdict.fact, verdict.memory_id) in verdicts:
            dropped += 1
        else:
            verdicts[verdict.fact, verdict.memory_id] = verdict
    return tuple(v for v in verdicts.values() if v.action != "keep"), dropped


def _read(reply: str) -> list[Mapping[str, Any]]:
    try:
        values = read_json(reply).values
    except ModelReplyError:
        return []
    found: list[Any] = []
    for value in values:
        listed = value.get("verdicts", [value]) if isinstance(value, dict) else value
        found.extend(listed if isinstance(listed, list) else [])
    return [item for item in found if isinstance(item, dict)]


def _verdict(pair: Pair, said: Mapping[str, Any]) -> Verdict | None:
    """A verdict that the sentences themselves do not refute; None otherwise."""
    action = str(said.get("action", "")).strip().casefold()
    if action not in _ACTIONS:
        return None
    chosen: Action = next(a for a in _ACTIONS if a == action)
    if chosen in {"same", "revise"} and not _may_be_one(pair, chosen):
        return None
    if chosen == "supersede" and pair.fact_from < pair.memory_from:
        chosen = "late"
    if chosen == "end" and pair.fact_from < pair.memory_from:
        chosen = "keep"
    reason = " ".join(str(said.get("reason", "")).split())[:200] or f"a model judged: {chosen}"
    return Verdict(fact=pair.fact, memory_id=pair.memory_id, action=chosen, reason=reason, decided_by="model")


def _may_be_one(pair: Pair, action: Action) -> bool:
    if negations(pair.fact_text) != negations(pair.memory_text):
        return False
    new, old = figures(pair.fact_text), figures(pair.memory_text)
    return new == old if action == "same" else set(old) <= set(new)
