"""What is planted to be erased: words that occur nowhere else, in every place that keeps a text, and the ways to erase.

A marker is ten random letters and the same again with accents and in Chinese, so that what stays in a file can be told
in whatever way it is written there.
"""

from __future__ import annotations

import base64
import json
import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from string import ascii_lowercase

import numpy as np
import numpy.typing as npt

from graphmem import Fact, Memory, Receipt

ACCENTED = "áèîõüçñøåßæđęğıłőśťųżàéíôýćķļňř"[:26]
CHINESE = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余"[:26]
PIECE = 4
"""Letters of the shortest scrap that is looked for in Chinese; in Latin twice as many."""


@dataclass
class Marker:
    """One word in three scripts."""

    latin: str
    accented: str
    chinese: str

    @classmethod
    def drawn(cls, dice: random.Random) -> Marker:
        """A new one."""
        places = [dice.randrange(26) for _ in range(10)]
        return cls(*("".join(letters[place] for place in places) for letters in (ascii_lowercase, ACCENTED, CHINESE)))

    @property
    def text(self) -> str:
        """All three, as a sentence may hold them."""
        return f"{self.latin} {self.accented} {self.chinese}"

    def pieces(self) -> set[bytes]:
        """What must not be found: halves of the word in each script and coding; Latin letters in lower case."""
        found: set[bytes] = set()
        for word, size in ((self.latin, 2 * PIECE), (self.accented, 2 * PIECE), (self.chinese, PIECE)):
            for some in (word[:size], word[-size:]):
                forms = {some, unicodedata.normalize("NFD", some)}
                found |= {form.encode(coding) for form in forms for coding in ("utf-8", "utf-16-le", "utf-16-be")}
                found |= {json.dumps(form)[1:-1].encode() for form in forms}
        return found

    def coded(self) -> set[bytes]:
        """The same in base64, where case tells."""
        words = (self.latin, self.accented, self.chinese)
        return {base64.b64encode(word.encode())[:8] for word in words}


@dataclass
class World:
    """A home to plant in, and who else lives there."""

    memory: Memory
    dice: random.Random
    now: datetime

    def clock(self) -> datetime:
        """Time stands still until it is moved."""
        return self.now

    def wait(self, **span: float) -> None:
        """Let time go by."""
        self.now += timedelta(**span)


@dataclass
class Planted:
    """What is there, and how it goes."""

    marker: Marker
    erase: Callable[[], Receipt]
    more: list[Marker] = field(default_factory=list)


def story(marker: Marker) -> list[dict[str, object]]:
    """Three messages that name the marker in content, name and metadata."""
    latin = marker.latin
    return [
        {"content": f"Quark{latin} knows Zeta{latin}. {marker.text}", "name": f"Ann {latin}"},
        {"role": "assistant", "content": f"So 张{marker.chinese} it is, naïve café {marker.accented}?"},
        {
            "content": f"Zeta{latin} lives_in Xanadu{latin}.",
            "metadata": {f"key {latin}": [marker.text, {"deep": marker.chinese}]},
        },
    ]


def told(marker: Marker, number: int = 0) -> Fact:
    """A supplied fact in three scripts."""
    name = f"Quark{marker.latin}"
    return Fact(
        text=f"{name} likes number {number} of {marker.text}",
        relations=((name, "likes", f"Tea {marker.accented}"), (name, "visits", f"城{marker.chinese}")),
        subject=name,
        metadata={"seen": marker.text},
    )


def user(world: World, marker: Marker) -> Planted:
    """Everything that a user can leave behind: texts, old texts, deleted ones, merges, reviews, plans, runs."""
    memory, who = world.memory, {"user_id": f"user {marker.latin}"}
    memory.add(story(marker), **who, run_id=f"run {marker.latin}", metadata={"of": marker.text})
    memory.add(
        f"I like {marker.text}",
        **who,
        agent_id=f"agent {marker.latin}",
        facts=[told(marker), told(marker, 1)],
        instructions=f"Mind {marker.text}",
        idempotency_key=f"key {marker.text}",
    )
    facts = memory.list(**who).items
    memory.update(facts[0].id, text=f"Reworded {marker.text}", metadata={"new": marker.latin})
    removed = memory.delete(facts[1].id)
    if world.dice.random() < 0.5:
        memory.undo(str(removed.resolution_id))
    _rumour(world, marker, who)
    memory.add(f"Only said {marker.text}", **who, infer=False)
    memory.merge(f"Quark{marker.latin}", f"Zeta{marker.latin}", **who)
    memory.search(f"What of {marker.text}?", **who)
    memory.context(marker.latin, **who)
    memory.plan(f"Quark{marker.latin} hates Plan{marker.latin}.", **who)
    if world.dice.random() < 0.3:
        memory.delete_all(**who)
    return Planted(marker, lambda: memory.erase(**who))


def _rumour(world: World, marker: Marker, who: dict[str, str]) -> None:
    world.wait(days=1)
    said = f"Zeta{marker.latin} lives_in Rumour{marker.latin}."
    world.memory.add({"role": "tool", "content": said}, **who, at=world.now)


def run(world: World, marker: Marker) -> Planted:
    """A conversation of somebody who stays."""
    scope = {"user_id": "ann", "run_id": f"run {marker.latin}"}
    world.memory.add(story(marker), **scope)
    world.memory.add(f"More of {marker.text}", **scope, facts=[told(marker)])
    return Planted(marker, lambda: world.memory.erase(**scope))


def agent(world: World, marker: Marker) -> Planted:
    """What an agent said with two users."""
    scope = {"agent_id": f"agent {marker.latin}"}
    for who in ("ann", "bob"):
        world.memory.add(story(marker), user_id=who, **scope)
    return Planted(marker, lambda: world.memory.erase(**scope))


def entity(world: World, marker: Marker) -> Planted:
    """All that names somebody, with what is known of the name."""
    name = f"Quark{marker.latin}"
    world.memory.add([f"{name} knows Ann{n}. {marker.text}" for n in range(2)], user_id="ann")
    world.memory.add(f"I greeted {name.lower()} {marker.text}", user_id="ann", infer=False)
    world.memory.add(f"{name} said {marker.text}", user_id="ann", facts=[told(marker)])
    if world.dice.random() < 0.5:
        world.memory.add(f"Alias{marker.latin} likes {name}.", user_id="ann")
        world.memory.merge(name, f"Alias{marker.latin}", user_id="ann")
    return Planted(marker, lambda: world.memory.erase(entity=name, user_id="ann"))


def memories(world: World, marker: Marker) -> Planted:
    """Memories by their ids, with the messages that only they rest on; some reworded, one deleted."""
    texts = [f"Quark{marker.latin} knows Zeta{n}{marker.latin}. {marker.text}" for n in range(3)]
    ids = [c.memory_id for text in texts for c in world.memory.add(text, user_id="bob").changes if c.event == "ADD"]
    world.memory.update(ids[0], text=f"Reworded {marker.text}")
    world.memory.update(ids[0], text=f"Again {marker.text}")
    world.memory.delete(ids[-1])
    return Planted(marker, lambda: world.memory.erase(ids))


def message(world: World, marker: Marker) -> Planted:
    """Messages among neighbours that stay."""
    scope = {"user_id": "bob", "run_id": "long talk"}
    world.memory.add(f"Before {world.dice.random()}", **scope)
    added = world.memory.add(story(marker)[:2], **scope)
    world.memory.add(f"After {world.dice.random()}", **scope)
    return Planted(marker, lambda: world.memory.erase(added.message_ids))


def expired(world: World, marker: Marker) -> Planted:
    """What had a time to live."""
    world.memory.add(story(marker), user_id="ann", ttl=1, facts=[told(marker)])
    world.wait(days=2)

    def purge() -> Receipt:
        report = world.memory.expire(purge=True)
        assert report.receipt is not None
        return report.receipt

    return Planted(marker, purge)


def held(world: World, marker: Marker) -> Planted:
    """What an untrusted source said, waiting for a review."""
    name, places = f"Quark{marker.latin}", ("Xanadu", "Rumour")
    added = [
        world.memory.add(
            f"{name} lives in {place}{marker.latin} {marker.text}",
            facts=[Fact(text=f"{name} lives in {place}{marker.latin} {marker.text}",
                        relations=((name, "lives_in", f"{place}{marker.latin}"),), subject=name)],
            user_id="ann", trust=trust, at=world.now + timedelta(days=day),
        )
        for day, (place, trust) in enumerate(zip(places, ("user", "web"), strict=True))
    ]  # fmt: skip
    if world.dice.random() < 0.3:
        for review in added[1].reviews:
            world.memory.reject(review)
    return Planted(marker, lambda: world.memory.erase([i for one in added for i in one.message_ids]))


WAYS: dict[str, Callable[[World, Marker], Planted]] = {
    "user": user,
    "run": run,
    "agent": agent,
    "entity": entity,
    "memories": memories,
    "messages": message,
    "expired": expired,
    "held": held,
}


class DenseEmbedder:
    """A vector of its own for each text, every number in it another: what is left of one can be told."""

    dimensions = 48
    fingerprint = "dense-test:48:l2"

    def embed(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Rows drawn from the text."""
        rows = [np.random.default_rng([*text.encode("utf-8", "replace")]).standard_normal(48) for text in texts]
        found = np.asarray(rows or np.zeros((0, 48)), dtype=np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True) if rows else found

    def close(self) -> None:
        """Nothing to free."""


def vector_pieces(rows: Iterator[npt.NDArray[np.float32]] | list[npt.NDArray[np.float32]]) -> set[bytes]:
    """The first 16 bytes of vectors, as the ledger holds them and as an index does that divides by the length."""
    found = set()
    for row in rows:
        found |= {row[:4].tobytes(), (row / np.sqrt(np.dot(row, row)))[:4].astype(np.float32).tobytes()}
        length = np.float32(1.0) / np.float32(np.sqrt(np.sum(np.square(row), dtype=np.float32)))
        found.add((row * length)[:4].tobytes())
    return found
