"""Running a technique over a data set: conversation by conversation, each question written as soon as it is finished.

A conversation belongs to one thread: it is ingested, then its questions are looked up one after the other. Answers
and judgements are asked for in a pool of their own meanwhile. Nothing that is on disk is done again.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from graphmem.errors import ConfigError, GraphMemError, ModelRefused, ModelReplyError, ModelUnavailable
from graphmem.evaluation import answers, judging
from graphmem.evaluation.folders import MemoryFolder, RunFolder
from graphmem.evaluation.metrics.ranking import at_level
from graphmem.evaluation.plans import Models, Plan, manifest
from graphmem.evaluation.records import (
    Conversation,
    Ingested,
    Judge,
    Layout,
    Question,
    Record,
    Retrieved,
    Spent,
    Stage,
    Timing,
)
from graphmem.evaluation.results import finish
from graphmem.evaluation.spending import Bill, BudgetReached
from graphmem.evaluation.techniques import registry
from graphmem.evaluation.techniques.contract import Parts, Technique
from graphmem.models.contracts import LLM
from graphmem.values import Value

Advance = Callable[[int], None]
PASSING = (ModelUnavailable, ModelReplyError)
"""What fails for one question and may go well for the next."""
MOST_FAILURES = 5
"""Failures in a row after which the models are taken to be down."""


class Failed(Value):
    """A question or conversation that could not be finished."""

    item: str
    reason: str


class Outcome(Value):
    """What became of a run. It is whole when `finished` is all of `questions` and nothing failed."""

    label: str
    folder: str
    questions: int
    finished: int
    failed: tuple[Failed, ...] = ()
    stopped: str = ""
    """Why it ended early: the budget, an interruption, a model that refuses."""
    interrupted: bool = False
    """By the keyboard."""
    dollars: float | None = None
    """What all runs in the folder have cost together; None while prices are not known."""


class Run:
    """One plan, carried out in `out/<label>`. `advance` is told of every question that is finished."""

    def __init__(
        self,
        plan: Plan,
        models: Models,
        out: Path,
        *,
        resume: bool = False,
        workers: int = 1,
        discard: bool = False,
        advance: Advance = lambda _: None,
    ) -> None:
        self.plan, self.models, self.out = plan, models, out
        if plan.answers or plan.judges:
            self._llm()
        self.workers, self.discard, self.advance = workers, discard, advance
        self.layout = Layout(out / plan.label)
        self.folder = RunFolder.open(self.layout, manifest(plan, models), resume=resume)
        self._sessions: dict[str, dict[str, str]] = {}
        self._counted: dict[str, int] = {}
        """Tokens of contexts by digest: a whole transcript is counted once."""
        self._failed: dict[str, str] = {}
        self._failures = 0
        self._stop: GraphMemError | None = None
        self._halt = threading.Event()
        self._lock = threading.Lock()

    def execute(self) -> Outcome:
        """Everything that is left to do; then the files that tables are made of, also when it was stopped."""
        interrupted = False
        with ThreadPoolExecutor(self.workers) as self._asking, ThreadPoolExecutor(self.workers) as reading:
            jobs = {reading.submit(self._conversation, c) for c in self.plan.dataset.conversations}
            try:
                _drain(jobs)
            except KeyboardInterrupt:
                interrupted = True
                self._halt.set()
            except BaseException:
                self._halt.set()
                raise
        finish(self.plan, self.folder, self._spending())
        return self._outcome(interrupted=interrupted)

    def _outcome(self, *, interrupted: bool) -> Outcome:
        finished = sum(self._is_finished(q) for q in self.plan.dataset.questions)
        return Outcome(
            label=self.plan.label,
            folder=str(self.layout.folder),
            questions=self.plan.questions,
            finished=finished,
            failed=tuple(Failed(item=item, reason=reason) for item, reason in sorted(self._failed.items())),
            stopped="It was interrupted." if interrupted else str(self._stop or ""),
            interrupted=interrupted,
            dollars=self.models.purse.spent,
        )

    def _spending(self) -> list[Path]:
        memories = [MemoryFolder(self.out, self.plan, c).spending for c in self.plan.dataset.conversations]
        return [self.layout.spending, *memories]

    # One conversation

    def _conversation(self, conversation: Conversation) -> None:
        questions = conversation.questions
        done = [q for q in questions if self._is_finished(q)]
        self.advance(len(done))
        left = [q for q in questions if not self._is_finished(q)]
        known = [q for q in left if q.id in self.folder.records]
        new = [q for q in left if q.id not in self.folder.records]
        asked: set[Future[None]] = {self._asking.submit(self._again, q) for q in known}
        if new or conversation.id not in self.folder.ingested:
            with self._guarded(conversation.id):
                self._read(conversation, new, asked)
        _drain(asked)

    def _read(self, conversation: Conversation, questions: list[Question], asked: set[Future[None]]) -> None:
        """Ingest, and look the questions up."""
        if self._halt.is_set():
            return
        memory = MemoryFolder(self.out, self.plan, conversation)
        technique = registry.entry(self.plan.technique).make(self._parts(memory))
        kept: Ingested | None = None
        try:
            kept = self._ingest(technique, memory, conversation)
            for question in questions:
                if self._halt.is_set():
                    return
                with self._guarded(question.id), self._billing("search", conversation.id, question.id):
                    self._look_up(technique, question, asked)
        finally:
            technique.close()
            if kept is not None and conversation.id not in self.folder.ingested:
                # Closed, a store has no logs beside it: only then its size is its size.
                size = kept.disk_bytes or memory.disk_bytes
                self.folder.keep_ingested(kept.model_copy(update={"disk_bytes": size}))
        if self.discard and not self._halt.is_set():
            _remove(memory.folder)

    def _parts(self, memory: MemoryFolder) -> Parts:
        def spend(spent: Spent) -> None:
            file = memory.spending if spent.stage == "ingest" else self.layout.spending
            self.models.purse.book(spent, file)

        return Parts(
            folder=memory.folder,
            settings=self.models.settings,
            embedder=self.models.embedder,
            llm=self.models.llm,
            tokens=self.models.tokens,
            options=self.plan.options,
            spend=spend,
            room=self.models.purse.reserved,
        )

    def _ingest(self, technique: Technique, memory: MemoryFolder, conversation: Conversation) -> Ingested:
        made = memory.begin(self.plan, self.models)
        began = time.perf_counter()
        with self._billing("ingest", conversation.id, file=memory.spending):
            ingested = technique.ingest(conversation)
        spent = (time.perf_counter() - began) * 1000
        if made.milliseconds is None:
            memory.finish(made, spent)
        else:
            spent = made.milliseconds
        return ingested.model_copy(update={"milliseconds": round(spent, 1)})

    # One question

    def _look_up(self, technique: Technique, question: Question, asked: set[Future[None]]) -> None:
        began = time.perf_counter()
        found = technique.context(question)
        timing = Timing(question_id=question.id, search=round((time.perf_counter() - began) * 1000, 3))
        record = self._record(question, found)
        if self.plan.answers and record.response is None:
            asked.add(self._asking.submit(self._answer, record, timing))
            return
        self.folder.keep(record, timing)
        if self._missing(record):
            asked.add(self._asking.submit(self._judge, record))
        else:
            self.advance(1)

    def _record(self, question: Question, found: Retrieved) -> Record:
        lines = answers.relation_lines(found.relations)
        digest = self.folder.keep_context(found.text)
        if digest not in self._counted:
            self._counted[digest] = self.models.tokens(found.text)
        return Record(
            question=question,
            found=at_level(found.found, question, self._sessions_of(question)),
            shown=self._shown(question, found.shown),
            relations=found.relations,
            context=digest,
            context_tokens=self._counted[digest] + (self.models.tokens(lines) if lines else 0),
            response=found.response,
        )

    def _shown(self, question: Question, turns: tuple[str, ...]) -> tuple[str, ...]:
        sessions = self._sessions_of(question)
        return turns if question.level == "turn" else tuple(dict.fromkeys(sessions.get(t, t) for t in turns))

    def _sessions_of(self, question: Question) -> dict[str, str]:
        """Turn -> session of the question's conversation."""
        if question.level == "turn":
            return {}
        if question.conversation not in self._sessions:
            found = next(c for c in self.plan.dataset.conversations if c.id == question.conversation)
            self._sessions[found.id] = {turn.id: session.id for session in found.sessions for turn in session.turns}
        return self._sessions[question.conversation]

    def _again(self, question: Question) -> None:
        """A question that was looked up by an earlier run, and not answered or judged as it is wanted now."""
        record = self.folder.records[question.id]
        if self.plan.answers and record.response is None:
            timing = self.folder.timings.get(question.id) or Timing(question_id=question.id, search=0.0)
            self._answer(record, timing)
        else:
            self._judge(record)

    def _answer(self, record: Record, timing: Timing) -> None:
        question = record.question
        if self._halt.is_set():
            return
        with self._guarded(question.id), self._billing("answer", question.conversation, question.id):
            llm = self._llm()
            began = time.perf_counter()
            said = answers.answer(llm, question, self.folder.contexts[record.context], record.relations)
            spent = round((time.perf_counter() - began) * 1000, 3)
            answered = record.model_copy(update={"response": said})
            self.folder.keep(answered, timing.model_copy(update={"answer": spent}))
            self._judge(answered)

    def _judge(self, record: Record) -> None:
        question = record.question
        if self._halt.is_set():
            return
        with self._guarded(question.id), self._billing("judge", question.conversation, question.id):
            for judge, run in self._missing(record):
                self.folder.keep_judgement(judging.judge(self._llm(), judge, run, question, record.response or ""))
            self.advance(1)

    def _llm(self) -> LLM:
        if self.models.llm is None:
            raise ConfigError("Answers need a chat model.", advice="Set GRAPHMEM_LLM_PROVIDER and GRAPHMEM_LLM_MODEL.")
        return self.models.llm

    def _missing(self, record: Record) -> list[tuple[Judge, int]]:
        """Judgements that are still to be made; an unanswerable question is scored by whether the answer abstains."""
        if record.response is None or record.question.unanswerable:
            return []
        wanted = ((judge, run) for judge in self.plan.judges for run in range(self.plan.judge_runs))
        return [(judge, run) for judge, run in wanted if (record.question.id, judge, run) not in self.folder.judgements]

    def _is_finished(self, question: Question) -> bool:
        record = self.folder.records.get(question.id)
        if record is None or (self.plan.answers and record.response is None):
            return False
        return not self._missing(record)

    # What goes wrong

    def _billing(
        self, stage: Stage, conversation: str, question: str = "", *, file: Path | None = None
    ) -> AbstractContextManager[None]:
        return self.models.purse.billing(Bill(stage, file or self.layout.spending, conversation, question))

    @contextmanager
    def _guarded(self, item: str) -> Iterator[None]:
        """A fault that may pass is noted with its question; a spent budget or a refusal stops the run; others rise."""
        try:
            yield
        except PASSING as error:
            with self._lock:
                self._failed[item] = str(error)
                self._failures += 1
                if self._failures >= MOST_FAILURES:
                    self._stopped(error)
        except (BudgetReached, ModelRefused) as error:
            self._stopped(error)
        except BaseException:
            self._halt.set()
            raise
        else:
            self._failures = 0

    def _stopped(self, error: GraphMemError) -> None:
        self._stop = self._stop or error
        self._halt.set()


def _drain(jobs: Collection[Future[None]]) -> None:
    """Wait for all; raises what the first of them raised that failed."""
    for job in as_completed(jobs):
        job.result()


def _remove(folder: Path) -> None:
    """What a memory holds on disk; what it cost stays beside it."""
    shutil.rmtree(folder, ignore_errors=True)
