"""From a size and a seed to a whole benchmark."""

from __future__ import annotations

from graphmem.errors import InputError
from graphmem.evaluation.generated.dialogue import talks
from graphmem.evaluation.generated.documents import Benchmark
from graphmem.evaluation.generated.questions import NOW, questions
from graphmem.evaluation.generated.truth import intervals
from graphmem.evaluation.generated.words import Half
from graphmem.evaluation.generated.world import world

LEAST, MOST = 6, 20_000


def generate(people: int, seed: int, templates: Half = "all") -> Benchmark:
    """A benchmark of `people` people; the same arguments give the same one on every machine.

    Raises InputError when there are fewer people than a conversation about others needs, or too many.
    """
    if not LEAST <= people <= MOST:
        raise InputError("people", f"cannot be {people}.", advice=f"Give a number from {LEAST} to {MOST}.")
    made = world(people, seed)
    held, told = talks(made, seed, templates)
    asked = questions(made, intervals(told), told, seed)
    return Benchmark(people=people, seed=seed, templates=templates, now=NOW, talks=held, questions=asked)
