"""Erased is erased: no byte of it in any file, and nobody else's data touched."""

from __future__ import annotations

import os
import random
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import insert

from graphmem import Fact, InputError, Memory, NotFound, ScopeError, UnknownEntity
from graphmem.faults import listening
from graphmem.ledger.database.schema import similar
from graphmem.values import Scope
from tests.operations.conftest import Opener
from tests.operations.worlds import bytes_left, everything

ERASURES = int(os.environ.get("GRAPHMEM_TEST_ERASURES", "3"))
"""Random erasures of the long test; every one is followed by a search of every byte."""


def fill(memory: Memory, user: str, count: int = 4) -> None:
    """Facts with rare words, one of them changed, one deleted, and a message that nothing was read from."""
    name = user.title()
    for number in range(count):
        memory.add(
            f"{name} visited Xanadu{number}{user} and said wugword{number}{user}",
            facts=[
                Fact(
                    text=f"{name} visited Xanadu{number}{user}",
                    relations=((name, "visited", f"Xanadu{number}{user}"),),
                    subject=name,
                )
            ],
            user_id=user,
            run_id=f"run{number % 2}",
            metadata={"note": f"notequux{number}{user}"},
        )
    memory.add({"role": "user", "content": f"Only saying blorpish{user}"}, user_id=user, infer=False)
    facts = {fact.text: fact.id for fact in memory.list(user_id=user)}
    memory.update(facts[f"{name} visited Xanadu0{user}"], text=f"{name} visited Shambala0{user}")
    memory.delete(facts[f"{name} visited Xanadu1{user}"])


def found(memory: Memory, start: str, user: str = "maria") -> str:
    """The id of the first memory whose text begins so."""
    return next(fact.id for fact in memory.list(user_id=user) if fact.text.startswith(start))


def vector(memory: Memory, item_id: str) -> bytes:
    """The bytes of the vector of a fact."""
    return memory._engine.ledger.vectors([(item_id, "fact")])[item_id, "fact"].tobytes()


def test_a_user_is_gone_from_every_byte(graph: Memory, home: Path):
    """Texts, old texts, deleted texts, metadata, names and vectors of a user are in no file."""
    fill(graph, "maria")
    fill(graph, "bob")
    graph.verify()
    gone = vector(graph, found(graph, "Maria visited Xanadu2maria"))
    before = everything(graph, "bob")
    assert bytes_left(home, "xanadu1maria", "wugword2maria", gone)

    receipt = graph.erase(user_id="maria")

    assert {} == bytes_left(home, "maria", gone)
    assert (True, 0, 3, 5) == (receipt.complete, receipt.residue, receipt.memories, receipt.messages)
    assert before == everything(graph, "bob")
    assert () == graph.verify().differences
    assert not graph.search("Xanadu", user_id="maria").hits


def test_a_memory_goes_with_its_source_and_its_past(bare: Memory, home: Path):
    """The present and the former text of a memory, its message and its names are in no file; its neighbours stay."""
    fill(bare, "maria")

    receipt = bare.erase(found(bare, "Maria visited Shambala0maria"))

    assert {} == bytes_left(home, "shambala0maria", "xanadu0maria", "wugword0maria", "notequux0maria")
    assert bytes_left(home, "xanadu2maria") and bytes_left(home, "wugword2maria")
    assert (1, 1, 1) == (receipt.memories, receipt.messages, receipt.episodes)
    assert () == bare.verify().differences


def test_a_deleted_memory_can_still_be_erased(bare: Memory, home: Path):
    """Deleting keeps texts for undo; erasing by the same id removes those, too."""
    fill(bare, "maria")
    deleted = found(bare, "Maria visited Xanadu2maria")
    bare.delete(deleted)
    assert bytes_left(home, "xanadu2maria", "wugword2maria")

    receipt = bare.erase(deleted)

    assert {} == bytes_left(home, "xanadu2maria", "wugword2maria")
    assert () == bare.history(deleted)
    assert 2 == receipt.history


def test_what_was_deleted_before_goes_with_its_scope(bare: Memory, home: Path):
    """Erasing a user after deleting everything of theirs leaves nothing in history either."""
    fill(bare, "maria")
    bare.delete_all(user_id="maria")
    assert bytes_left(home, "xanadu3maria")

    bare.erase(user_id="maria")

    assert {} == bytes_left(home, "maria")


def test_a_name_is_left_by_no_merge_of_what_was_deleted(bare: Memory, home: Path):
    """That two entities were one is noted under the name of their owner, which goes with the owner."""
    bare.add("Ann knows Bob", user_id="quuxmaria")
    bare.merge("Ann", "Bob", user_id="quuxmaria")
    bare.delete_all(user_id="quuxmaria")

    bare.erase(user_id="quuxmaria")

    assert {} == bytes_left(home, "quuxmaria")


def test_a_name_is_left_by_no_refusal_of_a_merge(bare: Memory, home: Path):
    """What was decided about two names goes with the last that says one of them."""
    bare.add("Marielle knows Bob", user_id="ann")
    bare.add("Mariellezqx knows Bob", user_id="ann")
    entities = bare._engine.ledger.find_entities(Scope(user_id="ann"))
    first, second = sorted(e.id for e in entities if e.name.startswith("Marielle"))
    with bare._engine.ledger._database.write("test") as connection:
        connection.execute(insert(similar).values(first_id=first, second_id=second, cosine=0.9))
    (proposal,) = [review for review in bare.reviews(user_id="ann") if review.kind == "merge"]
    bare.reject(proposal.id)
    (fact,) = [fact for fact in bare.list(user_id="ann") if "zqx" in fact.text]

    receipt = bare.erase(fact.id)

    assert (True, 0) == (receipt.complete, receipt.residue)
    assert {} == bytes_left(home, "Mariellezqx")


def test_an_entity_goes_with_all_that_names_it(bare: Memory, home: Path):
    """Every memory and message that names the entity goes, by mention or by word; other owners keep theirs."""
    bare.add("Ann knows Zebulon", user_id="maria")
    bare.add("Zebulon works_at Acme", user_id="maria", run_id="r")
    bare.add("I said hello to zebulon yesterday", user_id="maria", infer=False)
    bare.add("Ann works_at Acme", user_id="maria")
    bare.add("Zebulon likes Tea", user_id="bob")

    receipt = bare.erase(entity="Zebulon", user_id="maria")

    assert ["Ann works_at Acme"] == [fact.text for fact in bare.list(user_id="maria")]
    assert ["Zebulon likes Tea"] == [fact.text for fact in bare.list(user_id="bob")]
    assert (2, 3, True) == (receipt.memories, receipt.messages, receipt.entities >= 1)
    with pytest.raises(UnknownEntity):
        bare.entity("Zebulon", user_id="maria")
    bare.erase(entity="Zebulon", user_id="bob")
    assert {} == bytes_left(home, "zebulon")


def test_a_message_that_others_rest_on_is_kept_and_named(bare: Memory):
    """Erasing one of two facts of a message leaves the message for the other, and the receipt names it."""
    added = bare.add("Ann knows Bob and Ann works_at Acme", user_id="maria")

    receipt = bare.erase(found(bare, "Ann knows Bob"))

    assert (added.message_ids, 1, 0) == (receipt.kept, receipt.memories, receipt.messages)
    assert ["Ann works_at Acme"] == [fact.text for fact in bare.list(user_id="maria")]
    bare.erase(receipt.kept)
    assert not bare.list(user_id="maria").items


def test_a_dry_run_only_counts(bare: Memory):
    """It tells what would go, and everything is as it was."""
    fill(bare, "maria")
    before = everything(bare, "maria")

    would = bare.erase(user_id="maria", dry_run=True)

    assert (3, 5, True, None) == (would.memories, would.messages, would.dry_run, would.residue)
    assert before == everything(bare, "maria")
    done = bare.erase(user_id="maria")
    same = {"memories", "messages", "episodes", "entities", "relations", "vectors", "history", "resolutions"}
    assert would.model_dump(include=same) == done.model_dump(include=same)


def test_a_reworded_memory_goes_with_the_run_that_reworded_it(bare: Memory, home: Path):
    """A text that an erased run wrote is in no memory and no line of history of another run."""
    bare.add("Maria likes Tea", user_id="maria", run_id="one")
    known = found(bare, "Maria likes Tea")
    plan = bare._engine.ledger.episode_result(bare.episodes(user_id="maria")[0].id)
    added = bare.add("Hear hear quuxtea", user_id="maria", run_id="two")
    reworded = bare._engine.ledger
    reworded.update(known, bare._engine.clock(), text="Maria likes quuxtea", metadata=None)
    with sqlite3.connect(home / "ledger.db") as raw:
        raw.execute("UPDATE resolutions SET episode_id = ? WHERE id <> ? AND episode_id IS NULL",
                    (added.episode_id, plan.resolution_id))  # fmt: skip
    raw.close()

    bare.erase(run_id="two", user_id="maria")

    assert {} == bytes_left(home, "quuxtea")


def test_a_crash_before_the_files_are_clean_is_made_good(opened: Opener, home: Path):
    """Rows gone and process dead: the next open cleans the files."""
    memory = opened()
    fill(memory, "maria")

    def crash(place: str) -> None:
        if place == "erase.rows":
            raise KeyboardInterrupt

    with listening(crash), pytest.raises(KeyboardInterrupt):
        memory.erase(user_id="maria")
    memory.close()
    assert bytes_left(home, "maria")

    again = opened()

    assert {} == bytes_left(home, "maria")
    assert () == again._engine.ledger.operating.unfinished_erasures()


def test_a_store_that_another_process_owns_is_told(opened: Opener, home: Path):
    """The receipt says what could not be cleaned, and a later open makes it good."""
    import fcntl

    memory = opened()
    fill(memory, "maria")
    memory.close()
    with (home / "chroma" / "owner.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        memory = opened()
        receipt = memory.erase(user_id="maria")
        assert (False, 0) == (receipt.complete, receipt.residue)
        assert "Another process owns" in receipt.problem
        memory.close()

    opened()

    assert {} == bytes_left(home, "maria")


def test_the_search_for_residue_can_find_something(bare: Memory, home: Path):
    """A copy of an erased text that someone put into the home is counted; what others still say is not."""
    fill(bare, "maria")
    bare.add("Maria visited Xanadu2maria", user_id="bob", infer=False)
    (home / "notes.bin").write_bytes(b"\x00\xff" * 5000 + b"Only saying blorpishmaria" + b"\x00" * 3)

    receipt = bare.erase(user_id="maria")

    assert (False, True) == (receipt.complete, receipt.residue >= 1)


def test_an_erased_message_can_be_said_again(bare: Memory):
    """Nothing remembers that it was there: the same add is a new one."""
    first = bare.add("Ann knows Bob", user_id="maria", idempotency_key="k")
    bare.erase(user_id="maria")

    again = bare.add("Ann knows Bob", user_id="maria", idempotency_key="k")

    assert (first.episode_id, False, "done") == (again.episode_id, again.duplicate, again.status)


def test_what_cannot_be_erased_is_refused(bare: Memory):
    """No scope, an unknown id, an id with a scope: each error says what to do."""
    bare.add("Ann knows Bob", user_id="maria")
    with pytest.raises(ScopeError):
        bare.erase()
    with pytest.raises(NotFound):
        bare.erase("nothing")
    with pytest.raises(InputError):
        bare.erase("x", user_id="maria")
    with pytest.raises(UnknownEntity):
        bare.erase(entity="Nobody", user_id="maria")


def test_random_erasures_leave_nothing_and_take_nothing_else(graph: Memory, home: Path):
    """After each of many random erasures no canary of what went is in any file, and the other user is as before."""
    chance = random.Random(5)
    fill(graph, "bob", 3)
    before = everything(graph, "bob")
    for number in range(ERASURES):
        canary = f"zyx{chance.randrange(10**9)}q"
        added = graph.add(
            [f"Quark{canary} likes Tea{canary}", f"aside {canary}"], user_id="maria", run_id=f"r{number % 3}"
        )
        way = chance.choice(("memory", "entity", "scope", "message"))
        if way == "memory":
            graph.erase([added.changes[0].memory_id, *added.message_ids])
        elif way == "entity":
            graph.erase(entity=f"Quark{canary}", user_id="maria")
            graph.erase(added.message_ids[1])
        elif way == "scope":
            graph.erase(user_id="maria", run_id=f"r{number % 3}")
        else:
            graph.erase(added.message_ids)
        assert {} == bytes_left(home, canary), (number, way)

    assert before == everything(graph, "bob")
    assert () == graph.verify().differences


def test_a_scope_of_an_agent_is_erased_for_all_users(bare: Memory, home: Path):
    """A scope without a user spans users; only what carries the label goes."""
    bare.add("Ann knows Wibbleone", user_id="maria", agent_id="helper")
    bare.add("Ann knows Wibbletwo", user_id="bob", agent_id="helper")
    bare.add("Ann knows Wibblethree", user_id="bob")

    bare.erase(agent_id="helper")

    assert {} == bytes_left(home, "wibbleone", "wibbletwo")
    assert ["Ann knows Wibblethree"] == [f.text for f in bare._engine.ledger.list(Scope(user_id="bob"), _ever(bare))]


def _ever(memory: Memory) -> object:
    from graphmem.values import When

    return When(now=memory._engine.clock(), everything=True)
