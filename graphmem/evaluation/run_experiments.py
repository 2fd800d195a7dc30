"""`python -m graphmem.evaluation.run_experiments`: the command line of the evaluation published with the Mem0 paper.

    python -m graphmem.evaluation.run_experiments --technique_type mem0 --method add --data locomo10.json
    python -m graphmem.evaluation.run_experiments --technique_type mem0 --method search --top_k 30 --is_graph

Same arguments, same names of result files, same keys. `mem0` means the memory of this package, and `--is_graph` the
one with its graph; `rag` with `--chunk_size -1` is the whole transcript. New are `--data`, `--mode` and what limits a
run; `graphmem eval run` does more.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graphmem.errors import ConfigError, GraphMemError, InputError
from graphmem.evaluation import data, legacy, opening
from graphmem.evaluation.folders import RunFolder
from graphmem.evaluation.plans import Plan
from graphmem.evaluation.records import Dataset
from graphmem.evaluation.results import in_order
from graphmem.evaluation.runs import Outcome, Run
from graphmem.evaluation.techniques import registry
from graphmem.evaluation.techniques.contract import Options
from graphmem.settings import Settings

TECHNIQUES = ("mem0", "rag", "langmem", "zep", "openai")
METHODS = ("add", "search")
RUNS = "runs"
"""Folder beside the result files that holds memories and what can be resumed."""
WHOLE = -1


def parser() -> argparse.ArgumentParser:
    """The arguments: the old ones with their old defaults, then the new ones."""
    made = argparse.ArgumentParser(prog="run_experiments", description="Run an experiment on LoCoMo.")
    made.add_argument("--technique_type", choices=TECHNIQUES, default="mem0")
    made.add_argument("--method", choices=METHODS, default="add")
    made.add_argument("--chunk_size", type=int, default=1000, help="tokens; -1: the whole transcript (rag)")
    made.add_argument("--output_folder", type=Path, default=Path("results/"))
    made.add_argument("--top_k", type=int, default=30)
    made.add_argument("--filter_memories", action="store_true", help="was an option of the hosted service; no effect")
    made.add_argument("--is_graph", action="store_true", help="with the graph")
    made.add_argument("--num_chunks", type=int, default=1)
    made.add_argument("--data", type=Path, default=Path("dataset/locomo10.json"), help="a LoCoMo file")
    made.add_argument("--mode", choices=("raw", "recorded", "local", "llm"), help="llm when a chat model is configured")
    made.add_argument("--limit", type=int, help="questions a conversation")
    made.add_argument("--conversations", default="", help="ids or places, separated by commas")
    made.add_argument("--workers", type=int, default=1)
    made.add_argument("--no_answers", action="store_true", help="look up only: responses stay empty")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one experiment; 0 done, 1 failed or not whole, with one line on stderr."""
    given = parser().parse_args(arguments)
    try:
        return _experiment(given)
    except GraphMemError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1


def _experiment(given: argparse.Namespace) -> int:
    if not given.data.exists():
        raise InputError("--data", f"there is no {given.data}.", advice="Give the path of a LoCoMo file.")
    chosen = data.chosen(
        data.read("locomo", given.data),
        conversations=[c for c in given.conversations.split(",") if c],
        limit=given.limit,
    )
    settings = Settings()
    plan = _plan(given, chosen, settings)
    adding = given.technique_type in {"mem0", "zep"} and given.method == "add"
    if adding:
        empty = tuple(c.model_copy(update={"questions": ()}) for c in chosen.conversations)
        plan = replace(plan, dataset=chosen.model_copy(update={"conversations": empty}), answers=False)
    elif plan.answers and settings.llm_name is None:
        raise ConfigError(
            "Answers need a chat model, and none is configured.",
            advice="Set GRAPHMEM_LLM_PROVIDER, GRAPHMEM_LLM_MODEL and its key, or give --no_answers.",
        )
    return _told(given, plan, *_run(given, plan, settings))


def _plan(given: argparse.Namespace, chosen: Dataset, settings: Settings) -> Plan:
    names = {"mem0": "graphmem+" if given.is_graph else "graphmem"}
    if given.technique_type == "rag":
        names["rag"] = "full-context" if given.chunk_size == WHOLE else "rag"
    options = Options(
        mode=given.mode or ("llm" if settings.llm_name else "local"),
        top_k=given.top_k,
        chunk_size=given.chunk_size,
        num_chunks=given.num_chunks,
    )
    name = names.get(given.technique_type, given.technique_type)
    # The result file of a hosted service holds its answers.
    return Plan.of(chosen, name, options, answers=not given.no_answers and not registry.entry(name).hosted)


def _run(given: argparse.Namespace, plan: Plan, settings: Settings) -> tuple[Outcome, RunFolder]:
    out = given.output_folder / RUNS
    with opening.models(settings, out) as models, opening.alone(out):
        run = Run(plan, models, out, resume=True, workers=given.workers)
        return run.execute(), run.folder


def _told(given: argparse.Namespace, plan: Plan, outcome: Outcome, folder: RunFolder) -> int:
    """Write the result file and say where; one line on what is missing."""
    whole = outcome.finished == outcome.questions and not outcome.failed and not outcome.stopped
    if not whole:
        reason = outcome.stopped or (outcome.failed[0].reason if outcome.failed else "")
        left = f"{outcome.finished} of {outcome.questions} questions are finished; the same command goes on."
        print(f"error: {reason} {left}", file=sys.stderr)  # noqa: T201
    if not outcome.questions:
        print(f"{len(folder.ingested)} conversations are in memory.")  # noqa: T201
        return 0 if whole else 1
    path = given.output_folder / legacy.name_of(
        given.technique_type, top_k=given.top_k, is_graph=given.is_graph, chunk_size=given.chunk_size,
        num_chunks=given.num_chunks, filtered=given.filter_memories,
    )  # fmt: skip
    records, _ = in_order(plan, folder)
    legacy.write(path, legacy.document(given.technique_type, plan.dataset, records, folder.timings, folder.contexts))
    print(f"{outcome.finished} questions are in {path}.")  # noqa: T201
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
