"""Old command lines and old result files keep working."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from graphmem.evaluation import evals, run_experiments
from tests.evaluation.test_models import reply
from tests.stub_server import StubServer

HERE = Path(__file__).parent / "data"
ROOT = Path(__file__).parents[2]
TARGETS = (
    "run-mem0-add", "run-mem0-search", "run-mem0-plus-add", "run-mem0-plus-search", "run-rag", "run-full-context",
    "run-langmem", "run-zep-add", "run-zep-search", "run-openai",
)  # fmt: skip
MEM0 = {
    "question", "answer", "category", "evidence", "response", "adversarial_answer", "speaker_1_memories",
    "speaker_2_memories", "num_speaker_1_memories", "num_speaker_2_memories", "speaker_1_memory_time",
    "speaker_2_memory_time", "speaker_1_graph_memories", "speaker_2_graph_memories", "response_time",
}  # fmt: skip
RAG = {"question", "answer", "category", "context", "response", "search_time", "response_time"}


@pytest.fixture(autouse=True)
def _hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHMEM_EMBEDDER", "hash")


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A chat model in the settings."""
    with StubServer(chat=reply) as server:
        monkeypatch.setenv("GRAPHMEM_LLM_PROVIDER", "custom")
        monkeypatch.setenv("GRAPHMEM_LLM_BASE_URL", server.base_url)
        monkeypatch.setenv("GRAPHMEM_LLM_MODEL", "small")
        yield server


def experiment(out: Path, *more: str) -> int:
    """One run of the old command."""
    return run_experiments.main(["--data", str(HERE / "locomo.json"), "--output_folder", str(out), *more])


def result(path: Path) -> dict[str, list[dict[str, Any]]]:
    """A result file."""
    content: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("graph", [False, True])
def test_mem0_is_added_then_searched(graph: bool, out: Path, stub: StubServer):
    """Two commands, one file with the old name and keys; adding asks no question."""
    flags = ["--is_graph"] if graph else []
    added = experiment(out, "--method", "add", *flags)
    asked = stub.seen.chat_calls
    searched = experiment(out, "--method", "search", "--top_k", "5", *flags)
    found = result(out / f"mem0_results_top_5_filter_False_graph_{graph}.json")

    assert (0, 0, 8) == (added, searched, stub.seen.chat_calls - asked)
    assert (["0", "1"], MEM0) == (list(found), set(found["0"][0]))
    first = found["0"][0]
    assert 5 == first["num_speaker_1_memories"] + first["num_speaker_2_memories"]
    assert {"memory", "timestamp", "score"} == set(first["speaker_1_memories"][0])
    assert ("Pebble", 5) == (found["0"][4]["adversarial_answer"], found["0"][4]["category"])


def test_rag_has_its_own_keys(out: Path, stub: StubServer):
    """A chunk size and a number of chunks in the name."""
    assert 0 == experiment(out, "--technique_type", "rag", "--chunk_size", "90", "--num_chunks", "2")
    assert RAG == set(result(out / "rag_results_90_k2.json")["1"][0])


def test_a_chunk_size_of_minus_one_is_the_whole_transcript(out: Path, stub: StubServer):
    """As in the old Makefile."""
    assert 0 == experiment(out, "--technique_type", "rag", "--chunk_size", "-1")
    assert 3 == len(result(out / "rag_results_-1_k1.json")["1"][0]["context"].splitlines())


def test_without_a_chat_model_it_says_what_is_missing(out: Path, capsys: pytest.CaptureFixture[str]):
    """One line; and without answers it looks up all the same."""
    assert 1 == experiment(out, "--technique_type", "rag")
    told = capsys.readouterr().err
    assert 0 == experiment(out, "--method", "search", "--mode", "raw", "--no_answers")

    assert (1, True) == (len(told.splitlines()), "GRAPHMEM_LLM_PROVIDER" in told)
    assert "" == result(out / "mem0_results_top_30_filter_False_graph_False.json")["0"][0]["response"]


@pytest.mark.parametrize("arguments", [("zep", "add"), ("zep", "search"), ("openai", "search")])
def test_a_hosted_service_reads_its_result_file(
    arguments: tuple[str, str], out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Without one it says in one line which file is missing; no chat model is needed."""
    monkeypatch.chdir(out.parent)
    assert 1 == experiment(out, "--technique_type", arguments[0], "--method", arguments[1])
    told = capsys.readouterr().err

    assert (1, True) == (len(told.splitlines()), "_results.json" in told)


def test_missing_data_are_named(out: Path, capsys: pytest.CaptureFixture[str]):
    """The file is not part of the package."""
    assert 1 == run_experiments.main(["--output_folder", str(out)])
    assert "there is no dataset/locomo10.json" in capsys.readouterr().err


def test_metrics_of_a_result_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """By hand: F1 of {on, 7, may} and {7, may} is 0.8, BLEU-1 2/3; category 5 is left out."""
    items = [
        {"question": "When?", "answer": "7 May", "category": 2, "response": "On 7 May."},
        {"question": "Who?", "answer": "Ana", "category": 4, "response": "Ben"},
        {"question": "Which?", "answer": "", "category": 5, "response": "none"},
    ]
    given, wanted = tmp_path / "in.json", tmp_path / "out.json"
    given.write_text(json.dumps({"0": items}), encoding="utf-8")

    assert 0 == evals.main(["--input_file", str(given), "--output_file", str(wanted)])
    written = result(wanted)["0"]
    assert [("2", pytest.approx(0.8), pytest.approx(0.5)), ("4", 0.0, 0.0)] == [
        (item["category"], item["f1_score"], item["bleu_score"]) for item in written
    ]
    assert ["category", "bleu_score", "f1_score", "count"] == capsys.readouterr().out.splitlines()[0].split()


def test_a_judge_scores_a_result_file(tmp_path: Path, stub: StubServer):
    """1 or 0 under the old key."""
    given, wanted = tmp_path / "in.json", tmp_path / "out.json"
    items = [{"question": "Which?", "answer": name, "category": 4, "response": name} for name in ("door 1", "door 2")]
    given.write_text(json.dumps({"0": items}), encoding="utf-8")

    assert 0 == evals.main(["--input_file", str(given), "--output_file", str(wanted), "--judge", "strict"])
    assert [1, 0] == [item["llm_score"] for item in result(wanted)["0"]]


def test_a_malformed_result_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The item and the key."""
    given = tmp_path / "in.json"
    given.write_text(json.dumps({"0": [{"question": "?", "answer": "a", "category": 1}]}), encoding="utf-8")

    assert 1 == evals.main(["--input_file", str(given)])
    assert "in.json, 0, item 0: has no key 'response'" in capsys.readouterr().err


@pytest.mark.parametrize("target", TARGETS)
def test_the_old_targets_are_in_the_makefile(target: str):
    """Each calls the old command with the old arguments."""
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (0, True) == (done.returncode, "graphmem.evaluation.run_experiments" in done.stdout)
