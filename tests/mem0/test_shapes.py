"""Every result has the keys, the values and the messages of Mem0."""

from __future__ import annotations

import hashlib
from datetime import datetime

import pytest

from graphmem import Memory as Engine
from graphmem.mem0 import Memory, ValidationError
from graphmem.models.scripted import FailingExtractor, HashEmbedder, ScriptedExtractor
from tests.conftest import Clock

ITEM = {"id", "memory", "hash", "metadata", "created_at", "updated_at"}
RELATION = {"source", "relationship", "target", "destination", "id", "memory_ids", "valid_from", "valid_to"}
ENTRY = {
    "id",
    "memory_id",
    "old_memory",
    "new_memory",
    "event",
    "created_at",
    "updated_at",
    "is_deleted",
    "actor_id",
    "role",
}


def add_one(memory: Memory, text: str, **ids: str) -> dict:
    """Add one message word for word and give its item."""
    return memory.add(text, **(ids or {"user_id": "ann"}), infer=False)["results"][0]


def test_add_gives_results_and_relations(drop_in: Memory):
    """`relations` is a dict of lists of lists, as Mem0's graph gives it."""
    result = drop_in.add("I live in Porto.", user_id="Ann")

    assert {"results", "relations"} == set(result)
    assert {"added_entities", "deleted_entities"} == set(result["relations"])
    assert {"id", "memory", "event"} == set(result["results"][0])
    (relation,) = result["relations"]["added_entities"][0]
    assert RELATION == set(relation)
    assert ("lives_in", "Porto", "Porto") == (relation["relationship"], relation["target"], relation["destination"])


def test_what_life_changes_is_a_delete_with_its_text(drop_in: Memory, clock: Clock):
    """A superseded memory is reported as Mem0 reports it, and its relation as deleted."""
    drop_in.add("I live in Porto.", user_id="Ann")
    clock.advance(days=30)

    result = drop_in.add("I moved to Lisbon.", user_id="Ann")

    events = {item["event"]: item["memory"] for item in result["results"]}
    assert {"ADD", "DELETE"} == set(events)
    assert "Porto" in events["DELETE"]
    assert "Lisbon" in events["ADD"]
    assert ["Porto"] == [relation["target"] for (relation,) in result["relations"]["deleted_entities"]]


def test_a_fact_that_is_known_gives_no_item(drop_in: Memory, clock: Clock):
    """NONE events are not returned."""
    drop_in.add("I live in Porto.", user_id="Ann")
    clock.advance(days=1)

    assert [] == drop_in.add("I live in Porto.", user_id="Ann")["results"]


def test_infer_false_keeps_each_message_but_the_systems(drop_in: Memory):
    """One item a message, with its author."""
    said = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "name": "bob", "content": "The kettle is blue."},
        {"role": "assistant", "content": "Noted, a blue one."},
    ]

    results = drop_in.add(said, user_id="ann", infer=False)["results"]

    assert [
        ("The kettle is blue.", "ADD", "bob", "user"),
        ("Noted, a blue one.", "ADD", None, "assistant"),
    ] == [(item["memory"], item["event"], item["actor_id"], item["role"]) for item in results]


def test_get_gives_an_item_or_none(drop_in: Memory, clock: Clock):
    """Ids and author are promoted beside the fields of a MemoryItem; what is unknown is None."""
    said = {"role": "user", "name": "bob", "content": "The kettle is blue."}
    added = drop_in.add(said, user_id="ann", run_id="r1", metadata={"tag": "x"}, infer=False)["results"][0]

    item = drop_in.get(added["id"])

    assert item == {
        "id": added["id"],
        "memory": "The kettle is blue.",
        "hash": hashlib.md5(b"The kettle is blue.").hexdigest(),
        "metadata": {"tag": "x"},
        "score": None,
        "created_at": clock.now.isoformat(),
        "updated_at": None,
        "user_id": "ann",
        "run_id": "r1",
        "actor_id": "bob",
        "role": "user",
    }
    assert drop_in.get("no-such-id") is None


def test_get_all_gives_items_without_score(drop_in: Memory):
    """The list has everything of the scope, and nothing of another."""
    ids = {add_one(drop_in, text)["id"] for text in ("The kettle is blue.", "The door is green.")}
    add_one(drop_in, "The roof is red.", user_id="bob")

    result = drop_in.get_all(user_id="ann")

    assert ids == {item["id"] for item in result["results"]}
    assert set(result["results"][0]) >= ITEM
    assert "score" not in result["results"][0]
    assert [] == result["relations"]


def test_get_all_gives_the_relations(drop_in: Memory):
    """With the names of every version."""
    drop_in.add("I live in Porto.", user_id="Ann")

    relations = drop_in.get_all(user_id="Ann")["relations"]

    assert RELATION == set(relations[0])
    assert ["Porto"] == [relation["target"] for relation in relations]


def test_search_gives_items_with_scores(drop_in: Memory):
    """Best first, in [0, 1], facts only, and not more than asked for."""
    for text in ("The kettle is blue.", "The door is green.", "The roof is red."):
        add_one(drop_in, text)

    result = drop_in.search("Which colour is the kettle?", user_id="ann", limit=2)

    scores = [item["score"] for item in result["results"]]
    assert "The kettle is blue." == result["results"][0]["memory"]
    assert set(result["results"][0]) >= {*ITEM, "score", "user_id"}
    assert sorted(scores, reverse=True) == scores
    assert len(scores) <= 2
    assert all(0 <= score <= 1 for score in scores)


def test_search_leaves_out_what_scores_below_the_threshold(drop_in: Memory):
    """`threshold` is a lower bound of the score."""
    for text in ("The kettle is blue.", "The door is green."):
        add_one(drop_in, text)
    first, second = (item["score"] for item in drop_in.search("blue kettle", user_id="ann")["results"])

    between = drop_in.search("blue kettle", user_id="ann", threshold=(first + second) / 2)["results"]

    assert ["The kettle is blue."] == [item["memory"] for item in between]


def test_search_filters_by_metadata(drop_in: Memory):
    """The grammar of filters is Mem0's, with and without `$`."""
    for text, tag in (("The kettle is blue.", "a"), ("The kettle is old.", "b")):
        drop_in.add(text, user_id="ann", metadata={"tag": tag}, infer=False)

    for filters in ({"tag": "b"}, {"tag": {"in": ["b"]}}, {"tag": {"$ne": "a"}}, {"NOT": [{"tag": "a"}]}):
        found = drop_in.search("kettle", user_id="ann", filters=filters)["results"]
        assert ["The kettle is old."] == [item["memory"] for item in found]


def test_an_unknown_operator_is_a_value_error(drop_in: Memory):
    """As in Mem0; the message names the nearest operator."""
    with pytest.raises(ValueError, match="contains"):
        drop_in.search("kettle", user_id="ann", filters={"tag": {"contain": "b"}})


def test_history_tells_each_change(drop_in: Memory, clock: Clock):
    """Oldest first, with the text before and after, and whether it is gone."""
    memory_id = add_one(drop_in, "The kettle is blue.")["id"]
    created = clock.now.isoformat()
    changed = clock.advance(days=1).isoformat()
    drop_in.update(memory_id, "The kettle is red.")
    gone = clock.advance(days=1).isoformat()
    drop_in.delete(memory_id)

    history = drop_in.history(memory_id)

    assert [ENTRY] * 3 == [set(entry) for entry in history]
    assert [
        (None, "The kettle is blue.", "ADD", created, None, False),
        ("The kettle is blue.", "The kettle is red.", "UPDATE", created, changed, False),
        ("The kettle is red.", None, "DELETE", created, gone, True),
    ] == [
        tuple(entry[key] for key in ("old_memory", "new_memory", "event", "created_at", "updated_at", "is_deleted"))
        for entry in history
    ]
    assert [] == drop_in.history("no-such-id")


def test_update_replaces_the_text_and_keeps_the_rest(drop_in: Memory, clock: Clock):
    """Metadata is merged: Mem0's documents promise it."""
    added = drop_in.add("The kettle is blue.", user_id="ann", metadata={"a": 1}, infer=False)["results"][0]
    clock.advance(days=1)

    answer = drop_in.update(added["id"], "The kettle is red.", metadata={"b": 2})

    item = drop_in.get(added["id"])
    assert {"message": "Memory updated successfully!"} == answer
    assert ("The kettle is red.", {"a": 1, "b": 2}) == (item["memory"], item["metadata"])
    assert clock.now == datetime.fromisoformat(item["updated_at"])


@pytest.mark.parametrize("call", ["update", "delete"])
def test_an_unknown_id_is_a_value_error(drop_in: Memory, call: str):
    """With Mem0's message."""
    arguments = ("nope", "text") if call == "update" else ("nope",)

    with pytest.raises(ValueError, match="Memory with id nope not found"):
        getattr(drop_in, call)(*arguments)


def test_delete_all_takes_the_user_by_position(drop_in: Memory):
    """Everything of the user goes, more than a page of it, and nothing of another."""
    for number in range(3):
        add_one(drop_in, f"Note number {number} is here.")
    add_one(drop_in, "The roof is red.", user_id="bob")

    assert {"message": "Memories deleted successfully!"} == drop_in.delete_all("ann")
    assert [] == drop_in.get_all(user_id="ann")["results"]
    assert 1 == len(drop_in.get_all(user_id="bob")["results"])


def test_delete_all_without_an_id_advises_reset(drop_in: Memory):
    """Nothing is deleted by mistake."""
    with pytest.raises(ValueError, match=r"reset\(\)"):
        drop_in.delete_all()


def test_reset_empties_the_home(drop_in: Memory):
    """Of every user."""
    add_one(drop_in, "The kettle is blue.")
    add_one(drop_in, "The roof is red.", user_id="bob")

    drop_in.reset()

    assert [[], []] == [drop_in.get_all(user_id=user)["results"] for user in ("ann", "bob")]


def test_chat_is_not_there(drop_in: Memory):
    """As in Mem0."""
    with pytest.raises(NotImplementedError, match=r"Chat function not implemented yet\."):
        drop_in.chat("hello")


def test_a_failing_model_is_told(home, clock: Clock):
    """The messages are kept; the result says that no fact was read, instead of reporting success."""
    extractor = FailingExtractor(ScriptedExtractor())
    with Engine.open(home=home, embedder=HashEmbedder(), extractor=extractor, clock=clock) as engine:
        result = Memory.over(engine).add("I live in Porto.", user_id="ann")

        assert [] == result["results"]
        assert "failed" == result["status"]
        assert result["reason"]
        assert 1 == len(engine.search("Porto", user_id="ann").hits)


def test_errors_can_be_caught_either_way(drop_in: Memory):
    """A ValidationError is a ValueError and carries Mem0's fields."""
    with pytest.raises(ValidationError) as caught:
        drop_in.add("text")

    error = caught.value
    assert isinstance(error, ValueError)
    assert ("VALIDATION_001", {"field": "scope"}) == (error.error_code, error.details)
    assert error.suggestion
