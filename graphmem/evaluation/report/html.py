"""The report as one page that can be sent: no script, no other file, pictures inside."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from html import escape

from graphmem.evaluation.report.examples import Example
from graphmem.evaluation.report.pages import Page
from graphmem.evaluation.report.plots import Plot
from graphmem.evaluation.report.tables import Table

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; max-width: 84rem;
  padding: 0 1.25rem; }
h1 { font-size: 1.7rem; margin: 2.5rem 0 .5rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; }
.note { background: #fff4d6; border-left: 4px solid #e69f00; padding: .5rem .9rem; margin: .6rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
th { border-bottom: 2px solid #888; } th { vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff; }
tbody tr:hover { background: #f4f7fb; } .about { color: #555; font-size: .9rem; max-width: 60rem; }
figure { margin: 0; overflow-x: auto; } img { min-width: 42rem; max-width: 100%; height: auto; }
details { border: 1px solid #ddd; border-radius: 4px; margin: .4rem 0; padding: .35rem .8rem; }
summary { cursor: pointer; } summary span { color: #555; font-size: .85rem; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f6f6; padding: .6rem; font-size: .78rem;
  max-height: 26rem; overflow-y: auto; margin: .2rem 0; }
@media print { pre { max-height: none; } }
"""


def render(pages: Iterable[Page]) -> str:
    """The whole document."""
    body = "\n".join(part for page in pages for part in _page(page))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Evaluation report</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _page(page: Page) -> Iterator[str]:
    yield f"<h1>{escape(page.title)}</h1>"
    yield from (f'<p class="note">{escape(note)}</p>' for note in page.notes)
    yield f'<p class="about">{escape(page.about)}</p>'
    for plot in page.plots:
        yield _plot(plot)
    for table in page.tables:
        yield _table(table)
    for title, note, examples in page.examples:
        yield f'<h2>{escape(title)}</h2>\n<p class="about">{escape(note)}</p>'
        yield from map(_example, examples)


def _plot(plot: Plot) -> str:
    picture = base64.b64encode(plot.svg.read_bytes()).decode("ascii")
    return (
        f'<h2>{escape(plot.title)}</h2>\n<figure><img src="data:image/svg+xml;base64,{picture}" '
        f'alt="{escape(plot.title)}"><figcaption class="about">{escape(plot.about)}</figcaption></figure>'
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell).replace(' (', '<br>(')}</th>" for cell in table.head)
    rows = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    note = f'<p class="about">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<h2>{escape(table.title)}</h2>\n<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>{note}"
    )


def _example(example: Example) -> str:
    evidence = "".join(f"<li>{escape(one)}</li>" for one in example.evidence)
    answers = "".join(f"<p><b>{escape(run)}</b> answered: {escape(said)}</p>" for run, said in example.responses)
    contexts = "".join(f"<div><b>{escape(run)}</b><pre>{escape(text)}</pre></div>" for run, text in example.contexts)
    return (
        f"<details><summary>{escape(example.question)} <span>{escape(example.category)} · {escape(example.figures)}"
        f"</span></summary><p>Answer: {escape(example.answer)}</p><p>Evidence:</p><ul>{evidence}</ul>{answers}"
        f'<div class="two">{contexts}</div></details>'
    )
