# Every target works on a fresh clone: it builds the environment it needs first.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := app scripts tests clients/python
# Without Node, all but the lint of the contract can be tested; CI has it.
NODE := $(shell command -v npx)
NODE_TESTS := tests/gates/test_lint.py tests/gates/test_bad_input.py tests/gates/test_workflows.py \
	tests/gates/test_spectral.py tests/gates/test_score.py
# Java knows no registry that every machine may ask; Debian brings what the client's own pinned tools lack.
JAVA_PACKAGES := libhttpmime-java libjakarta-annotation-api-java
# Two at once would stand in each other's way; `make --jobs` may want both.
debian = flock $(VENV) sh -c "apt-get update -qq && apt-get install -qq -y $(1) >/dev/null"
export PYTHONPATH := .
# The tests start hundreds of processes; what one has compiled the next ones read, whatever the shell says of it.
unexport PYTHONDONTWRITEBYTECODE
# No tool asks the network for anything while it checks.
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

##@ Use it

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(VENV)/.runtime ## Start the service on PORT (8000): database, migrations and demo data included
	$(BIN)/python -m app

.PHONY: worker
worker: $(VENV)/.runtime ## Start one more worker for jobs; the service starts JOB_WORKERS (1) itself
	$(BIN)/python -m app.jobs

.PHONY: sandbox
sandbox: $(VENV)/.runtime ## Start the service on PORT (8001) with a throw-away database, a fixed clock and a reset
	$(BIN)/python -m scripts.sandbox

.PHONY: demo-data
demo-data: $(VENV)/.runtime ## Write a small believable publication into an empty database
	$(BIN)/python -m scripts.demo_data

# Only from the command line of make: many shells have a USERNAME of their own.
given = $(if $(filter command,$(firstword $(origin $(1)))),$($(1)))

.PHONY: admin
admin: $(VENV)/.runtime ## Make somebody an administrator: USERNAME=ada EMAIL=ada@example.org; asks for the password
	@$(BIN)/python -m app.accounts '$(call given,USERNAME)' '$(call given,EMAIL)'

.PHONY: migrate
migrate: $(VENV)/.runtime ## Bring the database to the newest schema
	$(BIN)/python -m app.migrations

.PHONY: plan
plan: $(VENV)/.runtime ## Print what happens to a request for an operation: OP=createPost
	@$(BIN)/python -m app.runtime '$(OP)'

.PHONY: settings
settings: $(VENV)/.runtime ## Print every setting with its origin, secrets masked
	$(BIN)/python -m app.settings

##@ Prove it

.PHONY: check
check: ## Everything CI runs
	@.ci/run

.PHONY: test
test: $(VENV)/.dev $(if $(NODE),node_modules/.done) ## Run the tests on real PostgreSQL, in parallel
	$(BIN)/python -m pytest $(if $(NODE),,$(NODE_TESTS:%=--ignore=%))

.PHONY: contract-test
contract-test: $(VENV)/.dev ## Let schemathesis prove the running service against the contract
	$(BIN)/python -m scripts.contract_test

.PHONY: contract-mutants
contract-mutants: $(VENV)/.dev ## Plant disagreements between contract and service one at a time; fail when one survives
	$(BIN)/python -m tests.mutants

.PHONY: differential
differential: $(VENV)/.dev ## Ask the compiled server and the generated one the same, COUNT (100000) times; fail when they differ unexplained
	@$(BIN)/python -m tests.differential $(COUNT)

.PHONY: jobs-test
jobs-test: $(VENV)/.dev ## Kill workers 20 times among 1,000 jobs; fail when one is lost, stuck or done twice
	@$(BIN)/python -m tests.workers

.PHONY: crowd
crowd: $(VENV)/.dev ## Let hundreds write, like, retry, judge and delete at once for 20 seconds; fail when a counter lies or a line is lost
	CROWD_SECONDS=20 $(BIN)/python -m pytest -n 0 tests/operations/test_crowd.py

.PHONY: workflows
workflows: $(VENV)/.dev node_modules/.done ## Walk the journeys of openapi/workflows/ through the real service
	@$(BIN)/python -m scripts.workflows

.PHONY: coverage
coverage: $(VENV)/.dev ## Show what of the contract the runs have seen, and fail below all of it
	$(BIN)/python -m scripts.coverage

.PHONY: second-opinion
second-opinion: $(VENV)/.dev ## Let openapi-core judge the traffic that `make test` has recorded
	$(BIN)/python -m scripts.coverage.opinion

.PHONY: browser-test
browser-test: $(VENV)/.dev node_modules/.done ## Open the pages in a real browser; installs Debian's Chromium where it may
	@command -v chromium >/dev/null || { $(call debian,chromium); }
	$(BIN)/python -m pytest tests/browser

.PHONY: lint
lint: $(VENV)/.dev node_modules/.done ## Lint the contract, the code and the house rules
	@$(BIN)/python -m scripts.lint
	@$(BIN)/python -m scripts.releases diff
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/python -m scripts.house_rules

.PHONY: score
score: $(VENV)/.dev node_modules/.done ## Show how easily a program finds its way through the contract; fail when it got harder
	@$(BIN)/python -m scripts.lint.score

.PHONY: types
types: $(VENV)/.dev ## Check that every handler fits its operation, and all other types
	@$(BIN)/python -m scripts.house_rules handlers
	$(BIN)/basedpyright

.PHONY: drift
drift: $(VENV)/.dev node_modules/.done ## Fail when generated code or migrations no longer follow their source
	$(BIN)/python -m scripts.generate --check
	$(BIN)/python -m scripts.releases changelog --check
	$(BIN)/python -m scripts.check_migrations

.PHONY: guide
guide: $(VENV)/.dev node_modules/.done ## Do what docs/guide.md says: from a clone to another running service
	$(BIN)/python -m scripts.try_guide

.PHONY: bench
bench: $(VENV)/.dev $(if $(SCALE),,build/connexion/.done scripts/bench/fastify/node_modules/.done) ## Measure the service against raw ASGI, the tutorial style, Connexion and Fastify; SCALE=1000000 a large publication against a small one
	$(if $(SCALE),,$(BIN)/python -m pytest tests/competitors)
	$(BIN)/python -m scripts.bench$(if $(SCALE),.scale $(SCALE))
	$(if $(SCALE),,$(BIN)/python -m scripts.bench.media)

##@ Publish it

.PHONY: clients
clients: $(VENV)/.dev $(VENV)/.clients node_modules/.done ## Build the client libraries from the contract; installs Debian's Java where it may
	@command -v javac >/dev/null && dpkg -s $(JAVA_PACKAGES) >/dev/null 2>&1 || [ $$(id -u) != 0 ] || ! command -v apt-get >/dev/null \
		|| { $(call debian,default-jdk-headless $(JAVA_PACKAGES)); }
	$(BIN)/python -m scripts.clients build

.PHONY: client-test
client-test: $(VENV)/.dev ## Let every client run the scenario of clients/SCENARIO.md against the running service
	@# As a prerequisite it would be made first, and the rest of this long target after all others of `make --jobs`.
	@$(MAKE) --no-print-directory clients
	$(BIN)/python -m scripts.clients run
	$(BIN)/python -m pytest tests/clients

.PHONY: diff
diff: $(VENV)/.dev node_modules/.done ## Fail when the contract breaks clients of its last release unannounced
	$(BIN)/python -m scripts.releases diff

.PHONY: release
release: $(VENV)/.dev node_modules/.done ## Record the contract as published today, and its changelog
	$(BIN)/python -m scripts.releases release

.PHONY: publish
publish: diff clients ## Write what goes out into dist/: contract, reference, changelog, clients, checksums
	$(BIN)/python -m scripts.publish

##@ Change it

.PHONY: generate
generate: $(VENV)/.dev node_modules/.done ## Derive generated/ and the contract's changelog from openapi/
	$(BIN)/python -m scripts.generate
	$(BIN)/python -m scripts.releases changelog

.PHONY: examples
examples: $(VENV)/.dev ## Record the examples of the contract from the sandbox
	$(BIN)/python -m scripts.examples

.PHONY: new
new: $(VENV)/.dev ## Make a clone the start of another service: NAME=museum CONTRACT=examples/museum (docs/guide.md)
	$(BIN)/python -m scripts.new_service "$(NAME)" "$(CONTRACT)"

.PHONY: format
format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

.PHONY: lock
lock: $(VENV)/.dev ## Pin the newest allowed versions of all dependencies
	$(BIN)/uv pip compile --upgrade --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --output-file requirements.lock requirements.in
	$(BIN)/uv pip compile --upgrade --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --output-file requirements-dev.lock requirements-dev.in
	$(BIN)/uv pip compile --upgrade --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --output-file requirements-clients.lock requirements-clients.in
	$(BIN)/uv pip compile --upgrade --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --output-file requirements-bench.lock requirements-bench.in

.PHONY: clean
clean: ## Remove what the targets made, the database included
	rm -rf $(VENV) node_modules scripts/bench/fastify/node_modules build dist .data .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock | $(VENV)/bin/python
	$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/python
	$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.runtime

$(VENV)/.clients: requirements-clients.lock | $(VENV)/bin/python
	$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-clients.lock
	@touch $@

node_modules/.done: package-lock.json
	npm ci --silent
	@touch $@

# What the service is measured against needs nothing of the service's, and the service nothing of it.
build/connexion/.done: requirements-bench.lock
	$(PYTHON) -m venv --clear build/connexion
	build/connexion/bin/pip install -qq --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

scripts/bench/fastify/node_modules/.done: scripts/bench/fastify/package-lock.json
	npm ci --silent --prefix scripts/bench/fastify
	@touch $@
