# Everything a developer runs; `make check` is what has to pass before a commit lands.
PYTHON ?= .venv/bin/python

.PHONY: check test format docs notebooks bench fuzz

check: ## lint, types and tests
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest -q -n 2

test: ## tests with branch coverage
	$(PYTHON) -m pytest -q -n 2 --cov --cov-report=term

format: ## put the code into its form
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

docs: ## run every example of the README and of the docstrings
	$(PYTHON) -m pytest -q README.md autograd nn

notebooks: ## execute the notebooks
	@ls notebooks/*.ipynb 2>/dev/null || echo "there are no notebooks yet"

bench: ## print the tables of the README
	$(PYTHON) -m benchmarks eager
	$(PYTHON) -m benchmarks accuracy
	$(PYTHON) -m benchmarks compiled

fuzz: ## random graphs against 60 digits, fractions, dual numbers, PyTorch and JAX; SEED=n for others
	$(PYTHON) -m benchmarks fuzz --peers --seed $(or $(SEED),0)
