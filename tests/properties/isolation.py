"""Random operations of many owners on one home: nothing that is answered may belong to a scope that was not asked.

    python -m tests.properties.isolation [--operations 100000] [--owners 200] [--seed 0] [--vectors none] [--json FILE]

Every text of a scope holds its word: facts, messages, names of entities and speakers, metadata. Whatever is read is
written out whole and searched for words of other scopes, errors too, and lists are compared with what was written.
Prints how often each method was asked; exits 1 when anything was shown, lost or changed that should not be.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from pydantic import BaseModel

from graphmem import Fact, GraphMemError, Memory
from graphmem.errors import UnknownEntity
from graphmem.models.scripted import HashEmbedder
from tests.properties.rows import Rows
from tests.properties.scopes import Labels, Scopes

START = datetime(2024, 1, 1, tzinfo=UTC)
PEOPLE = ("Dana", "Emil", "Fay", "Gus")
TYPES = ("knows", "visited", "likes")
EVERYTHING = 1000
PART = 1000
"""Operations from one report to the next."""


class Tenants:
    """Owners that write, change, remove and ask at random, and what each of them has."""

    def __init__(self, home: Path, *, owners: int, seed: int, **options: Any) -> None:
        self.random = Random(seed)
        self.scopes = Scopes(self.random, owners)
        self.now, self.number = START, 0
        self.home = home
        self.memory = Memory.open(
            home=home, embedder=HashEmbedder(32), extractor="none", clock=lambda: self.now, **options
        )
        # Reading sentences costs more than all the rest, and sees no scope.
        self.memory._engine = replace(self.memory._engine, reader=None)
        self.rows = Rows(home)
        self.facts: dict[str, str] = {}
        """Id of each memory that is there -> the word of its scope."""
        self.of: dict[str, dict[str, None]] = {}
        """Word -> ids, in order."""
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []

    def run(self, operations: int) -> None:
        """So many operations, writes and reads mixed; at the end each once, for those that are rare."""
        verbs = [*WRITES, *READS]
        weights = [*WRITES.values(), *READS.values()]
        mixed = self.random.choices(verbs, weights, k=max(0, operations - len(verbs)))
        for verb in [*mixed, *self.random.sample(verbs, len(verbs))][:operations]:
            self.number += 1
            self.now += timedelta(minutes=1)
            self.counts[verb] += 1
            getattr(self, verb)()

    # what goes in and out

    def add(self) -> None:
        """One or two facts about people whom everybody knows by the same names, or only a message."""
        labels = self.scopes.one()
        word = self.scopes.word(labels)
        message = {"role": "user", "content": f"Message {self.number} of {word}", "name": f"Speaker {word}"}
        facts = [self._fact(word, place) for place in range(self.random.randint(0, 2))]
        result = self.memory.add(message, facts=facts, metadata={"word": word}, **labels)
        self._shown("add", labels, result)
        for change in result.changes:
            if change.event == "ADD":
                self._there(change.memory_id, word)

    def _fact(self, word: str, place: int) -> Fact:
        who, other = self.random.sample(PEOPLE, 2)
        target = self.random.choice((other, f"Place {word}", f"Place{place} {word}"))
        kind = self.random.choice(TYPES)
        text = f"{who} {kind} {target}, says {word} for the {self.number}th time ({place})."
        return Fact(text=text, subject=who, relations=((who, kind, target),), metadata={"tag": f"tag {word}"})

    def _there(self, memory_id: str, word: str) -> None:
        if memory_id in self.facts:
            self._wrong("add", f"{memory_id} was there already")
        self.facts[memory_id] = word
        self.of.setdefault(word, {})[memory_id] = None

    def _gone(self, memory_id: str) -> None:
        del self.of[self.facts.pop(memory_id)][memory_id]

    def _some(self) -> str | None:
        """Id of some memory."""
        words = [word for word, ids in self.of.items() if ids]
        return self.random.choice(list(self.of[self.random.choice(words)])) if words else None

    def update(self) -> None:
        """Another text of one memory."""
        if (memory_id := self._some()) is not None:
            word = self.facts[memory_id]
            self.memory.update(memory_id, f"Changed by {word} at {self.number}.", {"note": word})

    def delete(self) -> None:
        """One memory goes."""
        if (memory_id := self._some()) is not None:
            self.memory.delete(memory_id)
            self._gone(memory_id)

    def undo(self) -> None:
        """One memory goes and comes back."""
        if (memory_id := self._some()) is not None:
            report = self.memory.delete(memory_id)
            self.memory.undo(report.resolution_id or "")
            self._shown("undo", self.scopes.labels[self.facts[memory_id]], self.memory.get(memory_id))

    def delete_all(self) -> None:
        """A scope goes with all that carries its labels; of an owner that is not among them no row changes."""
        self._remove(lambda asked: self.memory.delete_all(**asked))

    def erase(self) -> None:
        """As `delete_all`, for good."""
        self._remove(lambda asked: self.memory.erase(**asked))

    def _remove(self, call: Callable[[Labels], object]) -> None:
        asked = self.scopes.asked()
        owners = sorted({labels["user_id"] for labels in self.scopes.labels.values() if "user_id" in labels})
        touched = {labels.get("user_id") for labels in self.scopes.labels.values() if asked.items() <= labels.items()}
        others = [owner for owner in owners if owner not in touched]
        watched = self.random.sample(others, min(3, len(others)))
        before = [self.rows.of(owner) for owner in watched]
        call(asked)
        if before != [self.rows.of(owner) for owner in watched]:
            self._wrong("remove", f"{asked} changed rows of one of {watched}")
        for memory_id in self._expected(asked):
            self._gone(memory_id)

    def _expected(self, asked: Labels) -> list[str]:
        """Ids of what carries all labels asked for."""
        words = [word for word, labels in self.scopes.labels.items() if asked.items() <= labels.items()]
        return [memory_id for word in words for memory_id in self.of.get(word, ())]

    # what is asked

    def _shown(self, verb: str, asked: Labels, *answers: object) -> None:
        """Nothing in an answer carries the word of a scope that was not asked for."""
        if foreign := self.scopes.foreign(" ".join(written(answer) for answer in answers), asked):
            self._wrong(verb, f"{asked} was shown {[self.scopes.labels.get(word, word) for word in sorted(foreign)]}")

    def _wrong(self, verb: str, what: str) -> None:
        self.problems.append(f"operation {self.number}, {verb}: {what}"[:2000])

    def _ask(self, verb: str, call: Callable[[Labels], object]) -> None:
        asked = self.scopes.asked()
        try:
            self._shown(verb, asked, call(asked))
        except UnknownEntity as error:
            # The name that was asked for is the asker's own word.
            self._shown(verb, asked, error.suggestions)

    def list(self) -> None:
        """All of a scope, and nothing else."""
        asked = self.scopes.asked()
        found = self.memory.list(limit=EVERYTHING, **asked)
        self._shown("list", asked, found)
        expected = self._expected(asked)
        if len(expected) <= EVERYTHING and sorted(expected) != sorted(item.id for item in found):
            self._wrong("list", f"{asked} has {len(expected)} memories and was shown {len(found)}")

    def search(self) -> None:
        """The words of somebody else, asked in a scope; as many are found as there are."""
        asked = self.scopes.asked()
        found = self.memory.search(self._question(), k=5, include=("facts",), **asked)
        self._shown("search", asked, found)
        if len(found) < min(5, len(self._expected(asked))):
            self._wrong("search", f"{asked} has {len(self._expected(asked))} memories and {len(found)} were found")

    def search_all(self) -> None:
        """Messages too, with a filter that matches what others have."""
        word = self._word()
        filters = self.random.choice((None, {"word": word}, {"tag": f"tag {word}"}, {"user_id": "ann"}))
        options = {"filters": filters, "explain": True, "include_past": self.random.random() < 0.5}
        self._ask("search", lambda asked: self.memory.search(self._question(), k=20, **options, **asked))

    def _word(self) -> str:
        return self.scopes.written() if self.scopes.labels else "nobody"

    def _question(self) -> str:
        return f"{self.random.choice(PEOPLE)} {self.random.choice(TYPES)} Place {self._word()}"

    def _name(self) -> str:
        """A name that all know, or one of some scope."""
        return self.random.choice((*PEOPLE, f"Place {self._word()}", f"Speaker {self._word()}"))

    def context(self) -> None:
        """A block for a prompt."""
        self._ask("context", lambda asked: self.memory.context(self._question(), **asked))

    def entities(self) -> None:
        """Names, by a part of them or all."""
        text = self.random.choice(("", "Place", self._name(), self._word()))
        self._ask("entities", lambda asked: self.memory.entities(text, **asked))

    def entity(self) -> None:
        """A card."""
        self._ask("entity", lambda asked: self.memory.entity(self._name(), **asked))

    def relations(self) -> None:
        """Of somebody, or all."""
        name = self.random.choice((None, self._name()))
        past = self.random.random() < 0.5
        self._ask("relations", lambda asked: self.memory.relations(name, include_past=past, **asked))

    def neighbors(self) -> None:
        """Up to three steps away."""
        depth = self.random.randint(1, 3)
        self._ask("neighbors", lambda asked: self.memory.neighbors(self._name(), depth=depth, **asked))

    def paths(self) -> None:
        """Between two names."""
        self._ask("paths", lambda asked: self.memory.paths(self._name(), self._name(), **asked))

    def common(self) -> None:
        """What two have in common."""
        self._ask("common", lambda asked: self.memory.common(*self.random.sample(PEOPLE, 2), **asked))

    def timeline(self) -> None:
        """Everything about somebody."""
        self._ask("timeline", lambda asked: self.memory.timeline(self._name(), **asked))

    def match(self) -> None:
        """Patterns with variables."""
        patterns = self.random.choice(
            (["?a knows ?b"], ["?a knows ?b", "?b visited ?c"], [f'"{self._name()}" likes ?x'])
        )
        self._ask("match", lambda asked: self.memory.match(*patterns, **asked))

    def graph(self) -> None:
        """All of it, as what other tools take."""
        self._ask("graph", lambda asked: self.memory.graph(**asked).to_json())

    def episodes(self) -> None:
        """Accepted adds."""
        self._ask("episodes", lambda asked: self.memory.episodes(**asked))

    def reviews(self) -> None:
        """What waits."""
        self._ask("reviews", lambda asked: self.memory.reviews(**asked))

    def diff(self) -> None:
        """What came of late."""
        since = self.now - timedelta(hours=2)
        self._ask("diff", lambda asked: self.memory.diff(since, **asked))

    def audit(self) -> None:
        """Duplicates, contradictions, orphans."""
        self._ask("audit", lambda asked: self.memory.audit(**asked))

    def history(self) -> None:
        """What happened to one memory is told with its own words only."""
        if (memory_id := self._some()) is not None:
            self._shown("history", self.scopes.labels[self.facts[memory_id]], self.memory.history(memory_id))

    def export(self) -> None:
        """The file of one user."""
        asked = {"user_id": self.scopes.one().get("user_id", "ann")}
        file = self.home.parent / "export.jsonl"
        self.memory.export(file, user_id=asked["user_id"], vectors=False, force=True)
        self._shown("export", asked, file.read_text(encoding="utf-8"))

    def figures(self) -> dict[str, Any]:
        """What was done so far, and what was wrong."""
        return {
            "operations": self.number,
            "scopes written": len(self.scopes.labels),
            "memories": len(self.facts),
            "asked": dict(sorted(self.counts.items())),
            "problems": len(self.problems),
            "first": self.problems[:20],
        }

    def close(self) -> list[str]:
        """What the ledger and the stores say at the end."""
        different = [f"{d.store} {d.item} {d.problem}" for d in self.memory.verify().differences]
        self.rows.close()
        self.memory.close()
        return different


WRITES = {"add": 26, "update": 2, "delete": 4, "undo": 1, "delete_all": 1.5, "erase": 0.1}
READS = {
    "list": 10, "search": 8, "search_all": 5, "context": 3, "entities": 5, "entity": 5, "relations": 6, "neighbors": 5,
    "paths": 3, "common": 3, "timeline": 3, "match": 3, "graph": 3, "episodes": 2, "reviews": 2, "diff": 1,
    "audit": 0.1, "history": 3, "export": 0.3,
}  # fmt: skip


def written(answer: object) -> str:
    """An answer with everything in it."""
    if isinstance(answer, BaseModel):
        return answer.model_dump_json()
    if isinstance(answer, Iterable) and not isinstance(answer, str | dict):
        return " ".join(written(part) for part in answer)
    return str(answer)


def figures(
    operations: int, *, owners: int, seed: int, folder: Path | None, part: Path | None = None, **options: Any
) -> dict[str, Any]:
    """Run them on a home of their own, and say what was seen; `part` is written now and then, too."""
    begun = time.process_time()
    with tempfile.TemporaryDirectory(dir=folder) as home:
        tenants = Tenants(Path(home) / "home", owners=owners, seed=seed, **options)
        try:
            while (left := operations - tenants.number) > 0:
                tenants.run(min(left, PART))
                if part is not None:
                    part.write_text(json.dumps(tenants.figures() | _spent(begun), indent=1), encoding="utf-8")
        except GraphMemError as error:
            tenants._wrong("error", repr(error))
        found = tenants.figures()
        return found | {"differences of the stores": tenants.close()[:10]} | _spent(begun)


def _spent(begun: float) -> dict[str, int]:
    return {"seconds of one core": round(time.process_time() - begun)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--owners", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vectors", choices=("chroma", "none"), default="none")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    options = {"owners": given.owners, "seed": given.seed, "folder": given.folder, "vectors": given.vectors}
    found = figures(given.operations, part=given.json, **options)
    print(json.dumps(found, indent=1, ensure_ascii=False))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    sys.exit(1 if found["problems"] or found["differences of the stores"] else 0)


if __name__ == "__main__":
    main()
