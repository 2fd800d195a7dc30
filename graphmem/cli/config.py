"""config show, get, set: the settings in force. Secrets are never printed."""

from __future__ import annotations

from typing import Annotated

import typer

from graphmem.cli import _render_state as render
from graphmem.cli._command import command
from graphmem.cli._session import Session, UsageError, text_argument

Key = Annotated[str, typer.Argument(help="Name of a setting, such as extractor.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Show and change settings.")
    command(group, "config show")(show)
    command(group, "config get")(get)
    command(group, "config set")(set_)
    app.add_typer(group, name="config", rich_help_panel="Home")


def show(session: Session) -> None:
    """Every setting, its value, and where it comes from."""
    effective = session.settings.effective()
    session.show(effective, lambda: render.settings(effective), lambda: render.setting_table(effective))


def get(session: Session, key: Key) -> None:
    """One setting."""
    found = next((item for item in session.settings.effective() if item.key == key), None)
    if found is None:
        session.settings.override(**{key: ""})  # raises, naming the nearest key
        raise UsageError(f"{key} is not a setting.")
    session.show(found, lambda: [found.value or "(not set)"])


def set_(
    session: Session, key: Key, value: Annotated[str | None, typer.Argument(help="- reads stdin.")] = None
) -> None:
    """Write a setting to graphmem.toml."""
    from graphmem.settings import write_setting

    path = write_setting(key, text_argument(value, "VALUE").strip())
    session.show({"key": key, "file": str(path)}, lambda: [f"{key} is set in {path}."])
