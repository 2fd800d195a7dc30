"""`python -m graphmem.evaluation.evals`: metrics of a result file, item by item, and their means by category.

    python -m graphmem.evaluation.evals --input_file results/rag_results_500_k1.json --output_file metrics.json

Writes what `evaluation_metrics.json` held, and prints the table that `generate_scores.py` printed. With a chat model
configured and `--judge generous` (or strict) each item has its `llm_score`, 1 or 0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from graphmem import assembly
from graphmem.errors import ConfigError, GraphMemError
from graphmem.evaluation import judging, legacy
from graphmem.evaluation.legacy import Item
from graphmem.evaluation.records import Judge, Question
from graphmem.models.contracts import LLM
from graphmem.settings import Settings

METRICS = ("bleu_score", "f1_score", "llm_score")


def parser() -> argparse.ArgumentParser:
    """The old arguments, and the judge, which was always asked."""
    made = argparse.ArgumentParser(prog="evals", description="Measure a result file.")
    made.add_argument("--input_file", type=Path, default=Path("results/rag_results_500_k1.json"))
    made.add_argument("--output_file", type=Path, default=Path("evaluation_metrics.json"))
    made.add_argument("--max_workers", type=int, default=10)
    made.add_argument("--judge", choices=("none", *judging.JUDGES), default="none")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one file; 0 done, 1 failed, with one line on stderr."""
    given = parser().parse_args(arguments)
    try:
        found = legacy.measured(legacy.read(given.input_file))
        if given.judge != "none":
            _judge(found, given.judge, given.max_workers)
    except GraphMemError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    legacy.write(given.output_file, found)
    for line in table(item for items in found.values() for item in items):
        print(line)  # noqa: T201
    return 0


def _judge(found: Mapping[str, list[Item]], judge: Judge, workers: int) -> None:
    llm = assembly.chat_model(Settings())
    if llm is None:
        raise ConfigError("A judge needs a chat model.", advice="Set GRAPHMEM_LLM_PROVIDER, or leave --judge out.")
    items = [item for found_items in found.values() for item in found_items]
    try:
        with ThreadPoolExecutor(workers) as pool:
            for item, score in zip(items, pool.map(lambda item: _score(llm, judge, item), items), strict=True):
                item["llm_score"] = score
    finally:
        llm.close()


def _score(llm: LLM, judge: Judge, item: Item) -> int:
    question = Question(id="", conversation="", text=str(item["question"]), answer=item["answer"])
    return int(judging.judge(llm, judge, 0, question, item["response"]).correct)


def table(items: Iterable[Item]) -> list[str]:
    """Means by category with their counts, then over all questions; four decimals."""
    every = list(items)
    names = [name for name in METRICS if any(name in item for item in every)]
    kinds = sorted({item["category"] for item in every}, key=lambda kind: (len(kind), kind))
    lines = ["category" + "".join(f"{name:>12}" for name in names) + f"{'count':>8}"]
    for kind in kinds:
        mine = [item for item in every if item["category"] == kind]
        lines.append(f"{kind:<8}" + _means(mine, names) + f"{len(mine):>8}")
    return [*lines, f"{'overall':<8}" + _means(every, names) + f"{len(every):>8}"]


def _means(items: Sequence[Item], names: Sequence[str]) -> str:
    return "".join(f"{sum(i[name] for i in items) / len(items) if items else 0.0:>12.4f}" for name in names)


if __name__ == "__main__":
    sys.exit(main())
