"""The server that the tests get is real, and goes when its run goes."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import neo4j
import pytest

from tests.neo4j_server import ROOT, Address

STARTER = """
import sys, time
from pathlib import Path
from tests.neo4j_server import LocalNeo4j
server = LocalNeo4j(Path(sys.argv[1]), password="long enough", hurried=True).start()
print(server.url, (server.home / "run" / "java.pid").read_text(), flush=True)
time.sleep(600)
"""


def alive(process: int) -> bool:
    """Whether a process runs; one that ended and was not yet collected does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ended_soon(process: int) -> bool:
    """Whether it ends within twenty seconds."""
    return any(not alive(process) or time.sleep(0.2) for _ in range(100))


def test_it_is_neo4j_and_answers(neo4j_url: str):
    """Cypher over Bolt, on the version that graphmem needs at least."""
    with neo4j.GraphDatabase.driver(neo4j_url) as driver:
        found = driver.execute_query("CALL dbms.components() YIELD versions, edition RETURN versions[0] AS v, edition")
    version, edition = found.records[0]

    assert "community" == edition
    assert tuple(map(int, version.split(".")[:2])) >= (5, 26)


def test_it_has_a_browser(neo4j_address: Address):
    """Neo4j Browser is served beside it."""
    if not neo4j_address.browser:
        pytest.skip("the address of the browser is not known for a server that was given")
    with urllib.request.urlopen(neo4j_address.browser, timeout=30) as reply:
        page = reply.read().decode()

    assert "Neo4j Browser" in page


def test_a_server_with_a_password_goes_with_its_owner(tmp_path: Path, neo4j_url: str):
    """It takes that password and no other; when its owner is killed, nothing is left running."""
    owner = subprocess.Popen([sys.executable, "-c", STARTER, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    url, process = owner.stdout.readline().split()
    with neo4j.GraphDatabase.driver(url, auth=("neo4j", "long enough")) as driver:
        driver.verify_connectivity()
    with (
        neo4j.GraphDatabase.driver(url, auth=("neo4j", "wrong one")) as driver,
        pytest.raises(neo4j.exceptions.AuthError),
    ):
        driver.verify_connectivity()
    owner.kill()
    owner.wait()

    assert ended_soon(int(process))
