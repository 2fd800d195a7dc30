"""What a run would cost, before anything is sent.

Prompts are counted from the data and from the prompt files; lengths of replies, and what cannot be known before a
search, are assumptions that the table prints. The bill is what the server counts; `--budget-usd` is what holds it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from graphmem import assets
from graphmem.evaluation import answers, judging
from graphmem.evaluation.plans import READING, Models, Plan
from graphmem.evaluation.records import Conversation, Question, StageCost
from graphmem.evaluation.techniques import registry
from graphmem.evaluation.techniques.contract import Counter
from graphmem.models.contracts import Task
from graphmem.steps.extraction import SCHEMA
from graphmem.values import Value

FACT_TOKENS = 90
"""Of an extraction's reply for one turn: a fact with its quote, entities and relations."""
RECENT_TOKENS = 200
"""Earlier messages that an extraction shows."""
RESOLVED = 0.5
"""Share of adds that ask the model a second time, to resolve."""
RESOLVE_TOKENS = (900, 150)
"""Asked beside the prompt file, and answered."""
LINE_TOKENS = 12
"""Date and speaker of a line in a context."""
ANSWER_TOKENS = 12
JUDGE_TOKENS = 45
ASSUMED = (
    f"{FACT_TOKENS} tokens answered for a turn extracted, {RESOLVED:.0%} of the adds resolved, "
    f"{ANSWER_TOKENS} for an answer, {JUDGE_TOKENS} for a judgement"
)


class Row(Value):
    """One stage."""

    stage: str
    model: str
    cost: StageCost


class Estimated(Value):
    """The bill that is to be expected; `dollars` is None when a price is not known."""

    label: str
    rows: tuple[Row, ...]
    assumed: str = ASSUMED

    @property
    def dollars(self) -> float | None:
        """The sum."""
        parts = [row.cost.dollars for row in self.rows]
        return None if any(part is None for part in parts) else sum(part or 0.0 for part in parts)


def estimate(plan: Plan, models: Models) -> Estimated:
    """Stages that ask a chat model; an embedder that is paid for is left out, for its tokens cost
    a hundredth of theirs.

    Raises ConfigError naming a model whose price is not known.
    """
    if models.llm is None:
        return Estimated(label=plan.label, rows=())
    rows: list[Row] = []
    if plan.options.mode == "llm":
        rows += _ingest(plan, models)
    if plan.answers:
        rows.append(_answers(plan, models))
    if plan.judges:
        rows.append(_judges(plan, models))
    models.purse.prices.require(row.model for row in rows)
    return Estimated(label=plan.label, rows=tuple(rows))


def _ingest(plan: Plan, models: Models) -> Iterable[Row]:
    size, count = plan.options.batch, models.tokens
    adds = sum(-(-len(s.turns) // size) for c in plan.dataset.conversations for s in c.sessions)
    turns = [f"{t.speaker}: {t.text}" for c in plan.dataset.conversations for t in c.turns]
    fixed = count(assets.text(READING[0])) + count(json.dumps(SCHEMA, default=dict)) + RECENT_TOKENS
    said = sum(map(count, turns))
    yield _row("extract", "extract", models, adds, adds * fixed + said, len(turns) * FACT_TOKENS)
    second = round(adds * RESOLVED)
    asked, answered = RESOLVE_TOKENS
    yield _row(
        "resolve", "resolve", models, second, second * (count(assets.text(READING[1])) + asked), second * answered
    )


def _answers(plan: Plan, models: Models) -> Row:
    count = models.tokens
    fixed = count(assets.text(answers.ANSWER_PROMPT))
    asked = sum(
        len(c.questions) * (fixed + _context(plan, c, count)) + sum(count(q.text) for q in c.questions)
        for c in plan.dataset.conversations
    )
    return _row("answer", "answer", models, plan.questions, asked, plan.questions * ANSWER_TOKENS)


def _context(plan: Plan, conversation: Conversation, count: Counter) -> int:
    """Tokens of a context of the technique, from the mean length of a turn."""
    lengths = [count(turn.text) + LINE_TOKENS for turn in conversation.turns]
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    options = plan.options
    if plan.technique == "full-context":
        return sum(lengths)
    if registry.entry(plan.technique).chunks:
        return min(sum(lengths), options.chunk_size * options.num_chunks)
    return round(min(len(lengths), options.top_k) * mean)


def _judges(plan: Plan, models: Models) -> Row:
    count = models.tokens
    judged = [q for q in plan.dataset.questions if not q.unanswerable]
    fixed = [count(assets.text(judging.PROMPTS[judge])) + count(json.dumps(judging.SCHEMA)) for judge in plan.judges]
    once = sum(fixed) * len(judged) + len(fixed) * sum(_judged(judged, count))
    calls = len(judged) * len(fixed) * plan.judge_runs
    return _row("judge", "judge", models, calls, once * plan.judge_runs, calls * JUDGE_TOKENS)


def _judged(questions: Sequence[Question], count: Counter) -> Iterable[int]:
    return (count(q.text) + count(q.answer) + ANSWER_TOKENS for q in questions)


def _row(stage: str, task: Task, models: Models, calls: int, asked: int, answered: int) -> Row:
    model = models.llm.model_for(task) if models.llm is not None else ""
    dollars = models.purse.prices.dollars(model, asked, answered)
    cost = StageCost(calls=calls, prompt_tokens=asked, completion_tokens=answered, dollars=dollars)
    return Row(stage=stage, model=model, cost=cost)
