"""Draw docs/demo.svg: what `graphmem demo` prints, taken from a real run.

python docs/draw_demo.py
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 104
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
LAST = "3. "
"""The picture ends before the third question."""


def printed() -> str:
    """The demo's output with its colours."""
    environment = os.environ | {"COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "graphmem.cli", "demo"]
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def main() -> None:
    """Write the picture beside this file."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ graphmem demo", style="bold"))
    for line in printed().splitlines():
        text = Text.from_ansi(line)
        if text.plain.startswith(LAST):
            break
        console.print(text)
    target = Path(__file__).with_name("demo.svg")
    drawn = console.export_svg(title="graphmem")
    # The fonts would be fetched from elsewhere; any monospaced font of the reader's will do.
    target.write_text(FONT_FACE.sub("", drawn).replace("Fira Code", "ui-monospace, monospace"), encoding="utf-8")
    print(f"written to {target}")


if __name__ == "__main__":
    main()
