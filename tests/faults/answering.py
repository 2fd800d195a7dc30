"""Adds whose chat model answers badly, over HTTP and the real client; and what must hold after each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from graphmem import AddResult, Memory
from graphmem.inputs import MAX_RESULTS
from graphmem.models.limiter import Limiter
from graphmem.models.llm_extractor import LLMExtractor
from graphmem.models.openai import OpenAIChat
from graphmem.models.scripted import HashEmbedder
from graphmem.values import Memory as Fact
from tests.faults.bad_replies import Bad
from tests.steps.malformed_replies import MESSAGES, TEXT
from tests.stub_server import Answer, StubServer

OUTCOMES = {"ok", "repaired", "retried", "quarantined"}


class Model:
    """A server whose answer is set before each add; well, until it is told otherwise."""

    def __init__(self, home: Path) -> None:
        self.answer = Answer(TEXT)
        self.server = StubServer(lambda _: self.answer, keep=False)
        self.home = home

    def opened(self) -> Memory:
        """The memory that asks it, with nothing waited for."""
        limiter = Limiter(sleep=lambda _: None)
        llm = OpenAIChat("m", provider="custom", base_url=self.server.base_url, limiter=limiter, tries=2)
        return Memory.open(
            home=self.home, vectors="none", llm=llm, embedder=HashEmbedder(32), extractor=LLMExtractor(llm)
        )


def say(memory: Memory, user: str) -> AddResult:
    """The add that every bad answer answers."""
    said = {"role": "user", "name": "Ann", "timestamp": "2024-05-08T12:00:00Z"}
    return memory.add([{**said, "content": text} for text in MESSAGES], user_id=user)


def wrong(result: AddResult, memory: Memory, user: str) -> list[str]:
    """What is not as it must be after an add, in words."""
    found = _held(memory, user)
    added = {change.memory_id for change in result.changes if change.event == "ADD"}
    kept = memory.search("Lisbon", user_id=user, include=["messages"], k=5, relations=False).hits
    checks = {
        "no typed outcome": result.outcome not in OUTCOMES,
        "quarantined without a reason": result.outcome == "quarantined" and not result.reason,
        "not failed although quarantined": (result.outcome == "quarantined") != (result.status == "failed"),
        "half a write": {memory.id for memory in found} != added,
        "facts of a failed add": result.status == "failed" and bool(found),
        "the messages are not searchable": not any("Lisbon" in hit.text for hit in kept),
    }
    return [problem for problem, there in checks.items() if there]


def _held(memory: Memory, user: str) -> list[Fact]:
    page = memory.list(user_id=user, include_past=True, limit=MAX_RESULTS)
    found = [*page]
    while page.cursor:
        page = memory.list(user_id=user, include_past=True, limit=MAX_RESULTS, cursor=page.cursor)
        found += page
    return found


def answered(home: Path, answers: Iterable[Bad]) -> tuple[Counter[str], list[str]]:
    """Outcomes of adds with these answers, and what went wrong. At the end the model is well: all must come home."""
    problems: list[str] = []
    seen: Counter[str] = Counter()
    model = Model(home)
    with model.server, model.opened() as memory:
        for number, bad in enumerate(answers):
            model.answer = bad.answer
            result = say(memory, f"u{number}")
            seen[result.outcome] += 1
            problems += [f"{bad.kind}: {what}: {str(bad.answer)[:200]}" for what in wrong(result, memory, f"u{number}")]
        model.answer = Answer(TEXT)
        waiting = {episode.id for episode in memory.episodes(status="failed", limit=1_000_000)}
        home_again = {result.episode_id for result in memory.retry() if result.status == "done"}
        if waiting != home_again or len(waiting) != seen["quarantined"]:
            problems.append(f"{len(waiting)} failed, {seen['quarantined']} quarantined, {len(home_again)} came home")
        problems += [f"{d.store} {d.item} {d.problem}" for d in memory.verify().differences]
    return seen, problems
