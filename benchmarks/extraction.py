"""How much of what people would keep from a conversation the local extractor finds, and how fast.

    python benchmarks/extraction.py locomo_dev.json [--json FILE] [--samples 20] [--threshold 0.5]

The file has LoCoMo's shape. A gold fact (`observation`) counts as covered when a fact extracted from the same session
has a cosine of at least 0.7 with it (all-MiniLM-L6-v2). Speed is CPU time of extraction alone, in messages a second.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from graphmem.models.contracts import ExtractionRequest
from graphmem.models.local.embedder import LocalEmbedder
from graphmem.models.local.extraction.extractor import LocalExtractor
from graphmem.values import Draft, MessageRecord, Scope

COVERED = 0.7


class Session(NamedTuple):
    """One sitting of a conversation, with the facts that were kept from it."""

    request: ExtractionRequest
    gold: list[str]


def sessions(path: Path) -> Iterator[Session]:
    """The sessions of a LoCoMo file, in order."""
    for sample in json.loads(path.read_text(encoding="utf-8")):
        talk = sample["conversation"]
        people = (talk["speaker_a"], talk["speaker_b"])
        for name in (k for k, turns in talk.items() if k.startswith("session_") and isinstance(turns, list)):
            at = datetime.strptime(talk[f"{name}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
            kept = sample.get("observation", {}).get(f"{name}_observation", {})
            gold = [fact[0] for facts in kept.values() for fact in facts]
            records = [_record(turn, place, at, sample) for place, turn in enumerate(talk[name])]
            yield Session(ExtractionRequest(messages=tuple(records), participants=people, at=at), gold)


def _record(turn: dict[str, Any], place: int, at: datetime, sample: dict[str, Any]) -> MessageRecord:
    return MessageRecord(
        id=turn["dia_id"],
        episode_id="benchmark",
        position=place,
        conversation=str(sample.get("sample_id", "")),
        scope=Scope(user_id="benchmark"),
        role="user",
        speaker=turn["speaker"],
        content=turn["text"],
        timestamp=at,
    )


def coverage(all_sessions: list[Session], drafts: list[Draft]) -> float:
    """Share of gold facts with a near enough fact of the same session."""
    embedder = LocalEmbedder()
    covered = total = 0
    for session, draft in zip(all_sessions, drafts, strict=True):
        gold = embedder.embed(session.gold)
        facts = embedder.embed([f.text for f in draft.facts])
        total += len(gold)
        if len(facts) and len(gold):
            covered += int(((gold @ facts.T).max(axis=1) >= COVERED).sum())
    return covered / max(1, total)


def measure(path: Path, threshold: float | None) -> tuple[dict[str, Any], list[Draft]]:
    """All figures of one file, and the drafts behind them."""
    extractor = LocalExtractor() if threshold is None else LocalExtractor(threshold)
    everything = list(sessions(path))
    extractor.extract(everything[0].request)
    start = time.process_time()
    drafts = [extractor.extract(session.request) for session in everything]
    spent = time.process_time() - start
    turns = sum(len(s.request.messages) for s in everything)
    facts = [f for d in drafts for f in d.facts]
    types = Counter(r.type for f in facts for r in f.relations)
    figures = {
        "turns": turns,
        "gold_facts": sum(len(s.gold) for s in everything),
        "facts": len(facts),
        "facts_per_turn": round(len(facts) / turns, 3),
        "coverage": round(100 * coverage(everything, drafts), 1),
        "messages_per_second": round(turns / spent, 1),
        "dated_facts": sum(f.valid_from is not None for f in facts),
        "relations": sum(types.values()),
        "mentions_per_turn": round(sum(len(d.mentions) for d in drafts) / turns, 2),
        "relation_types": dict(types.most_common(25)),
    }
    return figures, drafts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--samples", type=int, default=0, help="print this many random facts to read")
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    figures, drafts = measure(options.path, options.threshold)
    for name, value in figures.items():
        print(f"{name:22}{value}")
    facts = [f for d in drafts for f in d.facts]
    for fact in random.Random(options.seed).sample(facts, min(options.samples, len(facts))):
        when = fact.valid_from.date() if fact.valid_from else "-"
        print(f"\n{fact.text}   [{fact.modality} {when}]\n  > {fact.quote}")
        for relation in fact.relations:
            print(f"    {relation.source} -{relation.type}-> {relation.target}  {relation.confidence}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
