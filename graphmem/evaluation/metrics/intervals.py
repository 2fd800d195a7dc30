"""Bootstrap intervals of a mean, and of the difference between two techniques on the same questions.

Questions of one conversation are not independent, so conversations are drawn with all their questions (the cluster
bootstrap; Cameron, Gelbach and Miller 2008). With one conversation questions are drawn. With few conversations such
an interval is too narrow rather than too wide: five clusters are a hint, not a proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graphmem.evaluation.records import Estimate
from graphmem.values import Value

SAMPLES = 2000
LEVEL = (2.5, 97.5)
Array = npt.NDArray[np.float64]


class Difference(Value):
    """Mean of one minus mean of the other, over the questions that both have."""

    mean: float
    low: float
    high: float
    p: float
    """Two-sided bootstrap p-value: twice the smaller share of draws on either side of 0, at least 1 / samples."""
    n: int
    clusters: int


class _Drawn(NamedTuple):
    means: Array
    clusters: int


def estimate(
    values: Mapping[str, float], clusters: Mapping[str, str], *, sd: float | None = None, seed: int = 0
) -> Estimate:
    """Mean of values by question, with the interval; `clusters` names each question's conversation.

    An empty mapping gives a mean of 0 over no question.
    """
    if not values:
        return Estimate(mean=0.0, low=0.0, high=0.0, n=0, clusters=0, sd=sd)
    drawn = _draw(values, clusters, seed)
    low, high = np.percentile(drawn.means, LEVEL)
    mean = _rounded(np.mean(list(values.values())))
    return Estimate(mean=mean, low=_rounded(low), high=_rounded(high), n=len(values), clusters=drawn.clusters, sd=sd)


def difference(
    one: Mapping[str, float], other: Mapping[str, float], clusters: Mapping[str, str], seed: int = 0
) -> Difference:
    """`one` minus `other`, paired by question: the same draw for both."""
    both = {question: one[question] - other[question] for question in one if question in other}
    if not both:
        return Difference(mean=0.0, low=0.0, high=0.0, p=1.0, n=0, clusters=0)
    drawn = _draw(both, clusters, seed)
    low, high = np.percentile(drawn.means, LEVEL)
    side = min(float(np.mean(drawn.means <= 0)), float(np.mean(drawn.means >= 0)))
    return Difference(
        mean=_rounded(np.mean(list(both.values()))),
        low=_rounded(low),
        high=_rounded(high),
        p=_rounded(min(1.0, max(2 * side, 1 / SAMPLES))),
        n=len(both),
        clusters=drawn.clusters,
    )


def _draw(values: Mapping[str, float], clusters: Mapping[str, str], seed: int) -> _Drawn:
    """Means of `SAMPLES` draws; the same questions and seed give the same draws."""
    names = [clusters.get(question, question) for question in values]
    if len(set(names)) == 1:
        names = list(values)
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    sums, counts = np.zeros(len(places)), np.zeros(len(places))
    for name, value in zip(names, values.values(), strict=True):
        sums[places[name]] += value
        counts[places[name]] += 1
    return _Drawn(_means(sums, counts, seed), len(places))


def _means(sums: Array, counts: Array, seed: int) -> Array:
    drawn = np.random.default_rng(seed).integers(0, len(sums), (SAMPLES, len(sums)))
    means: Array = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return means


def spread(means: Sequence[float]) -> float | None:
    """Standard deviation between runs of a judge, from two runs on."""
    return _rounded(np.std(means, ddof=1)) if len(means) > 1 else None


def _rounded(value: float | np.floating[npt.NBitBase]) -> float:
    """Six places: what is beyond them differs between machines."""
    return round(float(value), 6)
