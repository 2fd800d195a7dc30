"""The compose file starts what the documents say, and nothing in it moves by itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.neo4j_server import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
POM = (ROOT / "docker" / "neo4j-local" / "pom.xml").read_text(encoding="utf-8")
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?")
each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def test_it_starts_the_stores():
    """The graph, the vectors and the ledger."""
    assert set() == {"neo4j", "chroma", "postgres"} - set(SERVICES)


@each_service
def test_every_image_is_pinned(name: str):
    """A version with at least two numbers, never `latest`; what is built here needs none."""
    service = SERVICES[name]

    assert "build" in service or PINNED.fullmatch(service["image"])


@each_service
def test_every_service_has_a_healthcheck(name: str):
    """Others may wait for it, and `up --wait` means something."""
    check = SERVICES[name]["healthcheck"]

    assert "CMD" == check["test"][0]
    assert {"interval", "timeout", "retries"} <= set(check)


@each_service
def test_nothing_listens_beyond_this_machine(name: str):
    """A published port is bound to the loopback address."""
    assert [] == [port for port in SERVICES[name].get("ports", []) if not str(port).startswith("127.0.0.1:")]


@each_service
def test_every_service_that_waits_waits_for_health(name: str):
    """Started is not the same as ready."""
    waits = SERVICES[name].get("depends_on", {})

    assert [] == [other for other in waits if waits[other]["condition"] != "service_healthy"]


def test_data_lives_in_named_volumes():
    """All that are used are declared, and each of the stores has one."""
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}

    assert set(COMPOSE["volumes"]) == {volume for volume in used if not volume.startswith(".")}


def test_the_container_and_the_jars_are_the_same_neo4j():
    """The tests start the version that the compose file pins."""
    version = re.search(r"<neo4j.version>(.+)</neo4j.version>", POM)

    assert version and f"neo4j:{version[1]}-community" == SERVICES["neo4j"]["image"]


def test_passwords_have_no_default():
    """Nobody runs it with a password that the whole world knows."""
    text = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
    variables = re.findall(r"\$\{(\w+_PASSWORD)([^}]*)\}", text)

    assert variables
    assert [] == [name for name, rest in variables if not rest.startswith(":?")]
