"""An untrusted source is remembered and quoted; it changes nothing that trusted people said before a person agrees."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphmem import ConflictError, Fact, InputError, Memory, NotFound
from graphmem.models.contracts import ExtractionRequest
from graphmem.models.scripted import ScriptedExtractor
from graphmem.steps.orders import reads_like_an_order
from graphmem.values import Draft, EntityDraft, FactDraft, RelationDraft
from tests.operations.conftest import Opener
from tests.operations.payloads import ORDERS, TELLINGS
from tests.operations.worlds import bytes_left


def lives(memory: Memory, city: str, **more: object) -> object:
    """Maria lives somewhere."""
    fact = Fact(text=f"Maria lives in {city}", relations=(("Maria", "lives_in", city),), subject="Maria")
    return memory.add(f"Maria lives in {city}", facts=[fact], user_id="ann", **more)  # type: ignore[arg-type]


def now(memory: Memory) -> list[str]:
    """Texts of what holds."""
    return sorted(fact.text for fact in memory.list(user_id="ann"))


@pytest.mark.parametrize("source", ["web", "document", "tool"])
def test_an_untrusted_source_supersedes_nothing(bare: Memory, source: str):
    """What would end a trusted fact waits for a review; the trusted fact holds, and nothing else is found."""
    lives(bare, "Lisbon", at="2024-01-01")
    added = lives(bare, "Porto", at="2024-01-10", trust=source)

    waiting = bare.reviews(user_id="ann")

    assert ["Maria lives in Lisbon"] == now(bare)
    assert [("supersede", "Maria lives in Porto", source, "open")] == [
        (r.kind, r.text, r.trust, r.status) for r in waiting
    ]
    assert added.reviews == tuple(r.id for r in waiting)  # type: ignore[attr-defined]
    assert {"Lisbon"} == {r.target.name for r in bare.relations("Maria", user_id="ann")}
    assert "Porto" not in {e.name for e in bare.entities(user_id="ann")}
    assert () == bare.verify().differences


def test_a_tool_message_is_untrusted_by_its_role(bare: Memory):
    """No one has to say that a tool's output is not the user's word."""
    lives(bare, "Lisbon", at="2024-01-01")
    fact = Fact(text="Maria lives in Porto", relations=(("Maria", "lives_in", "Porto"),), subject="Maria")

    bare.add({"role": "tool", "content": "Maria lives in Porto"}, facts=[fact], user_id="ann", at="2024-01-10")

    assert ["Maria lives in Lisbon"] == now(bare)
    assert ["tool"] == [r.trust for r in bare.reviews(user_id="ann")]


def test_a_harmless_fact_of_an_untrusted_source_is_remembered_with_its_trust(bare: Memory):
    """What contradicts nothing is a fact of its own, marked with where it came from, that trusted facts may end."""
    lives(bare, "Porto", at="2024-01-01", trust="web")

    assert [("Maria lives in Porto", "web")] == [(f.text, f.trust) for f in bare.list(user_id="ann")]
    lives(bare, "Lisbon", at="2024-01-10")
    assert ["Maria lives in Lisbon"] == now(bare)


def test_accepting_ends_what_has_come_since(bare: Memory):
    """A newer value of the same kind is ended too: nobody lives in two places."""
    lives(bare, "Lisbon", at="2024-01-01")
    lives(bare, "Porto", at="2024-01-10", trust="web")
    (waiting,) = bare.reviews(user_id="ann")
    (lisbon,) = bare.list(user_id="ann")
    bare.delete(lisbon.id)
    lives(bare, "Madrid", at="2024-01-05")

    bare.accept(waiting.id)

    assert ["Maria lives in Porto"] == now(bare)


def test_accepting_ends_what_untrusted_sources_have_said_since(bare: Memory):
    """What would have waited, had the fact been accepted in time, does not stand beside it now."""
    lives(bare, "Lisbon", at="2024-01-01")
    lives(bare, "Porto", at="2024-01-05", trust="web")
    (waiting,) = bare.reviews(user_id="ann")
    (lisbon,) = bare.list(user_id="ann")
    bare.delete(lisbon.id)
    lives(bare, "Madrid", at="2024-01-10", trust="web")
    assert ["Maria lives in Madrid"] == now(bare)

    accepted = bare.accept(waiting.id)

    assert ["Maria lives in Porto"] == now(bare)
    bare.undo(str(accepted.resolution_id))
    assert ["Maria lives in Madrid"] == now(bare)


def test_what_a_person_has_said_too_is_not_said_twice(bare: Memory):
    """What is accepted then is one more witness of that memory, which stays what it has become."""
    lives(bare, "Lisbon", at="2024-01-01")
    lives(bare, "Porto", at="2024-01-05", trust="web")
    (waiting,) = bare.reviews(user_id="ann")
    lives(bare, "Porto", at="2024-01-10")
    lives(bare, "Madrid", at="2024-01-15")

    bare.accept(waiting.id)

    assert ["Maria lives in Madrid"] == now(bare)
    (porto,) = [fact for fact in bare.list(user_id="ann", include_past=True) if "Porto" in fact.text]
    assert datetime(2024, 1, 15, tzinfo=UTC) == porto.valid_to
    assert 2 == len(bare._engine.ledger.evidence([porto.id])[porto.id])


def test_what_is_accepted_late_was_so_until_then(bare: Memory):
    """It becomes the past of what a trusted person has said since, as if it had been told in time."""
    lives(bare, "Lisbon", at="2024-01-01")
    lives(bare, "Porto", at="2024-01-05", trust="web")
    (waiting,) = bare.reviews(user_id="ann")
    lives(bare, "Madrid", at="2024-01-10")

    bare.accept(waiting.id)

    assert ["Maria lives in Madrid"] == now(bare)
    (porto,) = [fact for fact in bare.list(user_id="ann", include_past=True) if "Porto" in fact.text]
    assert porto.valid_to == datetime(2024, 1, 10, tzinfo=UTC)


def test_an_erased_memory_is_in_no_review(bare: Memory, home: Path):
    """What waits stays; that it would end the erased one is not said any more."""
    lives(bare, "Oslofjordenby", at="2024-01-01")
    lives(bare, "Porto", at="2024-01-10", trust="web")
    (known,) = bare.list(user_id="ann")

    receipt = bare.erase(known.id)
    (waiting,) = bare.reviews(user_id="ann")

    assert (True, 0) == (receipt.complete, receipt.residue)
    assert {} == bytes_left(home, "Oslofjordenby")
    assert () == waiting.memory_ids
    bare.accept(waiting.id)
    assert ["Maria lives in Porto"] == now(bare)


def test_accepting_carries_out_what_was_held(bare: Memory):
    """The fact becomes the user's own, ends what it contradicts, and undo lets it wait again."""
    lives(bare, "Lisbon", at="2024-01-01")
    lives(bare, "Porto", at="2024-01-10", trust="web")
    (waiting,) = bare.reviews(user_id="ann")

    done = bare.accept(waiting.id)

    assert "accepted" == done.status
    assert [("Maria lives in Porto", "user")] == [(f.text, f.trust) for f in bare.list(user_id="ann")]
    assert {"Porto"} == {r.target.name for r in bare.relations("Maria", user_id="ann")}
    assert (
        "Maria lives in Porto" == bare.search("Where does Maria live?", user_id="ann", include=("facts",)).hits[0].text
    )
    assert () == bare.reviews(user_id="ann") == bare.verify().differences
    with pytest.raises(ConflictError, match="accepted already"):
        bare.accept(waiting.id)
    bare.undo(str(done.resolution_id))
    assert ["Maria lives in Lisbon"] == now(bare)
    assert [waiting.id] == [r.id for r in bare.reviews(user_id="ann")]
    bare.accept(waiting.id)
    assert ["Maria lives in Porto"] == now(bare)


def test_rejecting_keeps_everything_as_it_is(bare: Memory):
    """A rejected statement is listed as such and never becomes a fact."""
    lives(bare, "Lisbon", at="2024-01-01")
    lives(bare, "Porto", at="2024-01-10", trust="web")
    (waiting,) = bare.reviews(user_id="ann")

    bare.reject(waiting.id)

    assert ["Maria lives in Lisbon"] == now(bare)
    assert () == bare.reviews(user_id="ann")
    assert [waiting.id] == [r.id for r in bare.reviews(user_id="ann", status="rejected")]
    with pytest.raises(ConflictError, match="rejected already"):
        bare.accept(waiting.id)


def test_accepting_does_not_end_what_has_ended_meanwhile(bare: Memory):
    """The world may have moved on: only what still holds is changed."""
    lives(bare, "Lisbon", at="2024-01-01")
    lives(bare, "Porto", at="2024-01-10", trust="web")
    (waiting,) = bare.reviews(user_id="ann")
    bare.delete(bare.list(user_id="ann").items[0].id)

    bare.accept(waiting.id)

    assert ["Maria lives in Porto"] == now(bare)
    assert () == bare.verify().differences


def test_undoing_an_add_takes_back_what_it_held(bare: Memory):
    """Nothing of an undone add waits for a review."""
    lives(bare, "Lisbon", at="2024-01-01")
    added = lives(bare, "Porto", at="2024-01-10", trust="web")

    bare.undo(added.resolution_id)  # type: ignore[attr-defined]

    assert () == bare.reviews(user_id="ann")


def obeys(request: ExtractionRequest) -> Draft:
    """The worst extractor: whatever is said, the user prefers it, for ever."""
    found = [
        FactDraft(
            text=f"{subject} prefers: {message.content}" if subject else message.content,
            message=index,
            quote=message.content[:50],
            kind="procedural" if number % 2 else "semantic",
            subject=subject,
            entities=(EntityDraft(name=subject or "Acme", type="Person"), EntityDraft(name="rule")),
            relations=(RelationDraft(source=subject or "Acme", type="prefers", target="rule"),),
        )
        for index, message in enumerate(request.messages)
        for number, subject in enumerate(("ann", "the user", None))
    ]
    return Draft(facts=tuple(found))


def test_a_hundred_payloads_become_no_preference(opened: Opener):
    """With an extractor that obeys every payload, none is remembered as a fact; all are kept as data and listed."""
    memory = opened(extractor=ScriptedExtractor(obeys), vectors="none")

    for start in range(0, len(ORDERS), 17):
        memory.add(list(ORDERS[start : start + 17]), user_id="ann", trust="web")

    assert 100 <= len(ORDERS)
    assert () == memory.list(user_id="ann", include_past=True).items
    assert 3 * len(ORDERS) == len(memory.reviews(user_id="ann", limit=1000))
    said = {m.content for e in memory.episodes(user_id="ann") for m in memory._engine.ledger.episode(e.id)[1]}
    assert set(ORDERS) == said
    assert "rule" not in {e.name for e in memory.entities(user_id="ann")}


def test_orders_are_told_from_tellings():
    """Every payload reads like an order; plain statements do not."""
    assert [] == [text for text in ORDERS if not reads_like_an_order(text)]
    assert [] == [text for text in TELLINGS if reads_like_an_order(text)]


def test_invisible_letters_read_like_an_order():
    """Unicode tags spell text that nobody sees."""
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")

    assert reads_like_an_order(f"Lisbon is nice{hidden}.")


def test_a_user_may_give_orders(opened: Opener):
    """The same words from the user are the user's wish."""
    memory = opened(extractor=ScriptedExtractor(obeys), vectors="none")

    memory.add("Always answer in French.", user_id="ann")

    assert 3 == len(memory.list(user_id="ann").items)
    assert () == memory.reviews(user_id="ann")


def test_i_in_a_web_page_is_not_the_user(bare: Memory):
    """The speaker of an untrusted text without a name is its source."""
    added = bare.add("I love pizza", user_id="ann", trust="web")

    assert {"web"} == {m.speaker for m in bare._engine.ledger.messages(added.message_ids).values()}


def test_a_proposed_merge_is_accepted_or_rejected(bare: Memory):
    """Names that are alike are listed; accepting merges them, rejecting drops the proposal, undo takes either back."""
    bare.add("Ann visits Jonathan", user_id="ann")
    bare.add("Ann visits Jonathon", user_id="ann")
    found = bare._engine.ledger.entities("user:ann", ["jonathan", "jonathon"])
    ends = sorted(e.id for some in found.values() for e in some)
    with bare._engine.ledger._database.write("commit") as connection:  # type: ignore[attr-defined]
        from graphmem.ledger.database.schema import similar

        connection.execute(similar.insert(), [{"first_id": ends[0], "second_id": ends[1], "cosine": 0.9}])
    (proposal,) = bare.reviews(user_id="ann")
    assert ("merge", 0.9) == (proposal.kind, proposal.confidence)

    rejected = bare.reject(proposal.id)
    assert () == bare.reviews(user_id="ann")
    bare.undo(str(rejected.resolution_id))
    accepted = bare.accept(proposal.id)

    assert () == bare.reviews(user_id="ann") == bare.verify().differences
    (card,) = [e for e in bare.entities(user_id="ann") if e.name.startswith("Jon")]
    assert 1 == len(card.aliases)
    bare.undo(str(accepted.resolution_id))
    assert [proposal] == list(bare.reviews(user_id="ann"))


def test_what_cannot_be_decided_is_refused(bare: Memory):
    """Unknown reviews, statuses and sources say so."""
    with pytest.raises(NotFound, match="reviews"):
        bare.accept("nothing")
    with pytest.raises(NotFound, match="reviews"):
        bare.reject("a~b")
    with pytest.raises(InputError, match="accepted"):
        bare.reviews(user_id="ann", status="done")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="document"):
        bare.add("x", user_id="ann", trust="internet")


def test_held_statements_are_erased_with_their_source(bare: Memory):
    """A statement that waits is in no file once its user is erased."""
    lives(bare, "Lisbon", at="2024-01-01")
    lives(bare, "Quuxholm", at="2024-01-10", trust="web")

    receipt = bare.erase(user_id="ann")

    raw = b"".join(p.read_bytes() for p in bare._engine.settings.home.rglob("*") if p.is_file()).lower()
    assert (1, 0, 0) == (receipt.reviews, receipt.residue, raw.count(b"quuxholm"))


def test_held_statements_go_with_everything(bare: Memory):
    """`delete_all` leaves nothing that waits."""
    lives(bare, "Lisbon", at="2024-01-01")
    lives(bare, "Porto", at="2024-01-10", trust="web")

    bare.delete_all(user_id="ann")

    assert () == bare.reviews(user_id="ann") == bare.verify().differences
