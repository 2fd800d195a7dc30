"""Evaluation: what a memory finds and answers, beside baselines and other systems, with intervals and costs."""
