"""What new facts do to old ones: pure rules first, a model only for what they leave open, one plan at the end."""

from graphmem.steps.resolution.asking import apply_model, prompt
from graphmem.steps.resolution.opposing import Settings
from graphmem.steps.resolution.plan import plan, resolution_id, trust_of
from graphmem.steps.resolution.rules import Judgement, Pair, judge
from graphmem.steps.resolution.sides import rank

__all__ = [
    "Judgement",
    "Pair",
    "Settings",
    "apply_model",
    "judge",
    "plan",
    "prompt",
    "rank",
    "resolution_id",
    "trust_of",
]
