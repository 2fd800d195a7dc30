"""Result files as the evaluation published with the Mem0 paper writes them, so that old scripts read new results.

One file a run, `{conversation index: [item, ...]}`. What differs from the original is said here: one memory a
conversation, and not one a speaker, so what a question finds is told apart by who said it, and the time of the one
search stands under the first speaker; a memory with no speaker of the two stands under the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphmem.errors import InputError
from graphmem.evaluation.metrics import wording
from graphmem.evaluation.records import Conversation, Dataset, Record, Timing
from graphmem.importing.json_files import load

SKIPPED = "5"
"""Category that the original leaves out of its metrics."""
Item = dict[str, Any]


def name_of(technique: str, *, top_k: int, is_graph: bool, chunk_size: int, num_chunks: int, filtered: bool) -> str:
    """The name of a result file."""
    return {
        "mem0": f"mem0_results_top_{top_k}_filter_{filtered}_graph_{is_graph}.json",
        "rag": f"rag_results_{chunk_size}_k{num_chunks}.json",
        "langmem": "langmem_results.json",
        "zep": "zep_search_results.json",
        "openai": "openai_results.json",
    }[technique]


def document(
    technique: str,
    dataset: Dataset,
    records: Iterable[Record],
    timings: Mapping[str, Timing],
    contexts: Mapping[str, str],
) -> dict[str, list[Item]]:
    """The content of a result file, conversations by their place in the data."""
    found = {record.question.id: record for record in records}
    return {
        str(place): [
            _item(technique, conversation, found[q.id], timings.get(q.id), contexts)
            for q in conversation.questions
            if q.id in found
        ]
        for place, conversation in enumerate(dataset.conversations)
    }


def _item(
    technique: str,
    conversation: Conversation,
    record: Record,
    timing: Timing | None,
    contexts: Mapping[str, str],
) -> Item:
    question = record.question
    search, answer = (timing.search / 1000, (timing.answer or 0.0) / 1000) if timing else (0.0, 0.0)
    base: Item = {
        "question": question.text,
        "answer": question.answer,
        "category": int(question.category) if question.category.isdigit() else question.category,
    }
    evidence: Item = {"evidence": list(question.evidence)}
    said: Item = {"response": record.response or "", "adversarial_answer": question.adversarial_answer}
    text = contexts.get(record.context, "")
    if technique == "mem0":
        return base | evidence | said | _speakers(conversation, record, text, search) | {"response_time": answer}
    if technique == "rag":
        return base | {"context": text, "response": said["response"], "search_time": search, "response_time": answer}
    if technique == "langmem":
        return base | {
            "response1": text, "response2": "", "speaker1_memory_time": search, "speaker2_memory_time": 0.0,
            "response_time": answer, "response": said["response"],
        }  # fmt: skip
    return base | evidence | said | {"search_memory_time": search, "response_time": answer, "context": text}


def _speakers(conversation: Conversation, record: Record, text: str, search: float) -> Item:
    """What was found, by speaker; the graph's relations beside it, once."""
    second = conversation.speakers[1] if len(conversation.speakers) > 1 else ""
    turns = {turn.id: turn.speaker for turn in conversation.turns}
    lines = text.splitlines()
    memories: tuple[list[Item], list[Item]] = ([], [])
    for line, place in zip(lines, record.found, strict=False):
        date, _, memory = line.partition(" | ")
        speaker = turns.get(place.sources[0], "") if place.sources else ""
        memories[speaker == second != ""].append({"memory": memory, "timestamp": date, "score": place.score})
    relations = [{"source": s, "relationship": r, "target": t} for s, r, t in record.relations]
    return {
        "speaker_1_memories": memories[0],
        "speaker_2_memories": memories[1],
        "num_speaker_1_memories": len(memories[0]),
        "num_speaker_2_memories": len(memories[1]),
        "speaker_1_memory_time": search,
        "speaker_2_memory_time": 0.0,
        "speaker_1_graph_memories": relations or None,
        "speaker_2_graph_memories": [] if relations else None,
    }


def read(path: Path) -> dict[str, list[Item]]:
    """A result file. Raises InputError naming the item and key that is wrong."""
    content = load(path)
    if not isinstance(content, dict) or not all(isinstance(items, list) for items in content.values()):
        raise InputError(
            path.name, "is not an object of lists.", advice="Give a result file, such as rag_results_500_k1.json."
        )
    for key, items in content.items():
        for place, item in enumerate(items):
            missing = [name for name in ("question", "answer", "category", "response") if name not in item]
            if missing:
                raise InputError(f"{path.name}, {key}, item {place}", f"has no key {missing[0]!r}.")
    return content


def measured(results: Mapping[str, Sequence[Item]]) -> dict[str, list[Item]]:
    """`evaluation_metrics.json` without its judge: F1 and BLEU-1 of every item but those of category 5."""
    return {
        key: [_measured(item) for item in items if str(item["category"]) != SKIPPED] for key, items in results.items()
    }


def _measured(item: Mapping[str, Any]) -> Item:
    answer, response = str(item["answer"]), str(item["response"])
    return {
        "question": item["question"],
        "answer": answer,
        "response": response,
        "category": str(item["category"]),
        "bleu_score": wording.bleu1(response, answer),
        "f1_score": wording.f1(response, answer),
    }


def write(path: Path, content: object) -> None:
    """Write a result file."""
    from graphmem.evaluation.lines import replace

    replace(path, json.dumps(content, indent=4, ensure_ascii=False) + "\n")
