"""The generated benchmark: the same world for the same seed, exact answers, and an engine that gives them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphmem.errors import InputError
from graphmem.evaluation.generated import documents
from graphmem.evaluation.generated.dialogue import talks
from graphmem.evaluation.generated.documents import Benchmark
from graphmem.evaluation.generated.graph import Facts, Node
from graphmem.evaluation.generated.making import generate
from graphmem.evaluation.generated.running import run
from graphmem.evaluation.generated.sentences import Filling, Voice, dated, render
from graphmem.evaluation.generated.truth import Interval, Told, intervals
from graphmem.evaluation.generated.words import table, templates
from graphmem.evaluation.generated.world import Event, world

PREDICATES = ("lives_in", "works_at", "job_title", "married_to", "sibling_of", "parent_of", "friend_of", "has_pet",
              "headquartered_in")  # fmt: skip


def at(month: int, day: int = 1) -> datetime:
    """A moment of 2023."""
    return datetime(2023, month, day, tzinfo=UTC)


def told(*events: Event, undated: Sequence[int] = ()) -> tuple[Told, ...]:
    """Events, each told on the 20th of its month and with its date, unless named in `undated`."""
    return tuple(
        Told(e, f"l{n}", at(e.telling + 1, 20), dated=n not in undated) for n, e in enumerate(events)
    )  # fmt: skip


def test_the_same_seed_gives_the_same_benchmark():
    """And another seed another one."""
    assert generate(20, 7) == generate(20, 7)
    assert generate(20, 7).talks != generate(20, 8).talks


def test_a_saved_benchmark_is_read_back_whole(tmp_path: Path):
    """Byte for byte the same file, too."""
    made = generate(12, 3)
    for name in ("one.json", "two.json"):
        documents.save(made, tmp_path / name)

    assert made == documents.load(tmp_path / "one.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_a_damaged_file_names_the_key_that_is_wrong(tmp_path: Path):
    """And says how to make a good one."""
    made = generate(6, 1).model_dump_json().replace('"call":"match"', '"call":"guess"', 1)
    (tmp_path / "bad.json").write_text(made, "utf-8")

    with pytest.raises(InputError, match=r"questions\.\d+\.ask\.call.*graphmem eval generate"):
        documents.load(tmp_path / "bad.json")


def test_a_world_needs_a_few_people():
    """Somebody must be there to talk about others."""
    with pytest.raises(InputError, match="Give a number from 6"):
        generate(5, 1)


@pytest.mark.parametrize("people", [6, 200, 1500])
def test_people_have_names_of_their_own(people: int):
    """At any size, also when first names run out."""
    names = [p.name for p in world(people, 1).people]

    assert people == len(set(names))


@pytest.mark.parametrize("predicate", PREDICATES)
def test_every_predicate_has_forty_templates(predicate: str):
    """All different, and the halves share none of them."""
    phases = table(predicate)
    lines = [line for found in phases.values() for line in found]
    shared = [
        line
        for phase in phases
        if len(phases[phase]) > 1
        for line in set(templates(predicate, phase, "tuning")) & set(templates(predicate, phase, "held-out"))
    ]

    assert len(lines) >= 40
    assert len(lines) == len(set(lines))
    assert [] == shared


@pytest.mark.parametrize("predicate", PREDICATES)
def test_every_template_can_be_said(predicate: str):
    """By oneself, of somebody by name, and of somebody just named; nothing in braces or brackets is left."""
    filling = Filling("Ana", "Tom", True, False, "cat", "last month", "May", (2010, 2014))
    voices = (Voice("Rosa", True, first=True), Voice("Rosa", True), Voice("Emil", False, pronoun=True))
    said = [
        render(line, voice, filling) for found in table(predicate).values() for line in found for voice in voices
    ]  # fmt: skip

    assert [] == [text for text in said if set("{}[]|") & set(text) or "  " in text or text[0].islower()]


def test_a_sentence_speaks_in_the_right_person():
    """I, a name, or a pronoun; the verb agrees."""
    line, filling = "{I} moved to {o} {when} and [love|loves] {his} street.", Filling("Lyon", when="last month")
    said = [
        render(line, voice, filling)
        for voice in (Voice("Ana", True, first=True), Voice("Ana", True), Voice("Tom", False, pronoun=True))
    ]

    assert [
        "I moved to Lyon last month and love my street.",
        "Ana moved to Lyon last month and loves her street.",
        "He moved to Lyon last month and loves his street.",
    ] == said


def test_dates_are_told_from_where_one_stands():
    """Two weeks ago, last month, or with the year when that was another one."""
    ways = {dated(at(5, 6).date(), at(5, 20).date(), n)[0] for n in range(4)}

    assert {"on 6 May", "this month", "earlier this month", "two weeks ago"} == ways
    assert "last month" == dated(at(4, 6).date(), at(5, 20).date(), 0)[0]
    assert ("in April 2023", "April 2023") == dated(at(4, 6).date(), datetime(2024, 1, 5, tzinfo=UTC).date(), 0)


def test_a_change_ends_what_was_before():
    """A, B and A again are three intervals."""
    held = intervals(
        told(
            Event("lives_in", "holds", "Ana", "Rome", month=0),
            Event("lives_in", "begins", "Ana", "Oslo", old="Rome", month=3, day=5),
            Event("lives_in", "returns", "Ana", "Rome", old="Oslo", month=8, day=5),
            undated=(0,),
        )
    )

    assert [("Rome", at(1, 20), at(4, 5)), ("Oslo", at(4, 5), at(9, 5)), ("Rome", at(9, 5), None)] == [
        (i.value, i.start, i.end) for i in held
    ]


def test_what_is_told_late_takes_its_place_in_the_past():
    """The newer change was told first."""
    held = intervals(
        told(
            Event("works_at", "holds", "Ana", "Acme", month=0),
            Event("works_at", "begins", "Ana", "Stripe", month=6, day=2),
            Event("works_at", "begins", "Ana", "Bosch", month=3, day=2, told=9),
        )
    )

    assert ["Acme", "Bosch", "Stripe"] == [i.value for i in held]
    assert at(7, 2) == held[1].end


def test_a_mistake_never_held():
    """Its correction holds in its place; denials, dreams and former homes give nothing."""
    held = intervals(
        told(
            Event("lives_in", "wrong", "Ana", "Rome", month=0),
            Event("lives_in", "corrected", "Ana", "Oslo", old="Rome", month=0),
            Event("lives_in", "denied", "Ana", old="Bonn", month=1),
            Event("lives_in", "supposed", "Ana", old="Bern", month=1),
            Event("lives_in", "past", "Ana", old="Graz", month=1),
            undated=(0, 1, 2, 3, 4),
        )
    )

    assert [("Oslo", at(1, 20), None)] == [(i.value, i.start, i.end) for i in held]


def test_the_end_of_a_marriage_may_be_told_by_either():
    """A pair has one life line."""
    held = intervals(
        told(
            Event("married_to", "begins", "Ana", "Tom", month=0, day=3),
            Event("married_to", "ends", "Tom", old="Ana", month=5, day=3),
        )
    )

    assert [(at(1, 3), at(6, 3))] == [(i.start, i.end) for i in held]


def test_chains_and_ways_through_the_world():
    """Mutual relations are walked from both ends, and only while they hold."""
    facts = Facts(
        [
            Interval("Ana", "married_to", "Tom", at(1), at(6)),
            Interval("Ana", "works_at", "Acme", at(1)),
            Interval("Acme", "headquartered_in", "Lyon", at(1)),
        ]
    )

    assert ("Lyon",) == facts.chain("Tom", ("married_to", "works_at", "headquartered_in"), at(3))
    assert () == facts.chain("Tom", ("married_to", "works_at"), at(7))
    assert {"Tom > Ana > Acme"} == facts.ways(Node("Tom", "Person"), Node("Acme", "Organisation"), at(3), 4)


def test_every_event_is_told_in_the_month_of_its_telling():
    """Nothing is lost between the world and its conversations, and nobody is told of themselves by name."""
    made = world(40, 5)
    held, said = talks(made, 5)
    own = [line for talk in held for line in talk.lines for f in line.facts if f.subject == line.speaker]

    assert len(made.events) == len(said)
    assert [] == [t for t in said if (t.said.year - 2023) * 12 + t.said.month - 1 != t.event.telling]
    assert [] == [line.text for line in own if line.text.startswith(f"{line.speaker} ")]


@pytest.fixture(scope="module")
def small() -> Benchmark:
    """A benchmark of 24 people."""
    return generate(24, 5)


def test_every_kind_of_question_is_asked():
    """At a size where there is enough to ask about."""
    assert set(documents.Kind.__args__) == {q.kind for q in generate(120, 1).questions}


def test_the_engine_is_exact_when_the_reader_is(small: Benchmark):
    """Linking, resolution, ledger and graph add no mistake of their own, whatever the kind of question."""
    result = run(small, "scripted")

    assert () == tuple((a.question.text, a.question.answer, a.given) for a in result.wrong)
    assert len(small.questions) == result.overall.asked


def test_a_reader_that_understands_nothing_scores_little():
    """The questions cannot be guessed: without facts only those whose answer is that there is none are right."""
    made = generate(12, 2)
    mute = [line.model_copy(update={"facts": ()}) for line in made.lines]
    lines = iter(mute)
    silent = tuple(t.model_copy(update={"lines": tuple(next(lines) for _ in t.lines)}) for t in made.talks)
    result = run(made.model_copy(update={"talks": silent}), "scripted")

    assert {"ended", "denied", "not said to be so", "used to"} >= {s.kind for s in result.scores if s.right}
    assert result.overall.accuracy < 0.2


def test_the_local_extractor_understands_most_of_it():
    """Real sentences through the real reader: of more than half of what is told, the two ends are found and tied."""
    result = run(generate(8, 3), "local", embedder="hash")
    told = sum(count for count, _ in result.wordings.values())
    understood = sum(count for _, count in result.wordings.values())

    assert understood > told / 2
    assert result.overall.accuracy > 0.3
