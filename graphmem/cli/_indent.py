"""Lines that keep their place when a terminal is too narrow for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from graphmem.cli._print import line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType


class Inset:
    """A line under another one; where it is wrapped, its further lines are indented as well."""

    def __init__(self, text: str, style: str, left: int) -> None:
        self.text = Text(line(text), style=style)
        self.left = left

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if options.no_wrap:
            yield Text(" " * self.left).append_text(self.text)
        else:
            yield Padding(self.text, (0, 0, 0, self.left), expand=False)


class Hanging:
    """A mark and a text; where the text is wrapped, its further lines stand below its first, not below the mark."""

    def __init__(self, mark: Text, text: Text) -> None:
        self.mark, self.text = mark, text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if options.no_wrap or options.max_width < 2 * self.mark.cell_len:
            yield self.mark + self.text
            return
        below = Text(" " * self.mark.cell_len)
        for place, part in enumerate(self.text.wrap(console, options.max_width - self.mark.cell_len)):
            part.rstrip()
            yield (below if place else self.mark) + part
