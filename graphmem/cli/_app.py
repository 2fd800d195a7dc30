"""The application: every group of commands, in the order that help lists them."""

from __future__ import annotations

import typer

HELP = """Memory for AI agents: facts, a graph of who and what, and when each was true.

Start with: graphmem demo. Then: graphmem add "I work at Acme now." --user maria
"""


def build() -> typer.Typer:
    """The whole application."""
    from graphmem.cli import (
        adopting,
        care,
        changing,
        config,
        demo,
        evaluation,
        graph,
        home,
        importing,
        neo4j,
        reading,
        upkeep,
        writing,
    )

    app = typer.Typer(
        name="graphmem",
        help=HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(everywhere)
    for group in (
        writing,
        importing,
        adopting,
        reading,
        changing,
        care,
        graph,
        neo4j,
        home,
        upkeep,
        config,
        demo,
        evaluation,
    ):
        group.register(app)
    return app


def _tell_version(wanted: bool) -> None:
    if wanted:
        from graphmem import __version__
        from graphmem.cli._print import page

        page([f"graphmem {__version__}"])
        raise typer.Exit


def everywhere(
    context: typer.Context,
    home: str | None = typer.Option(None, "--home", help="Folder of the stores.", show_default=False),
    agent: bool = typer.Option(False, "--agent", help="One JSON envelope, for tool loops."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_tell_version, is_eager=True
    ),
) -> None:
    """Options that may stand before the command as well as behind it."""
    context.obj = {"home": home, "agent": agent, "debug": debug}


everywhere.__doc__ = HELP
