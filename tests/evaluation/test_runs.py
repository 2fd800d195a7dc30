"""A run writes what it does as it does it: it can be killed, continued, repeated and extended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graphmem.errors import ConfigError, InputError
from graphmem.evaluation import data, opening
from graphmem.evaluation.records import Dataset, Layout
from graphmem.evaluation.results import read_measurements, read_scores, read_side
from tests.evaluation.conftest import HERE, Execute, files
from tests.evaluation.killed_run import LEFT

CHILD = Path(__file__).parent / "killed_run.py"
ROOT = Path(__file__).parents[2]


def lines(path: Path) -> list[Any]:
    """The values of a file of lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_writes_every_question(execute: Execute, out: Path):
    """Questions, contexts and conversations in files of lines; the rest made from them."""
    outcome = execute("bm25")
    layout = Layout(out / "bm25-raw")

    assert (8, 8, (), "") == (outcome.questions, outcome.finished, outcome.failed, outcome.stopped)
    assert (8, 8, 2) == tuple(len(lines(p)) for p in (layout.records, layout.timings, layout.ingested))
    assert 1.0 == read_scores(layout).by_category["2"]["R@5"].mean
    assert (8, {}) == (read_measurements(layout).search.n, read_measurements(layout).costs)  # type: ignore[union-attr]


def test_the_manifest_says_what_was_run(execute: Execute, out: Path, talks: Dataset):
    """On which data, with which models and packages."""
    execute("rag", chunk_size=90)
    manifest = json.loads((out / "rag-90x1-raw" / "manifest.json").read_text(encoding="utf-8"))

    assert (talks.sha256, "rag", "raw", 8) == (
        manifest["data_sha256"], manifest["technique"], manifest["mode"], manifest["questions"],
    )  # fmt: skip
    assert ({"chunk_size": 90, "num_chunks": 1}, {"embedder": "hash-1:256:l2"}) == (
        manifest["settings"], manifest["models"],
    )  # fmt: skip
    assert {"python", "graphmem", "numpy"} <= manifest["versions"].keys()


def test_a_killed_run_ends_in_the_same_files(execute: Execute, out: Path, tmp_path: Path):
    """The process is gone in the middle of a line; the rest is done, and nothing of the first part again."""
    killed = subprocess.run(
        [sys.executable, CHILD, HERE / "locomo.json", out], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False
    )
    layout = Layout(out / "graphmem+-raw")
    before = layout.records.read_bytes().splitlines()[:LEFT]

    execute("graphmem+", resume=True)
    execute("graphmem+", folder=tmp_path / "whole")

    assert 9 == killed.returncode
    assert before == layout.records.read_bytes().splitlines()[:LEFT]
    assert 8 == len(lines(layout.records))
    assert files(Layout(tmp_path / "whole" / "graphmem+-raw")) == files(layout)


def test_workers_change_nothing(execute: Execute, out: Path, tmp_path: Path):
    """Conversations at once give the same files as one after the other."""
    execute("graphmem", workers=3)
    execute("graphmem", folder=tmp_path / "alone")

    assert files(Layout(tmp_path / "alone" / "graphmem-raw")) == files(Layout(out / "graphmem-raw"))


def test_a_folder_with_a_run_is_not_written_over(execute: Execute):
    """Not without being asked to go on with it."""
    execute("bm25")

    with pytest.raises(InputError, match="holds a run already"):
        execute("bm25")


def test_another_run_is_not_continued(execute: Execute):
    """The setting that differs is named."""
    execute("bm25")

    with pytest.raises(InputError, match="data_sha256: "):
        execute(
            "bm25", dataset=data.read("jsonl", HERE / "own.jsonl").model_copy(update={"name": "locomo"}), resume=True
        )


def test_a_run_may_grow(execute: Execute, out: Path, talks: Dataset):
    """Questions that were left out by a limit are asked by the next run, and only these."""
    execute("bm25", dataset=data.chosen(talks, limit=1))
    outcome = execute("bm25", resume=True)

    assert (8, 8) == (outcome.finished, len(lines(Layout(out / "bm25-raw").records)))


def test_a_smaller_part_is_scored_alone(execute: Execute, out: Path, talks: Dataset):
    """What the plan does not ask for stays on disk and out of the figures."""
    execute("bm25")
    execute("bm25", dataset=data.chosen(talks, conversations=["talk-2"]), resume=True)

    assert ["talk-2/0", "talk-2/1"] == [r.question.id for r in read_side(Layout(out / "bm25-raw")).records]


def test_memories_are_shared_by_the_techniques_of_a_store(execute: Execute, out: Path):
    """`graphmem+` reads what `graphmem` made; what it took to make it is told of both."""
    execute("graphmem", mode="recorded")
    made = sorted((out / "memories" / "graphmem-recorded").iterdir())
    execute("graphmem+", mode="recorded")

    assert made == sorted((out / "memories" / "graphmem-recorded").iterdir())
    times = [read_measurements(Layout(out / f"{n}-recorded")).ingest_seconds for n in ("graphmem", "graphmem+")]
    assert times[0] == times[1]


def test_memories_of_other_data_are_not_read(execute: Execute, out: Path, tmp_path: Path):
    """The same conversation in a file that says something else."""
    execute("graphmem")
    document = json.loads((HERE / "locomo.json").read_text(encoding="utf-8"))
    document[0]["conversation"]["session_1"][0]["text"] = "Something else."
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(InputError, match="made from other data"):
        execute("graphmem+", dataset=data.read("locomo", changed))


def test_memories_can_be_discarded(execute: Execute, out: Path):
    """Their size is in the measurements all the same."""
    execute("graphmem", discard=True)

    assert [] == [path.name for path in (out / "memories" / "graphmem-raw").iterdir() if path.is_dir()]
    assert read_measurements(Layout(out / "graphmem-raw")).disk_bytes > 0


def test_a_damaged_line_is_named(execute: Execute, out: Path):
    """Only an unfinished last line is expected; anything else is told."""
    execute("bm25")
    records = Layout(out / "bm25-raw").records
    records.write_text('{"question": 1}\n' + records.read_text(encoding="utf-8"), encoding="utf-8")

    with pytest.raises(InputError, match=r"records\.jsonl, line 1: is no Record"):
        execute("bm25", resume=True)


def test_evidence_of_sessions_is_found_by_their_turns(execute: Execute, out: Path):
    """LongMemEval without marked turns: a turn of the right session counts."""
    execute("bm25", dataset=data.read("longmemeval", HERE / "longmemeval.json"))
    records = {r.question.id: r for r in read_side(Layout(out / "bm25-raw")).records}

    assert ("q8_abs/0/s_c",) == records["q8_abs/0"].found[0].sources
    assert ("q8_abs/0/s_c",) == records["q8_abs/0"].shown


def test_answers_need_a_model(execute: Execute, out: Path, talks: Dataset):
    """And it is said before anything is done."""
    from graphmem import Settings
    from graphmem.evaluation.plans import Plan
    from graphmem.evaluation.runs import Run
    from graphmem.evaluation.techniques.contract import Options

    with (
        opening.models(Settings(embedder="hash"), out) as models,
        pytest.raises(ConfigError, match="GRAPHMEM_LLM_PROVIDER"),
    ):
        Run(Plan.of(talks, "bm25", Options(), answers=True), models, out)


def test_runs_are_found_in_their_folders(execute: Execute, out: Path):
    """By their folder, or by the folder of several."""
    execute("bm25")
    execute("full-context")

    assert ["bm25-raw", "full-context-raw"] == [layout.folder.name for layout in Layout.find([out])]
    assert ["bm25-raw"] == [layout.folder.name for layout in Layout.find([out / "bm25-raw"])]


def test_two_evaluations_do_not_write_to_one_folder(out: Path):
    """The second is told so at once."""
    with opening.alone(out), pytest.raises(InputError, match="another evaluation"), opening.alone(out):
        pass


@pytest.mark.data
def test_the_words_of_a_real_conversation(execute: Execute, data_path: Path, out: Path):
    """BM25 over the turns of one LoCoMo conversation finds as much as a program apart from this one found."""
    talks = data.read("locomo", data_path / "locomo" / "locomo_dev.json")
    execute("bm25", dataset=data.chosen(talks, conversations=["conv-26"]))
    overall = read_scores(Layout(out / "bm25-raw")).overall

    assert 150 == overall["R@10"].n
    assert pytest.approx(0.54, abs=0.03) == overall["R@10"].mean
