"""A seeded workload on one home: the same seed gives the same calls, ids and states in every process.

Time stands still inside a call and moves on between calls, so a call that is repeated after a crash writes the same
rows as the one that was cut off. What a call refers to (a memory, a resolution) is chosen in a first, undisturbed run.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from graphmem import Fact, GraphMemError, Memory
from graphmem.errors import ConflictError, InputError, ModelUnavailable, NotFound
from graphmem.models.contracts import Prompt
from graphmem.models.llm_extractor import LLMExtractor
from graphmem.models.scripted import HashEmbedder, ScriptedLLM

CARE = (
    "move",
    "say",
    "merge",
    "split",
    "rumour",
    "rumour",
    "accept",
    "reject",
    "planned",
    "passing",
    "expire",
    "erase one",
    "erase all",
)
START = datetime(2024, 1, 1, 9, tzinfo=UTC)
TENANTS = ("ann", "bob", "cem")
CITIES = ("Oslo", "Rome", "Lima", "Cork", "Bern", "Kyiv", "Riga", "Pune")
PEOPLE = ("Dana", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jo", "Kai")
LINE = re.compile(r"^m(\d+) \[[^]]*\] [^:]*: (.*)$", re.MULTILINE)
STATEMENT = re.compile(r"([A-Z]\w*) ([a-z_]+) ([A-Z]\w*)")

ONCE = {"accept", "delete", "erase", "merge", "reject", "split", "undo", "update"}
"""What these refer to is not there, or not so, a second time."""


class Call(NamedTuple):
    """One call of the workload, everything in it decided."""

    verb: str
    arguments: dict[str, Any]
    down: bool = False
    """The chat model is away during this call."""


@dataclass
class World:
    """What a process needs to perform calls: the clock and the model follow the call at hand."""

    number: int = 0
    down: bool = False
    asked: int = 0
    pause: float = 0.0
    """Seconds that the model takes."""
    llm: ScriptedLLM = field(init=False)

    def __post_init__(self) -> None:
        self.llm = ScriptedLLM(self._reply)

    def clock(self) -> datetime:
        """An hour a call."""
        return START + timedelta(hours=self.number)

    def _reply(self, prompt: Prompt) -> str:
        self.asked += 1
        time.sleep(self.pause)
        if self.down:
            raise ModelUnavailable("The model is away.", advice="Try again.")
        if prompt.task != "extract":
            return "{}"
        found = [(f"m{n}", m) for n, text in LINE.findall(prompt.user) for m in STATEMENT.finditer(text)]
        names = dict.fromkeys(name for _, m in found for name in (m[1], m[3]))
        facts = [
            {
                "message": index, "quote": m[0], "text": f"{m[0]}.", "kind": "semantic", "modality": "asserted",
                "correction": False, "valid_from": "", "valid_to": "", "subject": m[1],
                "relations": [[m[1], m[2], m[3]]],
            }
            for index, m in found
        ]  # fmt: skip
        return json.dumps({"entities": [{"name": n, "type": "Person"} for n in names], "facts": facts})

    @contextmanager
    def opened(self, home: Path, **options: Any) -> Iterator[Memory]:
        """The home, as the workload uses it; about every other add writes to Chroma."""
        parts = {"llm": self.llm, "extractor": LLMExtractor(self.llm), "embedder": HashEmbedder(32), **options}
        with patch("graphmem.projection.GROUP", 6), Memory.open(home=home, clock=self.clock, **parts) as memory:
            yield memory

    def perform(self, memory: Memory, number: int, call: Call) -> None:
        """One call. What a repeated call is refused for is taken as done."""
        self.number, self.down = number, call.down
        try:
            if call.verb == "apply":
                memory.apply(memory.plan(**call.arguments))
            else:
                getattr(memory, call.verb)(**call.arguments)
        except (NotFound, ConflictError, InputError):
            if call.verb not in ONCE:
                raise


Opening = Callable[[World, Path, int], AbstractContextManager[Memory]]
"""Opens a home for the calls from a number on; -1 after a kill, when nothing may help the home."""


def embedded(world: World, home: Path, first: int) -> AbstractContextManager[Memory]:
    """Chroma, and the graph of the ledger."""
    return world.opened(home)


def planned(seed: int, memory: Memory, world: World) -> Iterator[Call]:
    """The calls of a seed; each is chosen after the one before was performed on `memory`."""
    dice = random.Random(seed)
    middle = ["say"] * 5 + ["facts", "keep", "away", "update", "metadata", "delete", "undo", "undo", "undo", "verify"]
    dice.shuffle(middle)
    kinds = ["move", "say", "move", *middle, "back", "rebuild", "clear", *CARE, "reset", "move", "say"]
    for number, kind in enumerate(kinds):
        call = _call(kind, number, dice, memory)
        if call is not None:
            yield call


def _call(kind: str, number: int, dice: random.Random, memory: Memory) -> Call | None:
    who, key = dice.choice(TENANTS), f"call {number}"
    scope = {"user_id": who, **({"run_id": f"chat {dice.randrange(2)}"} if dice.random() < 0.7 else {})}
    add = {**scope, "idempotency_key": key}
    match kind:
        case "move":
            return Call("add", {"user_id": "ann", "idempotency_key": key, "messages": _moves(dice)})
        case "say":
            said: list[Any] = [_statement(dice) for _ in range(dice.randint(1, 3))]
            said.append({"role": "assistant", "content": f"Noted as {number}."})
            return Call("add", {**(scope if dice.random() < 0.3 else add), "messages": said})
        case "away":
            return Call("add", {**add, "messages": _statement(dice)}, down=True)
        case "back":
            return Call("retry", {})
        case "facts" | "planned":
            text = _statement(dice)
            named = text.rstrip(".").split(" ")
            fact = Fact(text=text, relations=((named[0], named[1], named[2]),))
            given = {**add, "messages": "Minutes", "facts": [fact], "metadata": {"n": number}}
            return Call("apply" if kind == "planned" else "add", given)
        case "keep":
            return Call("add", {**add, "messages": f"Kept word for word, {number}.", "infer": False})
        case "verify" | "rebuild" | "reset":
            return Call(kind, {})
        case "rumour":
            said_by_others = f"Ann lives_in {dice.choice(CITIES)}{dice.randrange(1000)}."
            return Call("add", {"user_id": "ann", "idempotency_key": key, "messages": said_by_others, "trust": "web"})
        case "passing":
            soon = START + timedelta(hours=number, minutes=1)
            return Call("add", {**add, "messages": _statement(dice), "expires_at": soon})
        case "expire":
            return Call("expire", {"purge": dice.random() < 0.5})
        case "merge" | "split" | "accept" | "reject" | "erase one" | "erase all":
            return _care(kind, dice, memory)
        case "clear":
            return Call("delete_all", {"user_id": who})
    return _change(kind, number, dice, memory, who)


def _care(kind: str, dice: random.Random, memory: Memory) -> Call | None:
    """Decisions about what is there."""
    if kind in {"accept", "reject"}:
        waiting = [review for review in memory.reviews(user_id="ann") if review.kind == "supersede"]
        return Call(kind, {"id": dice.choice(waiting).id}) if waiting else None
    if kind == "erase all":
        return Call("erase", {"user_id": dice.choice(TENANTS)})
    who = dice.choice([name for name in TENANTS if len(memory.entities(user_id=name)) > 1])
    if kind == "erase one":
        known = memory.list(user_id=who, include_past=True).items
        return Call("erase", {"id": dice.choice(known).id}) if known else None
    if kind == "split":
        merged = [(n, e) for n in TENANTS for e in memory.entities(user_id=n) if set(e.aliases) - {e.name}]
        if not merged:
            return None
        who, entity = dice.choice(merged)
        alias = next(alias for alias in entity.aliases if alias != entity.name)
        return Call("split", {"user_id": who, "name": entity.name, "alias": alias})
    one, other = dice.sample([entity.name for entity in memory.entities(user_id=who)], 2)
    return Call("merge", {"user_id": who, "name": one, "other": other})


def _change(kind: str, number: int, dice: random.Random, memory: Memory, who: str) -> Call | None:
    known = [m for name in (who, *TENANTS) for m in memory.list(user_id=name, include_past=True)]
    if not known:
        return None
    chosen = dice.choice(known[:8])
    if kind == "undo":
        # The newest can be undone for certain; one of the others may have something built on it.
        chosen = max(known, key=lambda m: (m.recorded_at, m.id)) if dice.random() < 0.5 else chosen
        lines = [h for h in memory.history(chosen.id) if h.resolution_id and not h.resolution_id.startswith("undo:")]
        return Call("undo", {"resolution_id": lines[-1].resolution_id}) if lines else None
    if kind == "delete":
        return Call("delete", {"id": chosen.id})
    changed = {"text": _statement(dice)} if kind == "update" else {"metadata": {"note": number}}
    return Call("update", {"id": chosen.id, **changed})


def _statement(dice: random.Random) -> str:
    if dice.random() < 0.4:
        return f"{dice.choice(PEOPLE)} lives_in {dice.choice(CITIES)}."
    one, other = dice.sample(PEOPLE, 2)
    return f"{one} {dice.choice(('knows', 'works_with'))} {other}."


def _moves(dice: random.Random) -> str:
    """Of one person to another place each time: what was so before is superseded."""
    return f"Ann lives_in {dice.choice(CITIES)}{dice.randrange(1000)}."


def undisturbed(seed: int, home: Path, keep: Any, opening: Opening = embedded) -> Iterator[Call]:
    """Plan and perform a whole workload; `keep()` is called with the home open after each call."""
    world = World()
    with opening(world, home, 0) as memory:
        keep()
        for number, call in enumerate(planned(seed, memory, world)):
            try:
                world.perform(memory, number, call)
            except GraphMemError as exc:
                raise AssertionError(f"seed {seed}, call {number} {call}: {exc}") from exc
            keep()
            yield call
            # What the next call is chosen by is seen at its own time.
            world.number = number + 1
