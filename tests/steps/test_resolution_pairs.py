"""Written pairs of facts, read and judged with the local rules alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("spacy")

from graphmem.models.local.claims.reader import Reader
from graphmem.models.local.language import load
from graphmem.steps.resolution import judge
from graphmem.values import Candidate, FactDraft, LinkedFact, Memory, Scope

START = datetime(2024, 5, 8, tzinfo=UTC)
DATA = Path(__file__).parent / "data"


def retired(pairs):
    """Whether the new fact of each pair retires the old one."""
    claims = Reader(load()).claims([text for pair in pairs for text in (pair["old"], pair["new"])])
    found = []
    for number, pair in enumerate(pairs):
        old = Memory(
            id="old", text=pair["old"], scope=Scope(user_id="u"), recorded_at=START, valid_from=START,
            claims=claims[2 * number],
        )  # fmt: skip
        draft = FactDraft(text=pair["new"], message=0, claims=claims[2 * number + 1])
        new = LinkedFact(draft=draft, memory_id="new", valid_from=START + timedelta(days=1))
        verdicts = judge([new], [[Candidate(memory=old, similarity=0.8)]]).verdicts
        found.append(any(v.action in {"supersede", "end", "correct"} for v in verdicts))
    return found


@pytest.mark.parametrize(("name", "least"), [("pairs_tune.json", 38), ("pairs_held_out.json", 30)])
def test_lively_pairs(name, least):
    """No fact is retired wrongly, and most changes are seen although no model is asked."""
    pairs = json.loads((DATA / name).read_text(encoding="utf-8"))
    found = list(zip(pairs, retired(pairs), strict=True))

    assert [] == [pair for pair, gone in found if gone and pair["gold"] == "keep"]
    assert least <= sum(gone for pair, gone in found if pair["gold"] == "retire")
