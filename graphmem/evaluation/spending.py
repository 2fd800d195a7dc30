"""Every call of a model is counted, booked at once, and held to the budget before it is sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from graphmem.errors import GraphMemError
from graphmem.evaluation.lines import Lines
from graphmem.evaluation.prices import Prices
from graphmem.evaluation.records import Spent, Stage
from graphmem.models.contracts import LLM, Embedder, Prompt, Reply, Task, Vectors
from graphmem.models.journal import NamesModels

OVERHEAD = 60
"""Tokens that a server adds to a prompt, at most: roles and marks."""
CAUTION = 1.3
"""Factor on the tokens of a prompt before it is sent: the count is an estimate."""


class BudgetReached(GraphMemError):
    """The next call could cost more than is left."""

    def __init__(self, budget: float, spent: float) -> None:
        super().__init__(
            f"The budget of ${budget:.2f} is reached: ${spent:.4f} are spent, and the next call could exceed it.",
            advice="Raise --budget-usd and run again with --resume; what is done is kept.",
        )
        self.budget, self.spent = budget, spent


class Bill(NamedTuple):
    """What the calls of this thread are made for, and the file that they are booked in."""

    stage: Stage
    file: Path
    conversation: str = ""
    question_id: str = ""


class Purse:
    """What was spent and what may be. Shared by all threads.

    `spent` is what earlier runs in the same folder cost: it counts towards the budget.
    """

    def __init__(self, prices: Prices, budget: float | None = None, spent: float = 0.0) -> None:
        self.prices = prices
        self.budget = budget
        self._spent = spent
        self._reserved = 0.0
        self._lock = threading.Lock()
        self._here = threading.local()
        self._files: dict[Path, Lines[Spent]] = {}

    @property
    def spent(self) -> float:
        """Dollars, as far as prices are known."""
        return self._spent

    @contextmanager
    def billing(self, bill: Bill) -> Iterator[None]:
        """Calls of this thread in this block are for `bill`."""
        before = getattr(self._here, "bill", None)
        self._here.bill = bill
        try:
            yield
        finally:
            self._here.bill = before

    @contextmanager
    def reserved(self, model: str, asked: int, answered: int) -> Iterator[None]:
        """Room for a call of at most so many tokens. Raises BudgetReached when there is none."""
        most = self.prices.dollars(model, asked, answered) or 0.0
        with self._lock:
            if self.budget is not None and self._spent + self._reserved + most > self.budget:
                raise BudgetReached(self.budget, self._spent)
            self._reserved += most
        try:
            yield
        finally:
            with self._lock:
                self._reserved -= most

    def pay(self, model: str, calls: int, asked: int, answered: int = 0) -> None:
        """Book a call of this thread."""
        bill: Bill = self._here.bill
        self.book(
            Spent(
                stage=bill.stage,
                conversation=bill.conversation,
                question_id=bill.question_id,
                model=model,
                calls=calls,
                prompt_tokens=asked,
                completion_tokens=answered,
                dollars=self.prices.dollars(model, asked, answered),
            ),
            bill.file,
        )

    def book(self, spent: Spent, file: Path) -> None:
        """Write a call down, and count it; without a price in it, that of the table counts."""
        if spent.dollars is None:
            known = self.prices.dollars(spent.model, spent.prompt_tokens, spent.completion_tokens)
            spent = spent.model_copy(update={"dollars": known})
        with self._lock:
            self._spent += spent.dollars or 0.0
            lines = self._files.setdefault(file, Lines(file, Spent))
        lines.append(spent)


def _metered(client: object) -> bool:
    """The client counts what it sends."""
    return hasattr(client, "meter")


class _Clients:
    """One client a thread where clients count for themselves, so that what a call cost is what its thread's meter
    went up by, failed tries included; else one for all. The provider's limiter is shared by all of them.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._first = make()
        self._all = [self._first]
        self._local = threading.local()
        self._lock = threading.Lock()
        self._taken = False

    @property
    def first(self) -> Any:
        """The one that was made first; for questions that cost nothing."""
        return self._first

    def mine(self) -> Any:
        """The client of this thread."""
        if not _metered(self._first):
            return self._first
        if getattr(self._local, "client", None) is None:
            with self._lock:
                self._local.client = self._make() if self._taken else self._first
                if self._taken:
                    self._all.append(self._local.client)
                self._taken = True
        return self._local.client

    def close(self) -> None:
        """Close all of them."""
        for client in self._all:
            client.close()


def _totals(client: Any) -> tuple[int, int, int]:
    meter = client.meter
    return meter.calls, meter.prompt_tokens, meter.completion_tokens


class PaidLLM:
    """A chat model whose calls are booked. The bill of the thread says for what."""

    def __init__(self, make: Callable[[], LLM], purse: Purse, tokens: Callable[[str], int]) -> None:
        self._clients = _Clients(make)
        self._purse = purse
        self._tokens = tokens

    def complete(self, prompt: Prompt) -> Reply:
        """The model's reply. Raises BudgetReached before anything is sent, and what the model raises."""
        client: Any = self._clients.mine()
        model = self.model_for(prompt.task)
        schema = str(prompt.json_schema) if prompt.json_schema else ""
        asked = int(CAUTION * self._tokens(prompt.system + prompt.user + schema)) + OVERHEAD
        with self._purse.reserved(model, asked, prompt.max_tokens):
            if not _metered(client):
                reply: Reply = client.complete(prompt)
                self._purse.pay(model, reply.calls, reply.prompt_tokens, reply.completion_tokens)
                return reply
            before = _totals(client)
            try:
                answered: Reply = client.complete(prompt)
                return answered
            finally:
                calls, sent, got = (now - was for now, was in zip(_totals(client), before, strict=True))
                if calls:
                    self._purse.pay(model, calls, sent, got)

    def model_for(self, task: Task) -> str:
        """The name of the model for a task."""
        first = self._clients.first
        return first.model_for(task) if isinstance(first, NamesModels) else type(first).__name__

    def close(self) -> None:
        """Nothing: the run closes the clients, memories come and go."""

    def shut(self) -> None:
        """Close the clients."""
        self._clients.close()


class PaidEmbedder:
    """An embedder whose calls are booked, where they cost anything. Memories that close it do not close it."""

    def __init__(self, make: Callable[[], Embedder], purse: Purse, tokens: Callable[[str], int]) -> None:
        self._clients = _Clients(make)
        self._purse = purse
        self._tokens = tokens

    @property
    def fingerprint(self) -> str:
        """That of the embedder behind."""
        return str(self._clients.first.fingerprint)

    @property
    def dimensions(self) -> int:
        """That of the embedder behind."""
        return int(self._clients.first.dimensions)

    @property
    def model(self) -> str | None:
        """The name under which calls are booked; None where they cost nothing."""
        first: Any = self._clients.first
        return str(first.model) if _metered(first) else None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text."""
        client, model = self._clients.mine(), self.model
        if model is None or not texts:
            free: Vectors = client.embed(texts)
            return free
        with self._purse.reserved(model, int(CAUTION * sum(map(self._tokens, texts))), 0):
            before = _totals(client)
            try:
                rows: Vectors = client.embed(texts)
                return rows
            finally:
                calls, sent, _ = (now - was for now, was in zip(_totals(client), before, strict=True))
                if calls:
                    self._purse.pay(model, calls, sent)

    def close(self) -> None:
        """Nothing: the run closes the clients."""

    def shut(self) -> None:
        """Close the clients."""
        self._clients.close()
