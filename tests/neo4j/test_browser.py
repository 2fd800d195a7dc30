"""What a person sees of the demo in Neo4j Browser, and that each saved query returns what its title says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import neo4j
import pytest

from graphmem import Memory, Settings
from graphmem.demo import ReplayClock, conversation, replay
from graphmem.demo.replay import USER
from graphmem.neo4j_kit import CHAPTERS, DEMO, KitServer, contents, query
from tests.neo4j_server import ROOT, Address

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.xdist_group("neo4j demo"), pytest.mark.timeout(600)]
OWNER = f"{USER}-in-browser-{uuid4().hex[:8]}"
"""Nobody else's in the server that all tests share: a run that does not keep groups together has a demo per worker."""
NAMES = [name for chapter in CHAPTERS for name in chapter.names]
NO_CHROMIUM = "needs Chromium: apt-get install chromium"


def load(path: Path) -> Any:
    """A script outside of any package."""
    spec = spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


looking = load(ROOT / "docs" / "screenshot_browser.py")


@pytest.fixture(scope="module")
def demo(neo4j_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """The demo's conversation, told to a memory whose graph is in Neo4j."""
    clock, mine = ReplayClock(), {"user_id": OWNER}
    sessions = [b.model_copy(update={"scope": b.scope.model_copy(update=mine)}) for b in conversation()]
    chosen = Settings(
        home=tmp_path_factory.mktemp("browser"), embedder="hash", extractor="local", vectors="none", neo4j_url=neo4j_url
    )
    with Memory.open(chosen, clock=clock) as memory:
        replay(memory, clock, sessions, lambda _: None)
    with Memory.open(chosen, graph="neo4j") as memory:
        assert () == memory.rebuild("graph").differences
        yield memory
        memory.reset()


class Asked:
    """Saved queries on the demo."""

    def __init__(self, session: neo4j.Session) -> None:
        self.session = session

    def __call__(self, name: str, **parameters: str) -> list[dict[str, Any]]:
        """The rows of a query, with the guide's examples where nothing else is given."""
        examples = DEMO._replace(**{"owner": f"user:{OWNER}", **parameters})._asdict()
        found = self.session.run(query(name).text, {key: examples[key] for key in query(name).parameters})
        assert list(query(name).columns) == list(found.keys())
        return [dict(row) for row in found]


@pytest.fixture(scope="module")
def ask(demo: Memory, neo4j_url: str) -> Iterator[Asked]:
    """Asks in a session that cannot write."""
    with (
        neo4j.GraphDatabase.driver(neo4j_url) as driver,
        driver.session(default_access_mode=neo4j.READ_ACCESS) as session,
    ):
        yield Asked(session)


def edges(rows: list[dict[str, Any]], *columns: str) -> set[tuple[str, str, str]]:
    """The relations of some columns, each alone, in a list or along a path: (name, type, name)."""
    found: set[tuple[str, str, str]] = set()
    for row in rows:
        for column in columns:
            for item in row[column] if isinstance(row[column], list) else [row[column]]:
                parts = item.relationships if isinstance(item, neo4j.graph.Path) else [item]
                found |= {(said(r.start_node), r.type, said(r.end_node)) for r in parts}
    return found


def said(node: neo4j.graph.Node) -> str:
    """What a node is called on the screen."""
    return str(node.get("name") or node.get("text") or node.get("content") or node.get("run_id"))


class TestSavedQueries:
    """cypher/browser/*.cypher."""

    @pytest.mark.parametrize("name", sorted({*NAMES} - {"open_contradictions", "orphans"}))
    def test_it_finds_something_in_the_demo(self, ask: Asked, name: str):
        """With the parameters that the guide sets, and in the columns that its comment names."""
        assert ask(name)

    @pytest.mark.parametrize("name", ["open_contradictions", "orphans"])
    def test_a_sound_graph_has_none(self, ask: Asked, name: str):
        """These are to be empty."""
        assert [] == ask(name)

    @pytest.mark.parametrize("name", NAMES)
    def test_nobody_else_is_shown(self, ask: Asked, name: str):
        """An owner who has no memory sees nothing."""
        assert [] == ask(name, owner="user:nobody-at-all")

    def test_overview_shows_what_is_true_now(self, ask: Asked):
        """Felix is back in Leeds; Glasgow is over."""
        found = edges(ask("overview"), "r")

        assert ("Felix", "LIVES_IN", "Leeds") in found
        assert set() == {edge for edge in found if edge[1:] == ("LIVES_IN", "Glasgow")}

    def test_everything_today_is_about_one_entity(self, ask: Asked):
        """In both directions, whatever the case of the name, with the ties among those around it."""
        row = ask("everything_today", entity="felix")[0]
        around = edges([row], "r")

        assert [] == [edge for edge in around if "Felix" not in edge]
        assert {("Felix", "LIVES_IN", "Leeds"), ("Felix", "SIBLING_OF", "Clara")} <= around
        assert ("Paris", "LIVES_IN", "Brighton") in edges([row], "ties")

    def test_timeline_goes_there_and_back(self, ask: Asked):
        """Leeds, Glasgow, Leeds, each with its days."""
        lived = [row for row in ask("timeline") if row["relation"] == "lives_in"]

        assert ["Leeds", "Glasgow", "Leeds"] == [row["with"] for row in lived]
        assert [row["to"] for row in lived[:-1]] == [row["from"] for row in lived[1:]]
        assert lived[-1]["to"] is None
        assert "Glasgow" in lived[0]["gave_way_to"]

    def test_as_of_shows_a_day_in_the_past(self, ask: Asked):
        """On 1 September 2024 Felix lived in Glasgow."""
        lived = {(said(row["a"]), said(row["b"])) for row in ask("as_of") if row["o"]["relation"] == "lives_in"}

        assert ("Felix", "Glasgow") in lived
        assert ("Felix", "Leeds") not in lived

    def test_changed_since_tells_beginnings_and_ends(self, ask: Asked):
        """Newest first, nothing from before."""
        rows = ask("changed_since")
        days = [row["day"] for row in rows]

        assert days == sorted(days, reverse=True)
        assert min(days) >= "2024-12-01"
        assert {"began", "ended"} <= {row["change"] for row in rows}
        assert "Felix lives in Leeds again since Friday." in {row["gave_way_to"] for row in rows}

    def test_no_longer_true_names_what_took_its_place(self, ask: Asked):
        """Whatever ended has a day, and nothing of it is current."""
        rows = ask("no_longer_true")

        assert ("Felix lives in Glasgow now.", "Felix lives in Leeds again since Friday.") in {
            (row["fact"], row["gave_way_to"]) for row in rows
        }
        assert [] == [row for row in rows if row["ended"] is None]

    def test_why_leads_from_facts_to_the_words_behind_them(self, ask: Asked):
        """Felix and Leeds: two facts, their messages, the adds, and Glasgow between them."""
        rows = ask("why")
        sources = [
            [next(iter(n.labels & {"Memory", "Message", "Episode"})) for n in row["source"].nodes] for row in rows
        ]

        assert {("Memory", "Message", "Episode")} == set(map(tuple, sources))
        assert "Felix lives in Glasgow now." in {end for edge in edges(rows, "gave_way") for end in edge}
        assert {"Felix", "Leeds"} <= {edge[2] for edge in edges(rows, "about")}

    def test_evidence_quotes_word_for_word(self, ask: Asked):
        """Every quote is a part of its message."""
        rows = ask("evidence")

        assert [] == [row for row in rows if not row["quotes"]]
        assert [] == [row for row in rows for quoted in row["quotes"] if quoted not in row["message"]]
        assert {True, False} == {row["true_now"] for row in rows}

    def test_conversation_shows_the_messages_around(self, ask: Asked):
        """The word, what was said before and after, and the facts."""
        rows = ask("conversation")

        assert [] == [row for row in rows if not any("lisbon" in n["content"].lower() for n in row["thread"].nodes)]
        assert "Nora cancelled the trip to Lisbon." in {edge[0] for edge in edges(rows, "facts")}

    def test_connects_finds_the_way_over_the_brother(self, ask: Asked):
        """Nora, her brother, his employer; only over what is true now."""
        rows = ask("connects", entity="Nora", other="Tidewater Energy")
        ways = [[said(node) for node in row["way"].nodes] for row in rows]

        assert ["Nora", "Elias", "Tidewater Energy"] in ways
        assert 1 == len({len(way) for way in ways})

    def test_in_common_is_related_to_both(self, ask: Asked):
        """Both climb at Redpoint."""
        rows = ask("in_common", entity="Nora", other="Felix")

        assert "Redpoint" in {said(row["x"]) for row in rows}
        assert {("Nora", "Felix")} == {(said(row["a"]), said(row["b"])) for row in rows}

    def test_hubs_begins_with_the_two_friends(self, ask: Asked):
        """Most relations first."""
        rows = ask("hubs")
        counts = [row["relations"] for row in rows]

        assert {"Nora", "Felix"} == {row["name"] for row in rows[:2]}
        assert counts == sorted(counts, reverse=True)

    def test_contradictions_show_what_gave_way(self, ask: Asked):
        """The old fact, the new one, and whom they are about; the old one is not current."""
        rows = ask("contradictions")

        assert ("Felix lives in Glasgow now.", "Felix lives in Leeds again since Friday.") in {
            (said(row["old"]), said(row["new"])) for row in rows
        }
        assert [] == [row for row in rows if "Current" in row["old"].labels]
        assert "Felix" in {edge[2] for edge in edges(rows, "about")}

    def test_same_one_names_two_that_may_be_one(self, ask: Asked):
        """Two names, near one another."""
        assert ("Dr Bell", "Dr Amara Bell") in {(row["one"], row["other"]) for row in ask("same_one")} | {
            (row["other"], row["one"]) for row in ask("same_one")
        }

    def test_orphans_and_open_contradictions_are_found(self, ask: Asked, neo4j_url: str):
        """What must be empty would not be, if there were any."""
        owner = {"owner": "user:broken"}
        made = (
            "CREATE (a:Entity:Current $props)-[:LIVES_IN {relation: 'lives_in', relation_id: '1', memory_ids: ['x']}]->"
            "(:Entity $props) CREATE (a)-[:LIVES_IN {relation: 'lives_in', relation_id: '2', memory_ids: ['x']}]->"
            "(:Entity $props) CREATE (:Memory $props), (:Message $props)"
        )
        with neo4j.GraphDatabase.driver(neo4j_url) as driver:
            driver.execute_query(made, props=owner | {"name": "somebody"})
            try:
                orphans = [row["what"] for row in ask("orphans", **owner)]
                answers = ask("open_contradictions", **owner)
            finally:
                driver.execute_query("MATCH (n {owner: $owner}) DETACH DELETE n", owner)

        assert 5 == len(set(orphans))
        assert ["lives_in somebody or somebody"] == [row["answers"] for row in answers]


class TestBrowser:
    """Neo4j Browser itself, in a headless Chromium."""

    @pytest.fixture(scope="class")
    def window(self, demo: Memory, neo4j_address: Address) -> Iterator[Any]:
        """A window on the demo, with the kit's style read from where the kit is served."""
        if not neo4j_address.browser:
            pytest.skip("the address of the browser is not known for a server that was given")
        if looking.chromium() is None:
            pytest.skip(NO_CHROMIUM)
        with (
            KitServer(contents(DEMO._replace(owner=f"user:{OWNER}"))) as kit,
            looking.Window.opened(neo4j_address.browser) as opened,
        ):
            style, guide = kit.commands
            opened.run(style, "text=node.Person")
            opened.run(guide, "text=Your memory as a graph")
            yield opened

    def test_the_guide_sets_the_parameters_and_the_graph_is_drawn_in_colours(self, window: Any):
        """People have their names on them, and the colour of the style sheet; places and employers have others."""
        window.follow(0, f"text={OWNER}")
        drawn = {node.caption: node for node in window.graph(query("overview").text)}

        style = contents(DEMO)["graphmem.grass"].decode()
        colours = {kind: colour_of(style, kind) for kind in ("Person", "Place", "Organisation")}
        seen = {name: drawn[name].colour for name in ("Nora", "Felix", "Leeds", "Redpoint")}

        assert {
            "Nora": colours["Person"],
            "Felix": colours["Person"],
            "Leeds": colours["Place"],
            "Redpoint": colours["Organisation"],
        } == seen
        assert drawn["Nora"].diameter > drawn["Leeds"].diameter

    def test_what_is_over_is_grey_and_what_holds_is_yellow(self, window: Any):
        """Facts carry their text, and their colour tells whether they are true now."""
        window.run(DEMO._replace(owner=f"user:{OWNER}").command)
        drawn = {node.caption: node.colour for node in window.graph(query("contradictions").text)}
        style = contents(DEMO)["graphmem.grass"].decode()

        assert colour_of(style, "Memory") == drawn["Felix lives in Glasgow now."]
        assert colour_of(style, "Memory.Current") == drawn["Felix lives in Leeds again since Friday."]


def colour_of(style: str, label: str) -> str:
    """The colour that a style sheet gives to a label."""
    found = re.search(rf"^node\.{re.escape(label)} {{\n\s*color: (#\w+);", style, re.MULTILINE)
    assert found is not None
    return found[1]
