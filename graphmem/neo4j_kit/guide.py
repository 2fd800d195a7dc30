"""The guide that Neo4j Browser plays: one slide a chapter, with queries that a click puts into the editor.

Browser 5 shows the `<slide>`s of an HTML page, and takes `<pre class="runnable">` into its editor when clicked.
It strips scripts and whatever looks like an event handler of an element.
"""

from __future__ import annotations

import json
from html import escape
from typing import NamedTuple

from graphmem.neo4j_kit.queries import CHAPTERS, Chapter, query

_PAGE = """\
<article class="guide">
<carousel class="deck container-fluid">
{slides}
</carousel>
</article>
"""
_SLIDE = """\
<slide class="row-fluid">
<div class="col-sm-12">
<h3>{title}</h3>
<p>{about}</p>
{body}
</div>
</slide>"""
_RUNNABLE = '<pre class="runnable">{}</pre>'
_LABELS = (
    ("Person, Place, Organisation, …", "who and what is known; the colour tells the type"),
    ("Memory", "a fact: yellow while it is true, grey when it is over"),
    ("Message, Episode", "what was said, word for word, and the add that brought it"),
    ("Current", "facts that are true now, and whatever they name"),
)
_ABOUT_PARAMETERS = (
    "A click puts a query into the editor above, and ctrl-enter runs it. The queries read these parameters: begin with "
    "them, and change a name whenever you want to look elsewhere."
)


class Examples(NamedTuple):
    """What the queries ask about until their reader says otherwise."""

    owner: str
    """Of the memory, such as `user:maria`."""
    entity: str
    other: str
    since: str
    day: str
    word: str

    @property
    def command(self) -> str:
        """The command of Neo4j Browser that sets them."""
        pairs = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in self._asdict().items())
        return f":params {{{', '.join(pairs)}}}"


DEMO = Examples(owner="user:nora", entity="Felix", other="Leeds", since="2024-12-01", day="2024-09-01", word="Lisbon")
"""For the memory that `graphmem demo` makes."""


def guide(examples: Examples) -> str:
    """The whole guide as HTML."""
    return _PAGE.format(slides="\n".join([_first(examples), *(_slide(chapter) for chapter in CHAPTERS)]))


def _first(examples: Examples) -> str:
    rows = "".join(f"<li><b>{escape(label)}</b>: {escape(meaning)}</li>" for label, meaning in _LABELS)
    body = f"<ul>{rows}</ul>\n<p>{_ABOUT_PARAMETERS}</p>\n{_RUNNABLE.format(escape(examples.command))}"
    return _SLIDE.format(title="Your memory as a graph", about="What you see:", body=body)


def _slide(chapter: Chapter) -> str:
    body = []
    for asked in map(query, chapter.names):
        # Title first: it is what stays visible of the query above its result.
        runnable = _RUNNABLE.format(escape(f"// {asked.title}\n{asked.statement}"))
        body.append(f"<h4>{escape(asked.title)}</h4>\n<p>{escape(asked.about)}</p>\n{runnable}")
    return _SLIDE.format(title=escape(chapter.title), about=escape(chapter.about), body="\n".join(body))
