"""What an operation may cost, counted: model calls, embedding calls, write transactions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from graphmem import Memory
from graphmem.models.llm_extractor import LLMExtractor
from graphmem.models.scripted import HashEmbedder, ScriptedLLM
from tests.flows.conftest import Opener


@contextmanager
def statements(prefix: str) -> Iterator[list[str]]:
    """SQL statements that begin with `prefix`, on every database, while the block runs."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith(prefix):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def reply(*triples: tuple[str, str, str], quote: str = "Ann works at Acme") -> str:
    """A chat model's reply with one fact a triple."""
    facts = [
        {
            "text": f"{source} {kind.replace('_', ' ')} {target}",
            "message": "m1",
            "quote": quote,
            "kind": "semantic",
            "modality": "asserted",
            "correction": False,
            "valid_from": "",
            "valid_to": "",
            "subject": source,
            "relations": [[source, kind, target]],
        }
        for source, kind, target in triples
    ]
    names = sorted({name for source, _, target in triples for name in (source, target)})
    return json.dumps({"entities": [{"name": name, "type": "Thing"} for name in names], "facts": facts})


def reading(opened: Opener, *replies: str) -> tuple[Memory, ScriptedLLM, HashEmbedder]:
    """A memory whose extraction asks a scripted chat model."""
    llm, embedder = ScriptedLLM(replies), HashEmbedder()
    return opened(llm=llm, extractor=LLMExtractor(llm), embedder=embedder), llm, embedder


def test_an_add_is_one_chat_call_one_embedding_call_and_three_write_transactions(opened: Opener) -> None:
    """Record, journal, commit; the stores' acknowledgement waits."""
    memory, llm, embedder = reading(
        opened, reply(("Ann", "works_at", "Acme")), reply(("Bob", "likes", "Chess"), quote="likes Chess")
    )
    memory.add("Ann works at Acme", user_id="u")
    calls = embedder.calls
    with statements("BEGIN IMMEDIATE") as writes:
        result = memory.add("Bob likes Chess", user_id="u")

    assert (2, calls + 1, 3) == (len(llm.prompts), embedder.calls, len(writes))
    assert (1, 1) == (result.usage.model_calls, result.usage.embedding_calls)


def test_an_undecided_pair_costs_a_call_and_no_transaction_more(opened: Opener) -> None:
    """The reply that settles it is kept in the transaction that acts on it."""
    verdicts = json.dumps({"verdicts": [{"pair": 1, "action": "keep", "reason": "both hold"}]})
    memory, llm, _ = reading(
        opened,
        reply(("Ann", "has_blood_type", "A")),
        reply(("Ann", "has_blood_type", "B now"), quote="has blood type B"),
        verdicts,
    )
    memory.add("Ann works at Acme", user_id="u")
    with statements("BEGIN IMMEDIATE") as writes:
        result = memory.add("Ann has blood type B now", user_id="u")

    assert (3, 2, 3) == (len(llm.prompts), result.usage.model_calls, len(writes))
    kept = memory._engine.ledger.counts()["model_replies"]
    assert 3 == kept


def test_a_hundred_and_fifty_facts_are_still_two_calls_at_most(opened: Opener) -> None:
    """Every relation of a large reply is kept, for the same number of calls and transactions."""
    triples = [(f"Person{n}", "works_at", f"Company{n}") for n in range(150)]
    memory, llm, embedder = reading(opened, reply(*triples, quote="a long list"))
    with statements("BEGIN IMMEDIATE") as writes:
        memory.add("a long list", user_id="u")

    assert 150 == len(memory.relations(type="works_at", user_id="u"))
    assert len(llm.prompts) <= 2
    assert (1, 3) == (embedder.calls, len(writes))


def test_a_search_asks_no_chat_model_and_embeds_once(opened: Opener) -> None:
    """And it writes nothing."""
    memory, llm, embedder = reading(opened, reply(("Ann", "works_at", "Acme")))
    memory.add("Ann works at Acme", user_id="u")
    calls, prompts = embedder.calls, len(llm.prompts)
    with statements("BEGIN IMMEDIATE") as writes:
        found = memory.search("Where does Ann work?", user_id="u", explain=True)

    assert found.hits
    assert (calls + 1, prompts, []) == (embedder.calls, len(llm.prompts), writes)


def test_a_delete_asks_no_model(opened: Opener) -> None:
    """The relation leaves by what supports it, not by what a model thinks."""
    memory, llm, embedder = reading(opened, reply(("Ann", "works_at", "Acme")))
    gone = memory.add("Ann works at Acme", user_id="u").changes[0].memory_id
    before = (len(llm.prompts), embedder.calls)
    memory.delete(gone)

    assert before == (len(llm.prompts), embedder.calls)
    assert () == memory.relations(user_id="u")


def test_a_crash_after_the_reply_does_not_pay_twice(opened: Opener) -> None:
    """The journalled reply is read by the retry; the model is not asked again."""
    memory, llm, _ = reading(opened, reply(("Ann", "works_at", "Acme")))
    ledger = memory._engine.ledger
    commit = ledger.commit

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    ledger.commit = crash  # type: ignore[method-assign, assignment]
    try:
        memory.add("Ann works at Acme", user_id="u")
    except KeyboardInterrupt:
        ledger.commit = commit  # type: ignore[method-assign]
    results = memory.retry()

    assert ["done"] == [r.status for r in results]
    assert 1 == len(llm.prompts)
    assert ["Acme"] == [r.target.name for r in memory.relations("Ann", user_id="u")]
