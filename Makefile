.DEFAULT_GOAL := help
PORTS ?= 8440
STATE ?= .portal

.PHONY: help setup run demo protos rules properties timing check test bench faults clean lock

PYTHON ?= python3
BIN := .venv/bin
CODE := shared services web operations deploy benchmarks tests

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

.venv/.ready: requirements/development.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip --quiet install uv
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python $<
	@touch $@

PROTOS := $(shell find shared/contracts -name '*.proto')

shared/contracts/portal.binpb: .venv/.ready $(PROTOS)
	$(BIN)/python -m deploy.contracts

shared/contracts/openapi.json: shared/contracts/portal.binpb deploy/openapi.py shared/errors.py $(wildcard services/*/policies.py)
	$(BIN)/python -m deploy.openapi

protos: shared/contracts/portal.binpb shared/contracts/openapi.json ## the code and OpenAPI made from the gRPC contracts

.venv/bin/portal: .venv/.ready
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s" -m operations.main "$$@"\n' "$(CURDIR)" "$(CURDIR)/$(BIN)/python" > $@
	@chmod +x $@

# Compiled once here, and not by five services at the same time at their first start.
.venv/.compiled: .venv/.ready shared/contracts/portal.binpb
	@$(BIN)/python -c 'import operations.seed, services.identity.main, services.consent.main, services.messaging.main, \
		services.documents.main, services.billing.main, web.main, holidays.countries, stripe'
	@touch $@

rules: setup ## docs/rules.md from docstrings and tests, docs/roles.md from the tables of policies
	$(BIN)/python -m deploy.tables.main

setup: .venv/.ready .venv/bin/portal protos .venv/.compiled ## the Python environment from the hashed lock, and the generated code

run: setup ## the whole portal on this machine; a second one beside it: make run STATE=.portal-2 PORTS=9000
	@$(BIN)/portal run --ports $(PORTS) --state $(STATE)

demo: setup ## the main job from end to end, on a portal of its own
	@$(BIN)/python -m operations.demo.main

check: setup ## format, lint, types, import contracts, gRPC contracts, generated tables
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/python -m deploy.contract_checks
	$(BIN)/python -m deploy.tables.main check

properties: setup ## the property test of the windows of access, with 100,000 examples
	$(BIN)/python -m pytest --timeout 0 --hypothesis-profile properties --hypothesis-show-statistics \
		tests/unit/services/consent/domain/test_windows_against_model.py

timing: setup ## what sign-in and recovery tell of who has an account: 10,000 tries a route, AUC into .portal/reports/timing.json
	@$(BIN)/python -m pytest -q --timeout 0 --tries $(or $(TRIES),10000) tests/integration/services/identity/test_timing.py

test: check ## check, then all tests
	@$(BIN)/python -m deploy.browser
	@$(BIN)/python -m deploy.stripe_mock
	$(BIN)/python -m pytest -n 3 --dist loadfile $(addprefix tests/,architecture contract unit integration)
	$(BIN)/python -m pytest tests/faults tests/e2e

bench: setup ## ratios beside other tools; parts of it: make bench ONLY=append,replay ROUNDS=3 SECONDS=1 SIZE=50000
	@$(BIN)/python -m benchmarks.main $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(SIZE),--size $(SIZE)) \
		$(if $(STORED),--stored $(STORED)) $(if $(REPLAYED),--replayed $(REPLAYED))

faults: setup ## every promise under fire, and planted bugs; make faults SEED=… STORM=20 CALLS=5 TRIALS=50 PAYMENTS=5 RECORDS=20000
	@$(BIN)/python -m tests.faults.main $(if $(SEED),--seed $(SEED)) $(if $(STORM),--seconds $(STORM)) \
		$(if $(CALLS),--calls $(CALLS)) $(if $(TRIALS),--trials $(TRIALS)) $(if $(PAYMENTS),--payments $(PAYMENTS)) \
		$(if $(RECORDS),--records $(RECORDS))

lock: setup ## write the locks anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes pyproject.toml -o requirements/production.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes pyproject.toml \
		--group local --group dev -o requirements/development.lock
	cd deploy/kafka && ../../$(BIN)/jgo --resolver python --cache-dir ../../.portal/jars lock

clean: ## remove what was made, the data of the portal included
	rm -rf .venv .portal .mypy_cache .ruff_cache .pytest_cache .hypothesis
