"""Measures against values computed by hand."""

from __future__ import annotations

import math

import pytest

from graphmem.evaluation.metrics import intervals, ranking, wording
from graphmem.evaluation.metrics.abstention import abstains
from graphmem.evaluation.metrics.pairs import Side, compare
from graphmem.evaluation.metrics.scores import by_question, scores
from graphmem.evaluation.records import Category, Found, Judge, Judgement, Question, Record


def found(*sources: str) -> tuple[Found, ...]:
    """A ranking of which each place rests on the turns of one text, `a+b` on two."""
    return tuple(Found(id=str(n), sources=tuple(text.split("+"))) for n, text in enumerate(sources))


def record(
    identity: str, *, sources: tuple[str, ...] = (), evidence: tuple[str, ...] = ("x",), **more: object
) -> Record:
    """A question of conversation `identity[0]`, asked."""
    fields = {"category": "1", "answer": "May", "unanswerable": False} | {
        key: more.pop(key) for key in ("category", "answer", "unanswerable") if key in more
    }
    question = Question(id=identity, conversation=identity[0], text="?", evidence=evidence, **fields)  # type: ignore[arg-type]
    return Record(question=question, found=found(*sources), **more)  # type: ignore[arg-type]


def test_recall_counts_each_turn_of_the_evidence_once():
    """Two of three gold turns in the first two places, the third at place six."""
    figures = ranking.figures(found("a+b", "a", "n1", "n2", "n3", "c"), frozenset("abc"))

    assert pytest.approx(2 / 3) == figures["R@2"]
    assert pytest.approx(2 / 3) == figures["R@5"]
    assert 1.0 == figures["R@10"]


def test_gain_is_only_for_what_is_new():
    """Places 1 and 6 bring new gold, place 2 repeats; the ideal order would have three places."""
    figures = ranking.figures(found("a+b", "a", "n1", "n2", "n3", "c"), frozenset("abc"))
    best = 1 + 1 / math.log2(3) + 1 / math.log2(4)

    assert pytest.approx((1 + 1 / math.log2(7)) / best) == figures["nDCG@10"]
    assert pytest.approx(1 / best) == figures["nDCG@5"]


def test_a_technique_that_ranks_nothing_has_only_its_context():
    """The whole transcript shows all evidence, and has no recall at k."""
    shown = Record(question=record("c1", evidence=("a", "b")).question, shown=("a", "z"))

    assert {ranking.CONTEXT: 0.5} == ranking.of_record(shown)


def test_a_context_of_unknown_origin_has_no_recall():
    """Memories that do not say which turns they rest on are not counted as if they showed no evidence."""
    unknown = Record(question=record("c1", evidence=("a",)).question, context_tokens=10)
    empty = unknown.model_copy(update={"context_tokens": 0})

    assert ({}, {ranking.CONTEXT: 0.0}) == (ranking.of_record(unknown), ranking.of_record(empty))


def test_sessions_are_the_measure_where_they_are_the_evidence():
    """A turn counts for its session."""
    question = Question(id="q", conversation="c", text="?", level="session", evidence=("s1",))
    at_level = ranking.at_level(found("t1+t2", "t3"), question, {"t1": "s1", "t2": "s1", "t3": "s2"})

    assert [("s1",), ("s2",)] == [item.sources for item in at_level]


@pytest.mark.parametrize(
    ("response", "answer", "expected"),
    [
        ("She adopted Pebble, a greyhound.", "pebble the Greyhound", 2 * (2 / 5) * (2 / 3) / (2 / 5 + 2 / 3)),
        ("no no no", "no", 1.0),
        ("blue", "red", 0.0),
        ("", "red", 0.0),
        ("well-known", "well known", 0.0),
    ],
)
def test_f1_as_the_framework_computes_it(response: str, answer: str, expected: float):
    """Over sets of words; `. , ! ?` become spaces, a hyphen and articles stay."""
    assert pytest.approx(expected) == wording.f1(response, answer)


@pytest.mark.parametrize(
    ("response", "answer", "expected"),
    [
        ("The blue pot!", "a blue pot", 1.0),
        ("no no no", "no", 0.5),
        ("", "the", 1.0),
        ("green", "blue", 0.0),
    ],
)
def test_squad_f1(response: str, answer: str, expected: float):
    """Articles and punctuation do not count, repeated words do."""
    assert pytest.approx(expected) == wording.squad_f1(response, answer)


@pytest.mark.parametrize(
    ("response", "answer", "expected"),
    [
        ("7 May 2023", "7 May 2023", 1.0),
        ("May 2023", "7 May 2023", math.exp(1 - 3 / 2)),
        ("on the 7 May 2023", "7 May 2023", 3 / 5),
        ("the the the", "the cat", 1 / 3),
        ("red", "blue", 0.0),
        ("", "blue", 0.0),
        ("It isn't there.", "It is there", 3 / 5),
    ],
)
def test_bleu_1(response: str, answer: str, expected: float):
    """Clipped precision with brevity penalty, over Treebank tokens: "is", "n't", and the full stop apart."""
    assert pytest.approx(expected) == wording.bleu1(response, answer)


def test_treebank_tokens():
    """As nltk's word_tokenize has them."""
    assert [
        "dr.",
        "moss",
        "ca",
        "n't",
        "say",
        ":",
        "``",
        "maybe",
        "''",
        ",",
        "she",
        "'s",
        "8.5",
        ".",
    ] == wording.tokens("dr. moss can't say: \"maybe\", she's 8.5.")
    assert ["yes", ".", "he", "gon", "na", "go", "at", "5", "p.m.", "today"] == wording.tokens(
        "yes. he gonna go at 5 p.m. today"
    )


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("Not mentioned", True),
        ("The memories do not say.", True),
        ("There is no information about a horse", True),
        ("Unknown.", True),
        ("It can't be determined", True),
        ("", True),
        ("Pebble", False),
        ("She did not go to Faro", False),
        ("She has no children", False),
    ],
)
def test_abstention_is_told_by_words(response: str, expected: bool):
    """Saying that it is not known is one thing, a negative answer another."""
    assert expected == abstains(response)


def test_an_interval_holds_its_mean_and_is_the_same_every_time():
    """Conversations are drawn: with two that are wholly good and wholly bad, every mean in between is likely."""
    values = {f"a{n}": 1.0 for n in range(30)} | {f"b{n}": 0.0 for n in range(30)}
    clustered = intervals.estimate(values, {name: name[0] for name in values})
    alone = intervals.estimate(values, dict.fromkeys(values, "one conversation"))

    assert (0.5, 0.0, 1.0, 60, 2) == (clustered.mean, clustered.low, clustered.high, clustered.n, clustered.clusters)
    assert 60 == alone.clusters
    assert 0.35 < alone.low < 0.4 < 0.6 < alone.high < 0.65
    assert alone == intervals.estimate(values, dict.fromkeys(values, "one conversation"))


def test_a_pair_is_compared_question_by_question():
    """A constant gain on every question is certain, however widely the questions differ."""
    one = {f"{c}{n}": n / 10 + 0.05 for c in "abc" for n in range(10)}
    gained = intervals.difference(
        one, {name: value - 0.05 for name, value in one.items()}, {name: name[0] for name in one}
    )

    assert (0.05, 0.05, 0.05, 3) == (gained.mean, gained.low, gained.high, gained.clusters)
    assert 0.001 >= gained.p


def test_questions_that_only_one_has_are_left_out_of_a_pair():
    """Half a run can be compared with a whole one."""
    gained = intervals.difference({"a1": 1.0, "a2": 1.0}, {"a2": 0.0, "a3": 0.0}, {})

    assert (1, 1.0) == (gained.n, gained.mean)


CATEGORIES = (Category(key="1", name="one"), Category(key="5", name="none", averaged=False))


def test_scores_leave_out_what_does_not_count():
    """The average is over averaged categories; abstention over what cannot be answered; a figure each category."""
    asked = [
        record("c1", sources=("x",), response="May"),
        record("c2", sources=("y",), response="June"),
        record("c3", sources=("x",), response="not mentioned", category="5", unanswerable=True),
        record("c4", sources=("x",), response="June", category="5", unanswerable=True),
    ]
    found_scores = scores("one", CATEGORIES, asked)

    assert (0.5, 2) == (found_scores.overall["R@5"].mean, found_scores.overall["R@5"].n)
    assert (0.5, 2) == (found_scores.overall["F1"].mean, found_scores.overall["F1"].n)
    assert (0.5, 2) == (found_scores.overall["abstention"].mean, found_scores.overall["abstention"].n)
    assert 1.0 == found_scores.by_category["5"]["R@5"].mean
    assert "F1" not in found_scores.by_category["5"]


def judgements(judge: Judge, *runs: str) -> list[Judgement]:
    """Verdicts of runs on questions c1, c2, …: one letter a question, `+` for correct."""
    return [
        Judgement(question_id=f"c{n}", judge=judge, run=run, correct=sign == "+")
        for run, signs in enumerate(runs)
        for n, sign in enumerate(signs, 1)
    ]


def test_a_judge_has_a_mean_and_a_spread_between_runs():
    """Runs of 1/2 and 2/2: the mean is 3/4 and the standard deviation of 0.5 and 1 is 0.3536."""
    asked = [record("c1", response="May"), record("c2", response="May")]
    strict = scores("one", CATEGORIES, asked, judgements("strict", "+-", "++")).overall["judge strict"]

    assert (0.75, 0.353553) == (strict.mean, strict.sd)


def test_a_comparison_lists_what_was_won_and_lost():
    """With the evidence and both contexts."""
    mine = [
        record("c1", sources=("x",), context="1"),
        record("c2", sources=("n",), context="1"),
        record("c3", sources=("x",)),
    ]
    theirs = [
        record("c1", sources=("n",), context="2"),
        record("c2", sources=("x",), context="2"),
        record("c3", sources=("x",)),
    ]
    compared = compare(
        Side(label="one", categories=CATEGORIES, records=tuple(mine), contexts={"1": "first"}),
        Side(label="other", categories=CATEGORIES, records=tuple(theirs), contexts={"2": "second"}),
    )

    assert ("R@10", ["c1"], ["c2"]) == (
        compared.metric, [d.question_id for d in compared.won], [d.question_id for d in compared.lost],
    )  # fmt: skip
    assert ("first", "second", ("x",)) == (
        compared.won[0].one_context, compared.won[0].other_context, compared.won[0].evidence,
    )  # fmt: skip
    assert 0.0 == compared.overall["R@10"].mean


def test_a_judge_decides_a_comparison_where_there_is_one():
    """Recall is the measure only of runs that nobody judged."""
    asked = [record("c1", sources=("x",), response="May"), record("c2", sources=("x",), response="May")]
    one = Side(label="1", records=tuple(asked), judgements=tuple(judgements("strict", "+-")))
    other = Side(label="2", records=tuple(asked), judgements=tuple(judgements("strict", "--")))

    assert ("judge strict", ["c1"]) == ((c := compare(one, other)).metric, [d.question_id for d in c.won])


def test_every_metric_is_by_question():
    """What is not measured is absent."""
    assert {"context tokens", *(f"R@{c}" for c in (2, 5, 10, 20, 30)), *(f"nDCG@{c}" for c in (5, 10, 20, 30)),
            "evidence in context"} == by_question([record("c1", sources=("x",))]).keys()  # fmt: skip
