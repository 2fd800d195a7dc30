"""What every ledger must do; a new one is added to the fixture."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphmem.errors import ConflictError, InputError, NotFound
from graphmem.ledger.sql import SqlLedger
from graphmem.models.contracts import Reply
from graphmem.values import Entity, Episode, Message, Scope
from tests.ledger.worlds import (
    BOB,
    DATABASES,
    MARIA,
    START,
    close,
    database,
    day,
    entity,
    fact,
    item,
    live,
    now,
    plan,
    rows,
    say,
    vector,
)

HOSTILE = [
    'x"y',
    "'; DROP TABLE memories; --",
    "a\0b",
    "NEAR(a b)",
    "owner: *",
    "body:x AND",
    "%_\\",
    "\u202eabc",
    "🙂‍👩",
]


@pytest.fixture(params=DATABASES)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    with database(request.param, tmp_path) as where:
        opened = SqlLedger.open(where, graph_store=True)
        yield opened
        opened.close()


def test_messages_are_chained_inside_their_conversation(ledger: SqlLedger) -> None:
    """The next episode hangs on the last message, whose window changes; another conversation does not."""
    one, two = say(ledger, "one", "two")
    say(ledger, "elsewhere", scope=Scope(user_id="maria", run_id="other"))
    episode = Episode(id="e", scope=MARIA, conversation="talk:user:maria", occurred_at=START, recorded_at=START)
    recorded = ledger.record(episode, [Message(role="assistant", content="three", name="Ada")])
    (three,) = recorded.messages

    assert (None, two.id) == (one.previous_id, one.next_id)
    assert [(two.id, three.id)] == [(m.id, m.next_id) for m in recorded.neighbours]
    assert ("Ada", two.id) == (three.speaker, three.previous_id)
    assert ["one", "two"] == [m.content for m in ledger.recent("talk:user:maria", "e")]
    assert two.id in {near.item_id for near in ledger.lexical("window3", "three", MARIA)}
    assert two.id not in {near.item_id for near in ledger.lexical("window2", "three", MARIA)}


def test_recording_twice_is_once_and_other_content_is_a_conflict(ledger: SqlLedger) -> None:
    """An episode's id stands for its content."""
    episode = Episode(id="e", scope=MARIA, conversation="c", occurred_at=START, recorded_at=START)
    first = ledger.record(episode, [Message(content="hello")])
    again = ledger.record(episode, [Message(content="hello")])
    with pytest.raises(ConflictError):
        ledger.record(episode, [Message(content="other")])

    assert (True, False, first.messages) == (first.created, again.created, again.messages)
    assert 1 == ledger.counts()["messages"]


def test_speakers_have_display_names(ledger: SqlLedger) -> None:
    """The message's name, else the user, else the agent, else the role."""
    scope = Scope(agent_id="helper", run_id="r")
    episode = Episode(id="e", scope=scope, conversation="c", occurred_at=START, recorded_at=START)
    said = [Message(role=role, content="x") for role in ("user", "assistant", "tool")]  # type: ignore[arg-type]

    assert ["helper", "helper", "tool"] == [m.speaker for m in ledger.record(episode, said).messages]


def test_episodes_are_found_by_status_scope_and_conversation(ledger: SqlLedger) -> None:
    """Oldest first; the last one of a conversation or of any."""
    (first,) = say(ledger, "one")
    (second,) = say(ledger, "two", scope=BOB)
    ledger.mark(first.episode_id, "failed", "no model", retryable=True)

    assert [first.episode_id] == [e.id for e in ledger.episodes(status="failed")]
    assert ("no model", True) == (ledger.episode(first.episode_id)[0].reason, ledger.episodes()[0].retryable)
    assert [second.episode_id] == [e.id for e in ledger.episodes(scope=BOB)]
    assert first.episode_id == ledger.last_episode("talk:user:maria", MARIA).id  # type: ignore[union-attr]
    assert first.episode_id == ledger.last_episode(None, MARIA).id  # type: ignore[union-attr]
    assert None is ledger.last_episode("nothing", MARIA)
    for unknown in (lambda: ledger.mark("?", "done"), lambda: ledger.episode("?")):
        with pytest.raises(NotFound):
            unknown()


def test_replies_are_journalled_once(ledger: SqlLedger) -> None:
    """The first reply of a prompt stays; an unknown one is None."""
    (message,) = say(ledger, "one")
    ledger.journal(message.episode_id, "h", Reply(text="a", prompt_tokens=3))
    ledger.journal(message.episode_id, "h", Reply(text="b"))

    assert Reply(text="a", prompt_tokens=3) == ledger.reply(message.episode_id, "h")
    assert None is ledger.reply(message.episode_id, "other")


def test_a_plan_is_applied_once(ledger: SqlLedger) -> None:
    """The same plan again changes nothing; one that does nothing leaves its episode empty."""
    (message,) = say(ledger, "one")
    first = plan("r", fact("a", message, ("Maria", "knows", "Bo")), episode_id=message.episode_id)
    ledger.commit(first, [item("maria#a", 1, 0)])
    before = (ledger.counts(), rows(ledger, MARIA))
    ledger.commit(first, [item("maria#a", 0, 1)])
    after = (ledger.counts(), rows(ledger, MARIA))
    (other,) = say(ledger, "two", on=2)
    ledger.commit(plan("empty", episode_id=other.episode_id))

    assert before == after
    assert ["done", "empty"] == [episode.status for episode in ledger.episodes()]
    assert first == ledger.episode_result(message.episode_id)
    assert None is ledger.episode_result("?")


def test_a_plan_that_fails_leaves_nothing(ledger: SqlLedger) -> None:
    """One transaction: an impossible part undoes the whole."""
    (message,) = say(ledger, "one")
    bad = plan("r", fact("a", message, ("Maria", "knows", "Bo")), episode_id=message.episode_id)
    before = ledger.counts()
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        ledger.commit(bad.model_copy(update={"entities": ()}))
    with pytest.raises(NotFound):
        ledger.commit(bad.model_copy(update={"episode_id": "deleted meanwhile"}))

    assert before == ledger.counts()


def test_what_a_plan_says_of_deleted_memories_is_left_out(ledger: SqlLedger) -> None:
    """A memory may go between judging and committing."""
    (message,) = say(ledger, "one")
    ledger.commit(plan("r", fact("a", message), closures=(close("gone", 3),)))

    assert ["a"] == live(ledger)
    assert () == ledger.history("maria#gone")


def test_known_about_and_derived(ledger: SqlLedger) -> None:
    """Memories come with relations, names, evidence; `about` is newest first and leaves the retired out."""
    one, two = say(ledger, "one", "two")
    first, second = fact("a", one, ("Maria", "knows", "Bo")), fact("b", two, ("Maria", "likes", "tea"))
    ledger.commit(plan("r", first, second))
    known = ledger.known(["maria#a", "?"])

    assert first.triples == known["maria#a"].triples
    assert {"maria/Maria": "Maria", "maria/Bo": "Bo"} == known["maria#a"].names
    assert ("maria#b", "maria#a") == ledger.about("user:maria", ["maria/Maria", "maria/Bo"])
    assert () == ledger.about("user:bob", ["maria/Maria"]) == ledger.about("user:maria", [])
    assert {one.id: ("maria#a",)} == ledger.derived([one.id])
    assert {"maria#a": first.evidence} == ledger.evidence(["maria#a"])
    ledger.commit(plan("s", on=3, closures=(close("b", 3),)))
    assert ("maria#a",) == ledger.about("user:maria", ["maria/Maria"])


def test_entities_are_found_by_name_alias_and_text(ledger: SqlLedger) -> None:
    """Normalised keys; homonyms all; the best match first; weak ones and other owners not."""
    (message,) = say(ledger, "one")
    (other,) = say(ledger, "two", scope=BOB)
    ann = Entity(id="1", name="Ann Lee", aliases=("Annie",))
    two, weak = Entity(id="2", name="Ann  Lee"), Entity(id="3", name="ann phrase", weak=True)
    first = fact("a", message).model_copy(update={"entity_ids": ("1", "2", "3")})
    ledger.commit(plan("r", first).model_copy(update={"entities": (ann, two, weak)}))
    ledger.commit(plan("s", fact("b", other, ("Ann", "is", "Ann")), scope=BOB))
    ledger.commit(plan("t").model_copy(update={"entities": (ann.model_copy(update={"aliases": ("Nan",)}),)}))

    assert {"1", "2"} == {e.id for e in ledger.entities("user:maria", ["ann lee"])["ann lee"]}
    assert {"annie": "1"} == {k: v[0].id for k, v in ledger.entities("user:maria", ["annie", "?"]).items()}
    assert ("Annie", "Nan") == ledger.entities_by_id(["1"])["1"].aliases
    assert {"1", "2"} == {e.id for e in ledger.find_entities(MARIA, "ann")}
    assert ["1"] == [e.id for e in ledger.find_entities(MARIA, "annie")]
    assert ["bob/Ann"] == [e.id for e in ledger.find_entities(BOB)]
    assert {"Ann Lee", "Ann  Lee", "Annie", "Nan"} == set(ledger.entity_names(MARIA))
    assert {"1": 1, "3": 1} == ledger.mention_counts(["1", "3", "?"])


def test_list_pages_are_stable_under_inserts(ledger: SqlLedger) -> None:
    """Every memory once, newest first, while others are added."""
    (message,) = say(ledger, "one")
    ledger.commit(plan("r", *(fact(str(n), message) for n in range(7))))
    page = ledger.list(MARIA, now(), limit=3)
    seen = list(page)
    while page.cursor:
        ledger.commit(plan(f"more{page.cursor}", fact(f"new{page.cursor}", message)))
        page = ledger.list(MARIA, now(), cursor=page.cursor, limit=3)
        seen += page

    assert ["6", "5", "4", "3", "2", "1", "0"] == [memory.text for memory in seen]
    for bad in ("x", "-1", "9" * 40):
        with pytest.raises(InputError, match="cursor"):
            ledger.list(MARIA, now(), cursor=bad)


def test_update_keeps_what_is_not_named(ledger: SqlLedger) -> None:
    """Metadata is merged; a new text takes the relations of its plan; nothing is orphaned."""
    (message,) = say(ledger, "one")
    ledger.commit(plan("r", fact("a", message, ("Maria", "knows", "Bo"), metadata={"x": 1})), [item("maria#a", 1, 0)])
    ledger.update("maria#a", day(1), text=None, metadata={"y": 2})
    carried = plan("u", fact("A", message, ("Maria", "knows", "Cy")))
    new = ledger.update("maria#a", day(2), text="A", metadata=None, plan=carried, vectors=[item("maria#a", 0, 1)])
    ended = ledger.update("maria#a", day(3), text=None, metadata=None, valid_to=day(2))

    assert ({"x": 1, "y": 2}, "A", day(2)) == (new.metadata, new.text, ended.valid_to)
    assert ["Cy"] == [r.target.name for r in ledger.graph.relations(MARIA, now(everything=True))]
    assert ["maria#a"] == [near.item_id for near in ledger.nearest("fact", vector(0, 1), MARIA)]
    assert ["ADD", "UPDATE", "UPDATE", "UPDATE"] == [entry.event for entry in ledger.history("maria#a")]
    assert () == ledger.check()
    with pytest.raises(NotFound):
        ledger.update("?", day(1), text="x", metadata=None)


def test_deleting_leaves_nothing_that_only_it_held(ledger: SqlLedger) -> None:
    """A shared message stays searchable, an unshared one goes; entities that others name stay."""
    shared, own = say(ledger, "shared words", "private words")
    a, b = fact("a", own, ("Maria", "knows", "Bo")), fact("b", shared, ("Maria", "knows", "Cy"))
    both = a.model_copy(update={"evidence": (*a.evidence, *b.evidence)})
    ledger.commit(plan("r", both, b), [item("maria#a", 1, 0), item(own.id, 1, 0, view="turn")])
    report = ledger.delete(["maria#a"], day(1))

    assert (1, 1, 1, 1) == (report.memories, report.messages, report.relations, report.entities)
    assert [shared.id] == [near.item_id for near in ledger.lexical("turn", "words", MARIA)]
    assert () == ledger.lexical("window3", "private", MARIA)
    assert {shared.id} == set(ledger.messages([shared.id, own.id]))
    assert {"Maria", "Cy"} == {e.name for e in ledger.find_entities(MARIA)}
    assert () == ledger.check()


def test_deleting_a_message_takes_memories_that_rest_only_on_it(ledger: SqlLedger) -> None:
    """Message ids are accepted; unknown ids are an error and change nothing."""
    (message,) = say(ledger, "one")
    ledger.commit(plan("r", fact("a", message)))
    with pytest.raises(NotFound):
        ledger.delete(["maria#a", "?"], day(1))
    report = ledger.delete([message.id], day(1))

    assert (1, 1) == (report.memories, report.messages)
    assert ([], {}) == (live(ledger), ledger.messages([message.id]))
    assert 0 == ledger.delete([], day(1)).memories


def test_delete_all_leaves_other_tenants_byte_equal(ledger: SqlLedger) -> None:
    """All of a scope goes, counted first by a dry run; others keep everything, and look-alikes too."""
    scopes = [MARIA, BOB, Scope(user_id="Maria"), Scope(user_id="maria%"), Scope(agent_id="maria")]
    for scope in scopes:
        (message,) = say(ledger, "we met", scope=scope)
        name = scope.owner.split(":")[1]
        first = fact("x", message, ("Ann", "knows", "Bo")).model_copy(update={"entity_ids": ()})
        if ledger.memories([first.memory.id]):
            continue
        ledger.commit(
            plan(scope.owner, first, scope=scope).model_copy(
                update={"entities": (entity("Ann", name), entity("Bo", name))}
            ),
            [item(first.memory.id, 1, 0, scope=scope)],
        )
    others = [rows(ledger, scope) for scope in scopes[1:]]
    dry = ledger.delete_all(MARIA, day(1), dry_run=True)
    still = live(ledger)
    real = ledger.delete_all(MARIA, day(1))

    assert (1, 1, 1, 1, 2) == (dry.memories, dry.messages, dry.episodes, dry.relations, dry.entities)
    assert dry == real.model_copy(update={"dry_run": True})
    assert (["x"], []) == (still, live(ledger))
    assert others == [rows(ledger, scope) for scope in scopes[1:]]
    assert () == ledger.check()
    assert [("DELETE", "x")] == [(e.event, e.previous_text) for e in ledger.history("maria#x")][-1:]
    with pytest.raises(NotFound):
        ledger.undo("user:maria", day(2))


def test_delete_all_of_a_run_keeps_the_rest_of_the_conversation_whole(ledger: SqlLedger) -> None:
    """Neighbours outside the scope lose the pointer, the window text and the window vector."""
    (kept,) = say(ledger, "kept words")
    run = Scope(user_id="maria", run_id="r")
    episode = Episode(id="e", scope=run, conversation="talk:user:maria", occurred_at=START, recorded_at=START)
    ledger.record(episode, [Message(content="secret words")])
    ledger.store_vectors([item(kept.id, 1, 0, view="window")])
    ledger.delete_all(run, day(1))

    assert None is ledger.messages([kept.id])[kept.id].next_id
    assert () == ledger.lexical("window3", "secret", MARIA)
    assert {} == ledger.vectors([(kept.id, "window")])
    assert () == ledger.check()


def test_reset_empties_and_the_ledger_goes_on(ledger: SqlLedger) -> None:
    """Only the meta table stays."""
    (message,) = say(ledger, "one")
    ledger.commit(plan("r", fact("a", message)), [item("maria#a", 1, 0)])
    ledger.set_meta("embedding", "x")
    ledger.reset()

    assert {"meta"} == {name for name, count in ledger.counts().items() if count}
    assert ("x", None) == (ledger.meta("embedding"), ledger.meta("?"))
    assert () == ledger.nearest("fact", vector(1, 0), MARIA)
    say(ledger, "one")
    assert () == ledger.check()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(ledger: SqlLedger, text: str) -> None:
    """Stored byte-equal in every field, and harmless as a query, a name and a label."""
    scope = Scope(user_id=text, run_id=text)
    (message,) = say(ledger, f"{text} word", scope=scope)
    named = Entity(id="e", name=f"{text} name", aliases=(text + "x",))
    memory = fact(f"{text} word", message, metadata={text: text})
    # Ids are made by the engine, never of what somebody wrote.
    named_plainly = memory.memory.model_copy(update={"id": "m"})
    whole = memory.model_copy(update={"entity_ids": ("e",), "memory": named_plainly})
    ledger.commit(plan("r", whole, scope=scope).model_copy(update={"entities": (named,)}))

    assert whole.memory == ledger.memories([whole.memory.id])[whole.memory.id]
    assert [whole.memory.id] == [n.item_id for n in ledger.lexical("fact", f"{text} word", Scope(user_id=text))]
    assert () == ledger.lexical("fact", f"{text} word", MARIA)
    assert ["e"] == [e.id for e in ledger.find_entities(scope, text + " name")]
    assert () == ledger.check()


def test_outbox_rows_wait_until_acknowledged(ledger: SqlLedger) -> None:
    """Oldest first, for each store; what is gone is a removal."""
    (message,) = say(ledger, "one")
    ledger.commit(plan("r", fact("a", message, ("Maria", "knows", "Bo"))), [item("maria#a", 1, 0)])
    vectors, graph = ledger.pending("vectors"), ledger.pending("graph")
    ledger.acknowledge([*vectors, *graph])
    ledger.acknowledge([])
    ledger.delete(["maria#a"], day(1))

    assert [("upsert", "maria#a", "fact")] == [(i.operation, i.item_id, i.view) for i in vectors]
    assert {"entity", "relation", "memory", "message"} == {i.view for i in graph}
    assert [("remove", "maria#a", "fact")] == [(i.operation, i.item_id, i.view) for i in ledger.pending("vectors")]
    assert {"relation", "memory", "entity", "message"} == {i.view for i in ledger.pending("graph")}


def test_many_threads_lose_nothing(ledger: SqlLedger) -> None:
    """Writers queue, readers go on; every write is there."""
    errors: list[Exception] = []

    def work(n: int) -> None:
        try:
            for i in range(5):
                (message,) = say(ledger, f"text {n} {i}", name=f"{n}-{i}")
                ledger.commit(plan(f"{n}-{i}", fact(f"f{n}-{i}", message, ("Maria", "knows", "Bo"))))
                ledger.lexical("fact", "f1", MARIA)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == errors
    assert 30 == len(live(ledger))
    assert {"maria/Bo": 30} == ledger.mention_counts(["maria/Bo"])
    assert () == ledger.check()
