"""eval: measure what a memory finds and answers."""

from __future__ import annotations

import typer

from graphmem.cli import _eval_generated, _eval_report, _eval_run


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Measure what a memory finds and answers.")
    _eval_run.register(group)
    _eval_report.register(group)
    _eval_generated.register(group)
    app.add_typer(group, name="eval", rich_help_panel="Evaluation")
