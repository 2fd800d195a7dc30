"""What a run will do, before it does it; and the manifest that says so."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from graphmem import __version__
from graphmem.evaluation import answers, judging
from graphmem.evaluation.records import Dataset, Judge, Manifest
from graphmem.evaluation.spending import PaidEmbedder, PaidLLM, Purse
from graphmem.evaluation.techniques import registry
from graphmem.evaluation.techniques.contract import Counter, Options
from graphmem.settings import Settings

PACKAGES = ("chromadb", "openai", "onnxruntime", "spacy", "sqlalchemy", "numpy", "neo4j", "mem0ai")
READING = ("extract.md", "resolve.md")
"""Prompts that read conversations."""


@dataclass(frozen=True)
class Models:
    """The models of a run, their purse, and what counts tokens."""

    settings: Settings
    embedder: PaidEmbedder
    llm: PaidLLM | None
    purse: Purse
    tokens: Counter
    counter: str


@dataclass(frozen=True)
class Plan:
    """One technique on one data set."""

    dataset: Dataset
    technique: str
    options: Options
    answers: bool = False
    """A chat model answers from the context."""
    judges: tuple[Judge, ...] = ()
    judge_runs: int = 1

    @classmethod
    def of(
        cls, dataset: Dataset, technique: str, options: Options, *, judges: tuple[Judge, ...] = (), **more: Any
    ) -> Plan:
        """A plan in the mode that the technique has for the one asked. Raises InputError for an unknown technique."""
        own = replace(options, mode=registry.mode(technique, options.mode))
        return cls(dataset, technique, own, judges=judges, **more)

    @property
    def label(self) -> str:
        """The name of the run, and of its folder."""
        return registry.label(self.technique, self.options)

    @property
    def questions(self) -> int:
        """How many are asked."""
        return sum(1 for _ in self.dataset.questions)


def manifest(plan: Plan, models: Models) -> Manifest:
    """Everything that shapes the results of a run."""
    return Manifest(
        technique=plan.technique,
        label=plan.label,
        dataset=plan.dataset.name,
        data_path=plan.dataset.path,
        data_sha256=plan.dataset.sha256,
        categories=plan.dataset.categories,
        conversations=tuple(c.id for c in plan.dataset.conversations),
        questions=plan.questions,
        mode=plan.options.mode,
        top_k=plan.options.top_k,
        seed=plan.options.seed,
        settings=_settings(plan),
        models=_models(plan, models),
        prompts={name: answers.prompt_hash(name) for name in _prompts(plan)},
        counter=models.counter,
        versions=versions(),
        commit=commit(),
        created_at=datetime.now(UTC),
    )


def _settings(plan: Plan) -> Mapping[str, object]:
    options = plan.options
    chosen: dict[str, object] = {}
    if registry.entry(plan.technique).chunks:
        chosen |= {"chunk_size": options.chunk_size, "num_chunks": options.num_chunks}
    if options.mode in {"local", "llm"}:
        chosen |= {"batch": options.batch}
    return chosen


def _models(plan: Plan, models: Models) -> Mapping[str, str]:
    found = {"embedder": models.embedder.fingerprint}
    if models.llm is not None:
        found |= (
            {"extract": models.llm.model_for("extract"), "resolve": models.llm.model_for("resolve")}
            if (plan.options.mode == "llm")
            else {}
        )
        found |= {"answer": models.llm.model_for("answer")} if plan.answers else {}
        found |= {"judge": models.llm.model_for("judge")} if plan.judges else {}
    return found


def _prompts(plan: Plan) -> tuple[str, ...]:
    reading = READING if plan.options.mode == "llm" else ()
    answering = (answers.ANSWER_PROMPT,) if plan.answers else ()
    return (*reading, *answering, *(judging.PROMPTS[judge] for judge in plan.judges))


def versions() -> Mapping[str, str]:
    """Versions of Python and of the packages that shape results, those that are installed."""
    found = {"python": platform.python_version(), "graphmem": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """Commit of the checkout, `+` when it was changed; empty where there is none."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return ""
    try:
        head = _git(here, "rev-parse", "HEAD")
        return head + ("+" if head and _git(here, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - git from the path
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return done.stdout.strip() if done.returncode == 0 else ""
