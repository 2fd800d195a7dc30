"""The report as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graphmem.evaluation.report.examples import Example
from graphmem.evaluation.report.pages import Page
from graphmem.evaluation.report.tables import Table


def render(pages: Iterable[Page]) -> str:
    """The whole document."""
    return "\n".join(line for page in pages for line in _page(page)) + "\n"


def _page(page: Page) -> Iterator[str]:
    yield f"# {page.title}\n"
    yield from (f"> **{_escaped(note)}**\n" for note in page.notes)
    yield f"{_escaped(page.about)}\n"
    for plot in page.plots:
        yield f"## {plot.title}\n\n![{plot.title}]({plot.png.name})\n\n{plot.about} [SVG]({plot.svg.name})\n"
    for table in page.tables:
        yield from _table(table)
    for title, note, examples in page.examples:
        yield f"## {title}\n\n{_escaped(note)}\n"
        for example in examples:
            yield from _example(example)


def _table(table: Table) -> Iterator[str]:
    yield f"## {table.title}\n"
    yield "| " + " | ".join(map(_cell, table.head)) + " |"
    yield "|" + " --- |" + " ---: |" * (len(table.head) - 1)
    yield from ("| " + " | ".join(map(_cell, row)) + " |" for row in table.rows)
    yield f"\n{_escaped(table.note)}\n" if table.note else ""


def _example(example: Example) -> Iterator[str]:
    yield f"<details><summary>{_escaped(example.question)} — {_escaped(example.figures)}</summary>\n"
    yield f"- category: {_escaped(example.category)}\n- answer: {_escaped(example.answer)}"
    yield from (f"- evidence: {_escaped(one)}" for one in example.evidence)
    yield from (f"- {_escaped(run)} answered: {_escaped(said)}" for run, said in example.responses)
    for run, text in example.contexts:
        yield f"\n**{_escaped(run)}**\n\n{_fenced(text)}"
    yield "\n</details>\n"


def _cell(text: str) -> str:
    return _escaped(text).replace("|", "\\|")


def _escaped(text: str) -> str:
    """One line in which nothing is markup."""
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split()).replace("*", "\\*")


def _fenced(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"
