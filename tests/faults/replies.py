"""All bad answers through a real client and a real server into a memory; mutations of each of them through the same
client and the extractor; and mutations of good replies straight through the reader.

    python -m tests.faults.replies [--mutations 50000] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.answering import answered
from tests.faults.bad_replies import corpus, mutated, texts
from tests.faults.fuzzing import outcomes, over_http, verdicts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=50_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        seen, problems = answered(Path(folder) / "home", corpus())
    asked, wrong = over_http(range(given.mutations))
    read, more = outcomes(range(given.mutations))
    judged = [*(text for _, text in texts()), *map(mutated, range(given.mutations // 50))]
    problems += wrong + more + verdicts(judged)
    figures = {
        "answers": len(corpus()),
        "classes": len({bad.kind for bad in corpus()}),
        "outcomes of answers": dict(seen),
        "mutations": given.mutations,
        "outcomes of mutations of all answers, over HTTP": dict(asked),
        "outcomes of mutations of good replies": dict(read),
        "replies to a judge": len(judged),
        "wrong": len(problems),
        "seconds": round(time.perf_counter() - begun),
    }
    print(json.dumps(figures))
    if given.json:
        given.json.write_text(json.dumps({**figures, "problems": problems}, indent=1), encoding="utf-8")
    for problem in problems[:20]:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
