"""Mutated replies, straight through the reader: fast enough for tens of thousands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from graphmem.errors import ModelReplyError
from graphmem.models.contracts import ExtractionRequest
from graphmem.steps import extraction
from graphmem.steps.resolution import Judgement, Pair, apply_model
from graphmem.values import MessageRecord, Scope
from tests.faults.bad_replies import mutated
from tests.steps.malformed_replies import MESSAGES

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
        problems += [
            f"{number}: {fact.text!r} quotes {fact.quote!r}"
            for fact in draft.facts
            if not fact.quote or fact.quote not in MESSAGES[fact.message]
        ]
    return found, problems


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
