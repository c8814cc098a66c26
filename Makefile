# Everything a developer runs; `make check` is what has to pass before a commit lands.
PYTHON ?= .venv/bin/python

.PHONY: check lint test format docs notebooks kernels browser screenshot pictures site bench fuzz mutants help

check: lint ## lint, types and tests
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest -q -n 2

lint: ## what ruff finds, and whether the code has its form
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

test: ## tests with branch coverage
	$(PYTHON) -m pytest -q -n 2 --cov --cov-report=term

format: ## put the code into its form
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

docs: ## run every example of the README, of docs/ and of the docstrings
	$(PYTHON) -m pytest -q README.md docs autograd nn

notebooks: ## execute the notebooks and write them; the tests compare them (pytest -m notebooks)
	$(PYTHON) notebooks/execute.py

kernels: ## all rows and random programs in compiled code, and what else takes long; the suite has a few
	$(PYTHON) -m pytest -q -n 2 -m kernels

browser: ## what a reader sees and does, in Chromium and JupyterLab
	$(PYTHON) -m pytest -q -m browser

screenshot: ## the pictures of pages in the README and docs/
	$(PYTHON) docs/screenshot.py

pictures: ## write the drawn pictures of the README and docs/
	$(PYTHON) docs/pictures.py

site: ## build the documentation site into build/site; needs the extra `site` and npm
	$(PYTHON) docs/site/build.py

bench: ## print figures of docs/measured.md and docs/trust.md, and write docs/figures.md
	$(PYTHON) -m benchmarks eager
	$(PYTHON) -m benchmarks accuracy
	$(PYTHON) -m benchmarks compiled --write docs/figures.md
	$(PYTHON) -m benchmarks drawing
	$(PYTHON) -m benchmarks stepping
	$(PYTHON) -m benchmarks trust

fuzz: ## random graphs against 60 digits, fractions, dual numbers, PyTorch and JAX; SEED=n for others
	$(PYTHON) -m benchmarks fuzz --peers --seed $(or $(SEED),0)

mutants: ## the source broken in 300 places, one at a time: does a test fail? SEED=n for others, PACKAGE=autograd/compile
	$(PYTHON) -m benchmarks mutants --seed $(or $(SEED),0) $(if $(PACKAGE),--package $(PACKAGE))

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
