"""Techniques give rankings and contexts in one form."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphmem import Settings
from graphmem.errors import InputError
from graphmem.evaluation import data
from graphmem.evaluation.records import Dataset, Mode, Retrieved
from graphmem.evaluation.techniques import registry
from graphmem.evaluation.techniques.contract import Options, Parts, Technique
from graphmem.evaluation.tokens import estimate
from graphmem.models.scripted import HashEmbedder

HERE = Path(__file__).parent / "data"
LOCAL = ("bm25", "chroma", "rag", "full-context", "graphmem", "graphmem+")


def made(name: str, folder: Path, **options: object) -> Technique:
    """A technique with the hash embedder."""
    chosen = Options(**options)  # type: ignore[arg-type]
    return registry.entry(name).make(Parts(folder, Settings(embedder="hash"), HashEmbedder(), None, estimate, chosen))


def asked(name: str, folder: Path, dataset: Dataset, question: int = 0, **options: object) -> Retrieved:
    """What a technique finds for a question of the first conversation."""
    conversation = dataset.conversations[0]
    technique = made(name, folder, **options)
    try:
        technique.ingest(conversation)
        return technique.context(conversation.questions[question])
    finally:
        technique.close()


@pytest.mark.parametrize("name", [n for n in LOCAL if n != "full-context"])
def test_every_place_of_a_ranking_names_its_turns(name: str, tmp_path: Path, talks: Dataset):
    """Recall is computed from these alone; the question shares words with the first turn."""
    found = asked(name, tmp_path, talks).found

    known = {turn.id for turn in talks.conversations[0].turns}
    assert set() == {turn for place in found for turn in place.sources} - known
    assert any("D1:1" in place.sources for place in found)


@pytest.mark.parametrize("name", ["bm25", "chroma", "graphmem", "graphmem+"])
def test_a_context_shows_the_best_with_their_dates(name: str, tmp_path: Path, talks: Dataset):
    """One line each, as many as asked for, the real date of the session in front."""
    found = asked(name, tmp_path, talks, top_k=2)

    assert 2 == len(found.text.splitlines())
    assert {line[:10] for line in found.text.splitlines()} <= {"2024-03-04", "2024-05-19"}
    assert set(found.shown) == {turn for place in found.found[:2] for turn in place.sources}


def test_words_that_only_ask_find_nothing(tmp_path: Path, talks: Dataset):
    """BM25 takes quotation marks and operators for words, and none of them for the question."""
    conversation = talks.conversations[0]
    technique = made("bm25", tmp_path)
    technique.ingest(conversation)
    question = conversation.questions[0].model_copy(update={"text": 'NEAR("* OR) AND -'})

    assert () == technique.context(question).found


def test_the_whole_transcript_is_shown_and_not_ranked(tmp_path: Path, talks: Dataset):
    """Every turn, dated."""
    found = asked("full-context", tmp_path, talks)

    assert ((), 8, 8) == (found.found, len(found.shown), len(found.text.splitlines()))


def test_chunks_end_between_turns(tmp_path: Path, talks: Dataset):
    """A chunk holds as many whole turns as fit; the ranking lists its turns one after the other."""
    found = asked("rag", tmp_path, talks, chunk_size=90, num_chunks=1)

    assert 1 <= len(found.shown) < 8
    assert found.shown == tuple(place.id for place in found.found[: len(found.shown)])
    assert len(found.found) == 8


@pytest.mark.parametrize("name", ["bm25", "chroma", "graphmem"])
def test_recorded_facts_count_for_their_turns(name: str, tmp_path: Path, talks: Dataset):
    """In the mode `recorded` the data's facts stand beside the turns."""
    found = asked(name, tmp_path, talks, mode="recorded").found
    facts = [place for place in found if place.kind == "fact"]

    assert "D1:1" in facts[0].sources
    assert set() == {turn for fact in facts for turn in fact.sources} - {
        turn.id for turn in talks.conversations[0].turns
    }


def test_the_graph_shows_in_the_context_and_only_there_where_it_is_on(tmp_path: Path):
    """One memory, read twice: `graphmem+` walks and gives relations, `graphmem` has neither."""
    corpus = data.read("musique", HERE / "corpus")
    without = asked("graphmem", tmp_path, corpus, mode="recorded")
    with_graph = asked("graphmem+", tmp_path, corpus, mode="recorded")

    assert () == without.relations
    assert ("Alder Press", "founded_by", "Hilde Moss") in {(s, t, o) for s, t, o in with_graph.relations}
    assert {p.id for p in without.found} != set()


def test_a_chain_of_passages_is_found_by_the_graph(tmp_path: Path):
    """The last passage shares hardly a word with the question: it is reached over what the first two name."""
    corpus = data.read("musique", HERE / "corpus")
    passages = [p.id for p in asked("graphmem+", tmp_path, corpus, mode="recorded").found if p.kind == "message"]

    assert {"p1", "p2", "p3"} == set(passages[:3])


def test_memories_are_dated_by_their_sessions(tmp_path: Path, talks: Dataset):
    """Not by the day of the evaluation; a fact by when it happened, "last week" of a March is February."""
    found = asked("graphmem+", tmp_path, talks, question=2, mode="local", top_k=10)

    assert {"2024-02-26", "2024-03-04", "2024-05-19"} == {line[:10] for line in found.text.splitlines()}


@pytest.mark.parametrize("name", ["chroma", "rag", "graphmem+"])
def test_ingesting_twice_changes_nothing(name: str, tmp_path: Path, talks: Dataset):
    """A resumed run opens what is there."""
    first = asked(name, tmp_path, talks)

    assert first.found == asked(name, tmp_path, talks).found


def test_a_chroma_folder_half_made_is_made_anew(tmp_path: Path, talks: Dataset):
    """Only a folder that was finished with the same content is trusted."""
    whole = asked("chroma", tmp_path, talks).found
    (tmp_path / "chroma.done").unlink()

    assert whole == asked("chroma", tmp_path, talks).found


def test_labels_tell_runs_apart():
    """Chunks where a technique cuts any, else an unusual `top_k`; a mode that makes no difference is `raw`."""
    options = Options(mode="local", top_k=5, chunk_size=500, num_chunks=2)

    assert "graphmem-raw" == registry.label("graphmem", Options())
    assert ["graphmem+-k5-local", "rag-500x2-raw", "bm25-k5-raw"] == [
        registry.label(name, options) for name in ("graphmem+", "rag", "bm25")
    ]


def test_an_unknown_technique_is_told_with_the_nearest():
    """And all that there are."""
    with pytest.raises(InputError, match="Did you mean 'graphmem'"):
        registry.entry("grafmem")


@pytest.mark.parametrize("name", ["bm25", "chroma"])
def test_baselines_have_no_extraction(name: str):
    """What they are asked in other modes they do on raw turns."""
    modes: tuple[Mode, ...] = ("raw", "recorded", "local", "llm")

    assert ["raw", "recorded", "raw", "raw"] == [registry.mode(name, mode) for mode in modes]
