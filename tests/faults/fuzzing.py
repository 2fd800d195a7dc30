"""Mutated replies, straight through the reader, and mutated answers over HTTP: tens of thousands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from graphmem.errors import ModelError, ModelReplyError
from graphmem.models.contracts import ExtractionRequest
from graphmem.models.limiter import Limiter
from graphmem.models.llm_extractor import LLMExtractor
from graphmem.models.openai import OpenAIChat
from graphmem.steps import extraction
from graphmem.steps.resolution import Judgement, Pair, apply_model
from graphmem.values import Draft, MessageRecord, Scope
from tests.faults.bad_replies import mutated, worse
from tests.steps.malformed_replies import MESSAGES
from tests.stub_server import Answer, StubServer

NOON = datetime(2024, 5, 8, 12, tzinfo=UTC)
REQUEST = ExtractionRequest(
    messages=tuple(
        MessageRecord(
            id=f"id-{index}", episode_id="e", position=index, conversation="c", scope=Scope(user_id="ann"), role="user",
            speaker="Ann", content=content, timestamp=NOON,
        )
        for index, content in enumerate(MESSAGES)
    ),
    participants=("Ann",),
    at=NOON,
)  # fmt: skip


def outcomes(numbers: Iterable[int]) -> tuple[Counter[str], list[str]]:
    """How many were read as they stood, were repaired or refused; and what went wrong otherwise."""
    found: Counter[str] = Counter()
    problems: list[str] = []
    for number in numbers:
        try:
            draft = extraction.parse(mutated(number), REQUEST)
        except ModelReplyError:
            found["quarantined"] += 1
            continue
        except Exception as exc:  # any other kind is what this looks for
            problems.append(f"{number}: {type(exc).__name__}: {exc}")
            continue
        found[draft.outcome] += 1
        problems += _unquoted(number, draft)
    return found, problems


def over_http(numbers: Iterable[int]) -> tuple[Counter[str], list[str]]:
    """What becomes of worse answers that a real server gives to the real client; and what went wrong otherwise."""
    found: Counter[str] = Counter()
    problems: list[str] = []
    answers: list[Answer] = [Answer("{}")]
    limiter = Limiter(sleep=lambda _: None)
    with StubServer(lambda _: answers[0], keep=False) as stub:
        llm = OpenAIChat("m", provider="custom", base_url=stub.base_url, limiter=limiter, tries=2)
        extractor = LLMExtractor(llm)
        for number in numbers:
            answers[0] = worse(number).answer
            try:
                draft = extractor.extract(REQUEST)
            except ModelError as exc:
                found[f"quarantined: {type(exc).__name__}"] += 1
                continue
            except Exception as exc:  # any other kind is what this looks for
                problems.append(f"{number}: {type(exc).__name__}: {exc}")
                continue
            found[draft.outcome] += 1
            problems += _unquoted(number, draft)
        llm.close()
    return found, problems


def _unquoted(number: int, draft: Draft) -> list[str]:
    return [
        f"{number}: {fact.text!r} quotes {fact.quote!r}"
        for fact in draft.facts
        if not fact.quote or fact.quote not in MESSAGES[fact.message]
    ]


PAIRS = tuple(
    Pair(
        fact=number, memory_id=f"memory-{number}", fact_text=f"Tom collects coins {number}.", fact_from=NOON,
        memory_text="Tom collects stamps.", memory_from=NOON, similarity=0.7,
    )
    for number in range(3)
)  # fmt: skip


def verdicts(replies: Iterable[str]) -> list[str]:
    """What goes wrong when a judge of two facts replies with these, and with verdicts among them."""
    problems = []
    wanted = {(pair.fact, pair.memory_id) for pair in PAIRS}
    for reply in replies:
        turned = reply.replace('"facts"', '"verdicts"').replace('"message"', '"pair"').replace('"kind"', '"action"')
        for text in (reply, turned, turned.replace("m1", "p1").replace("episodic", "supersede")):
            try:
                found = apply_model(Judgement(undecided=PAIRS), text)
            except Exception as exc:  # any kind is what this looks for
                problems.append(f"{type(exc).__name__}: {exc}: {text[:200]}")
                continue
            problems += [f"{v} was not asked" for v in found if (v.fact, v.memory_id) not in wanted]
    return problems
