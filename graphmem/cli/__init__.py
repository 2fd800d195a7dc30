"""The command line, `graphmem`. Modules with `_` hold what commands share; the others hold a group of commands each."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 2 not understood, 130 interrupted."""
    try:
        from graphmem.cli._notes import tell
        from graphmem.cli._run import run

        tell()
        code = run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
