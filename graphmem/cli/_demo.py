"""The demo on the terminal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path as File
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from graphmem.cli import _render as render
from graphmem.cli._progress import progress
from graphmem.cli._render_graph import route
from graphmem.cli._session import Session
from graphmem.demo import QUESTIONS, USER, Answer, Learned, ReplayClock, Superseded, conversation, learned, replay
from graphmem.demo import superseded as find_superseded
from graphmem.errors import EmbeddingMismatch
from graphmem.values import Hit, Path, Relation, SearchResult, Value
from graphmem.values.records import span

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.memory import Memory

HOME = File(".graphmem-demo")
_SAMPLE = 8
"""Memories shown."""
_BRANCHES = 8
"""Relations drawn below a friend."""
_TWIGS = 3
"""Relations drawn below what a friend is related to."""
_OVERVIEW = f'MATCH (p:Person:Current {{owner: "user:{USER}"}})-[r]->(x) RETURN p, r, x'
_SURE = 0.8
"""Confidence that a relation needs to be drawn."""


class InNeo4j(Value):
    """The graph in a Neo4j server."""

    url: str
    compared: int
    """Nodes and edges read back and compared with the ledger."""
    differences: int


class Report(Value):
    """The demo as JSON."""

    home: str
    program: str
    """What to type before a command so that it meets the embedder of this home."""
    seconds: float
    learned: Learned
    superseded: tuple[Superseded, ...]
    answers: tuple[tuple[str, str, Answer], ...]
    """Question, what to type, answer."""
    neo4j: InNeo4j | None = None


def run(session: Session, *, fast: bool, in_neo4j: bool = False) -> None:
    """Replay the conversation into a home, and show what came of it."""
    # The models that the demo needs are on this machine, whatever the settings say.
    options = {
        "extractor": "local",
        "embedder": "hash" if fast else "local",
        "vectors": "chroma",
        "graph": "neo4j" if in_neo4j else "embedded",
    }
    given = session.options.get("home")
    home = File(given).expanduser() if given else fresh(session, options)
    sessions, clock = conversation(), ReplayClock()
    started = time.monotonic()
    total = sum(len(batch.messages) for batch in sessions)
    with session.memory(home=home, clock=clock, **options) as memory:
        if in_neo4j:
            memory.rebuild("graph")  # fails now, and not after the conversation, when there is no server
        with progress("listening", total, "messages", quiet=session.agent) as advance:
            replay(memory, clock, sessions, advance)
        copied = _in_neo4j(session, memory) if in_neo4j else None
        known = learned(memory)
        report = Report(
            home=str(home),
            program=_program(session, options["embedder"]),
            seconds=round(time.monotonic() - started, 1),
            learned=known,
            superseded=find_superseded(memory, known.memories),
            answers=tuple((question.text, question.typed, question.ask(memory)) for question in QUESTIONS),
            neo4j=copied,
        )
    session.show(report, lambda: _told(report, total, len(sessions)))


def _program(session: Session, embedder: str) -> str:
    return "graphmem" if session.settings.embedder_kind == embedder else f"GRAPHMEM_EMBEDDER={embedder} graphmem"


def _in_neo4j(session: Session, memory: Memory) -> InNeo4j:
    """The copy as of now: what was true when it was said may be over."""
    found = memory.rebuild("graph")
    return InNeo4j(
        url=session.settings.neo4j_url, compared=found.checked.get("neo4j", 0), differences=len(found.differences)
    )


def fresh(session: Session, options: Mapping[str, str]) -> File:
    """./.graphmem-demo without what an earlier demo left there, or a temporary folder where that cannot be written.

    What an earlier demo left in Neo4j goes, too: otherwise everybody would be there twice.
    """
    try:
        if (HOME / "ledger.db").exists():
            if options["graph"] == "neo4j":
                _forget(session, options)
            shutil.rmtree(HOME)
        HOME.mkdir(exist_ok=True)
    except OSError:
        return File(mkdtemp(prefix="graphmem-demo-"))
    return HOME


def _forget(session: Session, options: Mapping[str, str]) -> None:
    """The demo before may have had the other embedder."""
    for embedder in ("local", "hash"):
        chosen: dict[str, Any] = {**options, "embedder": embedder}
        with suppress(EmbeddingMismatch), session.memory(home=HOME, **chosen) as memory:
            memory.reset()


def _told(report: Report, messages: int, sessions: int) -> Iterator[RenderableType]:
    yield from _chapter("What was learned")
    yield from _learned(report, messages, sessions)
    yield from _chapter("What gave way, and why")
    yield _superseded(report.superseded)
    yield from _chapter("The graph, as it stands now")
    yield _graph(report.learned.relations)
    yield from _chapter("Ten questions")
    for place, (question, typed, answer) in enumerate(report.answers, 1):
        yield from _answered(place, question, f"{report.program} {typed} --user {USER} --home {report.home}", answer)
    if report.neo4j:
        yield from _chapter("In Neo4j Browser")
        yield from _in_browser(report.neo4j)
    yield from _chapter("Now you")
    yield from _next_steps(report)


def _chapter(title: str) -> Iterator[RenderableType]:
    yield Text()
    yield Rule(Text(title, style="bold"), align="left", style="dim")


def _learned(report: Report, messages: int, sessions: int) -> Iterator[RenderableType]:
    known = report.learned
    telling = {id for relation in known.relations if relation.confidence >= _SURE for id in relation.memory_ids}
    live = [fact for fact in known.memories if fact.valid_to is None and fact.id in telling]
    yield render.words(
        f"{messages} messages in {sessions} sessions became {len(known.memories)} memories, {known.entities} entities "
        f"and {len(known.relations)} relations in {report.seconds:.0f} s. No key, no server, no network."
    )
    yield Text("Some that hold today:", style="dim")
    for fact in live[:: max(1, len(live) // _SAMPLE)][:_SAMPLE]:
        yield Text.assemble("  ", render.words(fact.text), (f"  {span(fact.valid_from, fact.valid_to)}", "dim"))


def _superseded(found: Sequence[Superseded]) -> Table:
    made = render.table(("was", "gave way to", "on", "because"), ())
    for item in found:
        made.add_row(
            Text(item.old, style="dim"),
            Text(item.new or "(ended)"),
            render.day(item.at),
            Text(item.reason, style="dim"),
        )
    return made


def _graph(relations: Sequence[Relation]) -> Tree:
    """The two friends, what they are related to, and one step further."""
    tree = Tree(Text("Nora and Felix", style="bold"))
    for name in ("Nora", "Felix"):
        branch = tree.add(Text(name, style="bold cyan"))
        for relation in _of(relations, name, _BRANCHES):
            leaf = branch.add(_edge(relation))
            for further in _of(relations, relation.target.name, _TWIGS):
                leaf.add(_edge(further))
    return tree


def _of(relations: Sequence[Relation], name: str, limit: int) -> list[Relation]:
    sure = (r for r in relations if r.confidence >= _SURE and r.target.name not in {"Nora", "Felix"})
    return sorted((r for r in sure if r.source.name == name), key=lambda r: (r.type, r.target.name))[:limit]


def _edge(relation: Relation) -> Text:
    when = span(relation.valid_from, relation.valid_to)
    return Text.assemble((f"{relation.type} ", "dim"), (relation.target.name, "cyan"), (f"  {when}", "dim"))


def _answered(place: int, question: str, typed: str, answer: Answer) -> Iterator[RenderableType]:
    yield Text(f"\n{place}. {question}", style="bold")
    yield render.inset(f"$ {typed}", "dim", left=3)
    if isinstance(answer, SearchResult):
        for rank, hit in enumerate(answer.hits):
            yield from _hit(hit, routed=rank == 0)
    elif not answer:
        yield render.inset("nothing", left=3)
    else:
        for item in answer:
            yield from _item(item)


def _item(item: object) -> Iterator[RenderableType]:
    if isinstance(item, Path):
        yield render.inset(f"→ {route(item)}", "green", left=3)
        sentences = dict.fromkeys(step.fact for step in item.relations)
        yield from (render.inset(f'"{sentence}"', left=5) for sentence in sentences)
    elif isinstance(item, Relation):
        yield render.inset(f"→ {render.relation(item)}", "green", left=3)
        yield render.inset(f'"{item.fact}"', left=5)
    elif isinstance(item, dict):
        yield render.inset("→ " + ", ".join(f"{name} = {value}" for name, value in item.items()), "green", left=3)


def _hit(hit: Hit, *, routed: bool) -> Iterator[RenderableType]:
    said = f"{hit.speaker}: " if hit.source == "message" else ""
    when = render.day(hit.valid_from) if hit.source == "message" else span(hit.valid_from, hit.valid_to)
    yield render.inset(f"→ {said}{hit.text}  ({when})" if when else f"→ {said}{hit.text}", "green", left=3)
    if hit.source == "fact" and (quoted := render.evidence(hit)):
        yield render.inset(quoted, left=5)
    if routed and hit.why and hit.why.route:
        yield render.inset(f"route: {render.route(hit.why.route)}", left=5)


def _in_browser(copied: InNeo4j) -> Iterator[RenderableType]:
    yield render.words(
        f"The graph is in {copied.url}: {copied.compared} nodes and edges, {copied.differences} unlike the ledger."
    )
    yield render.words("Open that server's Browser (http://localhost:7474/browser/ unless you chose otherwise). Type:")
    yield render.inset(_OVERVIEW, "cyan", left=2)
    yield render.words("Where `make neo4j` started it, the guide is open, in graphmem's colours. Elsewhere, run:")
    yield render.inset("graphmem neo4j kit --serve", "cyan", left=2)


def _next_steps(report: Report) -> Iterator[RenderableType]:
    at = f"--user {USER} --home {report.home}"
    yield render.words(f"The memory is in {report.home}; delete the folder when you are done. Try:")
    for typed in (f'search "Who bakes bread?" {at} --explain', f"entity Felix {at}", f"timeline Nora {at}"):
        yield render.inset(f"{report.program} {typed}", "cyan", left=2)
    yield render.words("And for a memory of your own:")
    yield render.inset('graphmem add "I moved to Lisbon and work at Acme now." --user maria', "cyan", left=2)
    yield render.inset('graphmem search "Where does Maria live?" --user maria', "cyan", left=2)
