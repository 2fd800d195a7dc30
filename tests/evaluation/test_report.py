"""The report: every figure from the runs' own files, every plot there, and a page that says what is missing."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from graphmem.errors import InputError
from graphmem.evaluation.records import Estimate
from graphmem.evaluation.report.published import published
from graphmem.evaluation.report.reading import read
from graphmem.evaluation.report.tables import amount, with_interval
from graphmem.evaluation.report.writing import Written, write
from tests.evaluation.report_runs import make, questions

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Reads a page: what is open, what it loads, what it says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.summaries = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attributes if name in {"src", "href"}]
        self.summaries += tag == "summary"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three conversations, five techniques, with answers."""
    out = tmp_path_factory.mktemp("runs")
    for technique in ("graphmem", "graphmem+", "bm25", "rag", "full-context"):
        make(out, technique, questions(3, 20), answers=True)
    return out


@pytest.fixture(scope="module")
def written(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A whole report, with the published figures."""
    return write([runs], tmp_path_factory.mktemp("report"), paper=True, examples=4)


def test_every_file_is_there(written: Written):
    """Tables, data, page, and each plot as PNG and as SVG."""
    names = {p.name for p in Path(written.folder).iterdir()}
    plots = {f"{name}.{kind}" for name in ("quality-tokens", "quality-latency", "categories", "recall")
             for kind in ("png", "svg")}  # fmt: skip

    assert {"report.md", "report.html", "results.csv", "results.json", "graph-won-lost.json"} | plots == names
    assert names == set(written.files)
    assert all((Path(written.folder) / name).read_bytes()[:4] == b"\x89PNG" for name in plots if name.endswith("png"))


def test_the_csv_has_what_the_runs_measured(written: Written, runs: Path):
    """Figure by figure, as `metrics.json` has them."""
    rows = list(csv.DictReader((Path(written.folder) / "results.csv").open(encoding="utf-8")))
    scores = json.loads((runs / "bm25-raw" / "metrics.json").read_text("utf-8"))
    told = {r["metric"]: float(r["mean"]) for r in rows if (r["run"], r["category"]) == ("bm25-raw", "overall")}

    assert {m: e["mean"] for m, e in scores["overall"].items()}.items() <= told.items()
    assert {"search p50 ms", "total p95 ms", "memory tokens"} <= told.keys()


def test_the_page_needs_no_other_file(written: Written):
    """Well-formed, its pictures inside, and what people said is not taken for markup."""
    text = (Path(written.folder) / "report.html").read_text("utf-8")
    page = Page(text)

    assert [] == page.open
    assert 4 == len(page.loads)
    assert [] == [source for source in page.loads if not source.startswith("data:image/svg+xml;base64,")]
    assert "<script" not in text
    assert "thing 0 &lt;b&gt;?" in text or "&lt;b&gt;" in text


def test_the_graph_won_and_lost_are_told_with_both_contexts(written: Written, runs: Path):
    """All of them in the JSON, the widest on the page; evidence and both contexts beside each."""
    pair = json.loads((Path(written.folder) / "graph-won-lost.json").read_text("utf-8"))[0]
    page = Page((Path(written.folder) / "report.html").read_text("utf-8"))
    first = pair["won"][0]

    assert ("graphmem+-raw", "graphmem-raw") == (pair["one"], pair["other"])
    assert first["one"] > first["other"]
    assert first["one_context"].startswith(f"graphmem+ context of {first['question_id']}")
    assert first["other_context"].startswith(f"graphmem context of {first['question_id']}")
    assert first["evidence"]
    assert min(4, len(pair["won"])) + min(4, len(pair["lost"])) == page.summaries


def test_markdown_and_page_say_the_same(written: Written):
    """The same tables, and links to the plots beside it."""
    text = (Path(written.folder) / "report.md").read_text("utf-8")
    linked = set(re.findall(r"\((\S+\.(?:png|svg))\)", text))

    assert linked <= set(written.files)
    assert 8 == len(linked)
    for title in ("Quality", "Tokens, latency, memory", "graphmem+-raw minus graphmem-raw", "The graph won"):
        assert f"## {title}\n" in text


def test_published_figures_come_with_their_caveat(written: Written):
    """On the page and in Markdown, under the data set's own category names."""
    for name in ("report.html", "report.md"):
        text = (Path(written.folder) / name).read_text("utf-8")
        assert "arXiv 2504.19413" in text
        assert "other prompts and another judge" in text
        assert "68.44" in text


def test_published_categories_average_to_the_published_overall():
    """Weighted by the counts of LoCoMo's categories: the names stand over the right columns."""
    counts = {"single-hop": 841, "multi-hop": 282, "open-domain": 96, "temporal": 321}
    rows = {row["name"]: row for row in published().categories}

    for name, overall in (("Mem0", 66.88), ("Mem0 + graph", 68.44)):
        mean = sum(float(rows[name][kind]) * n for kind, n in counts.items()) / sum(counts.values())
        assert overall == round(mean, 2)


def test_a_report_without_baselines_says_how_to_add_them(tmp_path: Path):
    """A figure without the full context and BM25 beside it says little."""
    make(tmp_path / "runs", "graphmem", questions(1, 10))
    written = write([tmp_path / "runs"], tmp_path / "report")
    text = (tmp_path / "report" / "report.html").read_text("utf-8")

    assert 2 == len(written.notes)
    for technique in ("full-context", "bm25"):
        assert f"graphmem eval run locomo DATA --technique {technique} --out DIR" in text


def test_a_run_that_was_killed_is_shown_as_unfinished(tmp_path: Path):
    """With the figures of the questions that it had."""
    make(tmp_path, "bm25", questions(2, 10), done=7)
    group = read([tmp_path])[0]

    assert [False] == [run.finished for run in group.runs]
    assert 7 == sum(kind["context tokens"].n for kind in group.runs[0].scores.by_category.values())
    assert group.runs[0].measurements.search is not None


def test_a_folder_may_be_a_run_or_hold_runs(runs: Path):
    """Both ways of naming it give the same runs; a label that stands for two gets its place."""
    alone = read([runs / "bm25-raw", runs / "rag-raw"])[0]

    assert {"bm25-raw", "rag-raw"} == {run.label for run in alone.runs}
    assert {f"bm25-raw ({runs.name})"} == {run.label for run in read([runs / "bm25-raw", runs / "bm25-raw"])[0].runs}


def test_the_same_runs_give_the_same_files(runs: Path, tmp_path: Path):
    """Byte for byte, plots included."""
    for name in ("one", "two"):
        write([runs / "bm25-raw"], tmp_path / name)

    assert {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "two").iterdir()
    }


@pytest.mark.parametrize(
    ("places", "metric", "said"),
    [(["absent"], None, "is no folder"), (["."], None, "graphmem eval run"), (["runs"], "beauty", "There are: ")],
)
def test_what_cannot_be_reported_is_told(tmp_path: Path, places: list[str], metric: str | None, said: str):
    """Each with what to do next."""
    if metric:
        make(tmp_path / "runs", "bm25", questions(1, 5))
    with pytest.raises(InputError, match=said):
        read([tmp_path / place for place in places], metric)


def test_figures_are_written_as_they_are_read():
    """Shares in percent with their interval, tokens as they are, the spread of a judge behind."""
    found = Estimate(mean=0.5, low=0.4, high=0.62, n=9, clusters=3, sd=0.011)

    assert "50.0 [40.0, 62.0] ± 1.1" == with_interval("judge strict", found)
    assert "1,234" == amount("context tokens", 1234.4)
    assert "–" == with_interval("F1", None)


def test_without_matplotlib_the_error_says_what_to_install(runs: Path, tmp_path: Path):
    """And the reading of runs does not need it."""
    script = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from pathlib import Path\n"
        "from graphmem.errors import MissingExtra\n"
        "from graphmem.evaluation.report.writing import write\n"
        "try:\n"
        f"    write([Path({str(runs)!r})], Path({str(tmp_path)!r}))\n"
        "except MissingExtra as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "pip install 'graphmem[eval]'" in done.stdout
