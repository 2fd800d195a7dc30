"""From named signals to one ranking. Weights are data with a version; another ranker reads the same signals.

base   weighted sum of lists and priors, plus a share of the session's best
score  norm(base) + walk x norm(walk), or the walk alone where nothing is a conversation
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from pydantic import Field

from graphmem.steps.signals import DENSE, LEXICAL
from graphmem.steps.walk import WalkRecipe
from graphmem.values import Value

Key = TypeVar("Key", bound=Hashable)

SESSION_BEST = 3
LISTS = frozenset(LEXICAL + DENSE)


class Recipe(Value):
    """How signals become a score."""

    name: str
    version: int = 1
    weights: Mapping[str, float]
    """Weight of each signal; a list of candidates is asked for only when its weight is not 0."""
    session: float = 0.0
    """Share of the mean of the three best scores of the same session."""
    walk: float = 0.0
    """Weight of the walk beside the base, both normalised."""
    walk_alone: bool = False
    """The walk decides; the base only breaks ties."""
    graph: WalkRecipe = Field(default_factory=WalkRecipe)
    seeds: int = 20
    entity_mass: float = 0.2
    triple_mass: float = 0.0
    """Mass of the entities of the best facts that carry relations; taken from the candidates and the entities."""
    triple_base: float = 0.6
    """Share of its passage's base in the score of a fact that carries relations."""
    discovered: int = 0
    """Messages that no list names and the walk finds, at most; only where it decides."""
    repeat: float = 0.3
    """Factor on the score of a hit whose evidence better hits have shown already."""

    @property
    def walks(self) -> bool:
        """The recipe needs the graph."""
        return self.walk_alone or self.walk > 0

    @property
    def lists(self) -> tuple[str, ...]:
        """Names of the ranked lists to ask for."""
        wanted = [name for name, weight in self.weights.items() if name in LISTS and weight != 0]
        if self.triple_mass > 0 and "dense_fact" not in wanted:
            wanted.append("dense_fact")
        return tuple(wanted)


_TURNS: Final = {"lexical_turn": 0.6, "dense_turn": 0.4}
_WINDOWS: Final = {"lexical_window2": 0.4, "lexical_window3": 0.4, "dense_turn": 0.3, "dense_window": 0.2}
_PASSAGES: Final = {"lexical_window2": 0.3, "dense_turn": 0.7}
_FACTS: Final = {"lexical_fact": 0.2, "dense_fact": 0.5}
_PRIORS: Final = {"speaker": 0.4, "time": 0.4, "when": 0.2, "asks": -0.15, "length": 0.1}

VECTORS = Recipe(name="vectors", weights={"dense_turn": 1.0})
HYBRID = Recipe(name="hybrid", weights=_TURNS)
HYBRID_WALK = Recipe(
    name="hybrid_walk", weights=_TURNS, walk_alone=True, seeds=100, graph=WalkRecipe(rounds=3, nodes=300, fan=16)
)
CHAT = Recipe(
    name="chat", weights={**_WINDOWS, **_FACTS, **_PRIORS}, session=0.6, walk=0.5,
    graph=WalkRecipe(rounds=2, nodes=64, fan=8),
)  # fmt: skip
CHAT_FLAT = CHAT.model_copy(update={"name": "chat_flat", "walk": 0.0})
DOCUMENTS = Recipe(
    name="documents", weights=_PASSAGES, walk_alone=True, entity_mass=0.1, triple_mass=0.5, discovered=30,
    repeat=0.001,
    graph=WalkRecipe(mentions=0.5, weak=0.0, derived_from=0.0, facts=0.0, nodes=500, hub=64),
)  # fmt: skip
RECIPES: Final[Mapping[str, Recipe]] = {r.name: r for r in (VECTORS, HYBRID, HYBRID_WALK, CHAT, CHAT_FLAT, DOCUMENTS)}


class Ranker(Protocol):
    """Scores candidates from their signals; higher is better, any scale."""

    def __call__(self, signals: Mapping[Key, Mapping[str, float]], recipe: Recipe) -> dict[Key, float]:
        """One score a candidate."""
        ...


def weighted(signals: Mapping[Key, Mapping[str, float]], recipe: Recipe) -> dict[Key, float]:
    """The ranker by default: the sum of signals times weights; an absent signal is 0."""
    weights = recipe.weights
    return {key: sum(weights.get(name, 0.0) * value for name, value in mine.items()) for key, mine in signals.items()}


def session_means(base: Mapping[Key, float], sessions: Mapping[Key, Hashable]) -> dict[Key, float]:
    """For each candidate, the mean of the three best scores in its session."""
    by_session: dict[Hashable, list[float]] = {}
    for key, score in base.items():
        if key in sessions:
            by_session.setdefault(sessions[key], []).append(score)
    means: dict[Hashable, float] = {}
    for session, scores in by_session.items():
        best = sorted(scores, reverse=True)[:SESSION_BEST]
        means[session] = sum(best) / len(best)
    return {key: means[sessions[key]] for key in base if key in sessions}


def norm(scores: Mapping[Key, float]) -> dict[Key, float]:
    """Min-max to [0, 1]; all equal gives 1."""
    if not scores:
        return {}
    least, best = min(scores.values()), max(scores.values())
    spread = best - least
    return {key: (score - least) / spread if spread > 0 else 1.0 for key, score in scores.items()}


def combine(base: Mapping[Key, float], walk: Mapping[Key, float], recipe: Recipe) -> dict[Key, float]:
    """The final score in [0, 1] of every candidate of `base`; a candidate that the walk did not reach has 0 there."""
    flat = norm(base)
    if not recipe.walks or not any(walk.values()):
        return flat
    best = max(walk.values())
    reached = {key: walk.get(key, 0.0) / best for key in base}
    if recipe.walk_alone:
        return {key: (reached[key] + TIE * flat[key]) / (1 + TIE) for key in base}
    return {key: (flat[key] + recipe.walk * reached[key]) / (1 + recipe.walk) for key in base}


TIE: Final = 1e-3
"""What the base weighs where the walk decides."""


def order(scores: Mapping[Key, float], sources: Mapping[Key, Sequence[str]], repeat: float) -> list[tuple[Key, float]]:
    """All candidates, best first; one whose sources are all shown by better ones is set back by the factor `repeat`.

    A fact and the message that it was derived from answer together: only the better one keeps its place.
    """
    shown: set[str] = set()
    placed: list[tuple[Key, float]] = []
    for key, score in sorted(scores.items(), key=lambda item: (-item[1], str(item[0]))):
        mine = sources.get(key, ())
        fresh = not mine or not shown.issuperset(mine)
        placed.append((key, score if fresh else score * repeat))
        shown.update(mine)
    return sorted(placed, key=lambda item: -item[1])
