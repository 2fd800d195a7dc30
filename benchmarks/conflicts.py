"""What new facts do to old ones, through the public API.

    python benchmarks/conflicts.py PAIRS.json --json OUT.json [--locomo LOCOMO.json] [--verbose]

PAIRS.json is a list of {"old", "new", "gold": "retire" | "keep"}. Every pair gets a fresh user: the old sentence is
added, a day later the new one, and the old memories are looked at again. OUT.json holds
{"retire_right": n, "retire_all": n, "keep_right": n, "keep_all": n}.

With --locomo, every pair of facts that LoCoMo gives for one speaker (`observation`) and whose cosine is at least 0.5
is judged, the newer against the older, and each fact that would be retired is printed, to be read by a person.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

START = datetime(2024, 3, 4, 9, tzinfo=UTC)
NEAR = 0.5


class Outcome(NamedTuple):
    """What happened to one pair."""

    pair: Mapping[str, str]
    retired: bool
    reasons: tuple[str, ...]
    known: int
    """Facts that were known after the first add; 0 means that nothing was extracted."""

    @property
    def right(self) -> bool:
        return self.retired == (self.pair["gold"] == "retire")


def run_pairs(pairs: Sequence[Mapping[str, str]]) -> list[Outcome]:
    """Add both sentences of every pair to a temporary home, a day apart."""
    from graphmem import Memory

    with tempfile.TemporaryDirectory() as home, Memory.open(home=home, vectors="none") as memory:
        return [_run_pair(memory, pair, f"bench-{number}") for number, pair in enumerate(pairs)]


def _run_pair(memory: Any, pair: Mapping[str, str], user: str) -> Outcome:
    first = memory.add(pair["old"], user_id=user, at=START)
    old = {c.memory_id: memory.get(c.memory_id).valid_to for c in first.changes if c.event == "ADD"}
    second = memory.add(pair["new"], user_id=user, at=START + timedelta(days=1))
    closed = [memory_id for memory_id, end in old.items() if memory.get(memory_id).valid_to != end]
    reasons = tuple(c.reason for c in second.changes if c.event == "DELETE" and c.memory_id in old)
    return Outcome(pair, bool(closed), reasons, len(old))


def summary(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """The counts that the JSON holds."""
    counts = {}
    for gold in ("retire", "keep"):
        group = [o for o in outcomes if o.pair["gold"] == gold]
        counts[f"{gold}_right"] = sum(o.right for o in group)
        counts[f"{gold}_all"] = len(group)
    return counts


class Observation(NamedTuple):
    """A fact of LoCoMo with its place in time."""

    speaker: str
    text: str
    at: datetime


def observations(path: Path) -> Iterator[list[Observation]]:
    """The facts of every conversation, oldest first."""
    for sample in json.loads(path.read_text(encoding="utf-8")):
        found = []
        for name, by_speaker in sample["observation"].items():
            number = int(re.findall(r"\d+", name)[0])
            at = START + timedelta(days=number)
            found += [Observation(who, item[0], at) for who, items in by_speaker.items() for item in items]
        yield sorted(found, key=lambda o: o.at)


def locomo(path: Path) -> tuple[int, list[tuple[str, str, str]]]:
    """How many pairs were judged, and (old, new, reason) of each retirement."""
    from graphmem.models.local.claims.reader import Reader
    from graphmem.models.local.embedder import LocalEmbedder
    from graphmem.models.local.language import load

    embedder, reader = LocalEmbedder(), Reader(load())
    judged, retired = 0, []
    for facts in observations(path):
        texts = [f.text for f in facts]
        vectors, claims = embedder.embed(texts), reader.claims(texts)
        cosines = vectors @ vectors.T
        for new in range(len(facts)):
            for old in range(new):
                same_speaker = facts[old].speaker == facts[new].speaker
                if not same_speaker or facts[old].at >= facts[new].at or cosines[old, new] < NEAR:
                    continue
                judged += 1
                reason = _judged(facts[old], claims[old], facts[new], claims[new], float(cosines[old, new]))
                if reason:
                    retired.append((texts[old], texts[new], reason))
    return judged, retired


def _judged(old: Observation, old_claims: Any, new: Observation, new_claims: Any, cosine: float) -> str:
    from graphmem.steps.resolution import judge
    from graphmem.values import Candidate, FactDraft, LinkedFact, Memory, Scope

    known = Memory(
        id="old", text=old.text, scope=Scope(user_id="bench"), recorded_at=old.at, valid_from=old.at, claims=old_claims
    )
    draft = FactDraft(text=new.text, message=0, claims=new_claims)
    fact = LinkedFact(draft=draft, memory_id="new", valid_from=new.at)
    verdicts = judge([fact], [[Candidate(memory=known, similarity=min(1.0, cosine))]]).verdicts
    return next((v.reason for v in verdicts if v.action in {"supersede", "end", "correct"}), "")


def report(outcomes: Sequence[Outcome], *, verbose: bool) -> None:
    """Print the counts and every pair that went wrong."""
    for outcome in outcomes:
        if not outcome.right or verbose:
            label = "ok    " if outcome.right else ("MISSED" if outcome.pair["gold"] == "retire" else "WRONG ")
            note = "; ".join(outcome.reasons) or ("nothing was extracted" if not outcome.known else "")
            print(f"{label} {outcome.pair['old']} | {outcome.pair['new']}  {note}")
    counts = summary(outcomes)
    print(f"retired as they should: {counts['retire_right']} of {counts['retire_all']}")
    print(f"kept as they should:    {counts['keep_right']} of {counts['keep_all']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--json", type=Path, dest="out")
    parser.add_argument("--locomo", type=Path)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    outcomes = run_pairs(json.loads(options.pairs.read_text(encoding="utf-8")))
    report(outcomes, verbose=options.verbose)
    written: dict[str, Any] = dict(summary(outcomes))
    if options.locomo:
        judged, retired = locomo(options.locomo)
        print(f"LoCoMo: {len(retired)} retirements in {judged} pairs")
        for old, new, reason in retired:
            print(f"  - {old}\n    {new}\n    {reason}")
        written["locomo"] = {"pairs": judged, "retired": [list(r) for r in retired]}
    if options.out:
        options.out.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
