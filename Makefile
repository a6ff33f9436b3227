# The book's commands. Each creates what it needs in .venv and is quick the second time.
#   make book      set up, run every notebook, build the site into _build/html     (the main job)
#   make test      set up, run every test, every notebook under nbval, and drive the site in a browser
#   make check     the fast part of the tests, about two minutes
#   make lab       open JupyterLab on the chapters
#   make homework  write releases, keys and rubrics into _build/homework; VARIANT=word: a private variant
#   make grade CHAPTER=01_graphical_models   grade what was handed in; VARIANT=word: that variant
#   make bench     time the algorithms against their peers
#   make clean     remove everything that was built (the data cache, .venv and _build/homework*, with its grades, stay)
PYTHON ?= python3
BIN := .venv/bin
SITE := _build/html/index.html
SOURCES := _toc.yml $(wildcard lib/*.py lib/datasets/*.py data/*)  # the family tree reads the table of contents
# Two workers with one thread each do more than one worker with two. A notebook stays with one worker, and so does the browser. Long notebooks come first.
ON_BOTH_CORES := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2

.PHONY: book test check lab homework grade bench clean
.DELETE_ON_ERROR:

book: .venv/.book _build/.executed-with
	@BOOK_STATIC=1 $(BIN)/jupyter-book build . -n -W --keep-going || \
	  { rm -rf _build/.doctrees _build/html/.doctrees;  \
	    echo "What went wrong, from above:"; cat _build/warnings.log; exit 1; }  # without .doctrees the next run looks at all pages again
	@echo "The book is ready. Open  file://$(CURDIR)/$(SITE)"

test: .venv/.test book
	$(ON_BOTH_CORES) --dist loadgroup tests
	$(ON_BOTH_CORES) --dist loadfile --no-loadscope-reorder --nbval-lax -p no:cacheprovider \
	  $$($(BIN)/python -m lib.execution)

check: .venv/.test
	$(ON_BOTH_CORES) -m "not slow and not browser" tests

lab: .venv/.book
	$(BIN)/jupyter lab --notebook-dir=chapters

homework: .venv/.book
	@$(BIN)/python -m lib.handout

grade: .venv/.book
	@$(BIN)/python -m lib.grading $(CHAPTER)

bench: .venv/.test
	@for bench in tests/benchmarks/bench_*.py; do \
	  echo "== $$bench"; $(BIN)/python -m tests.benchmarks.$$(basename $$bench .py) || exit 1; done

clean:
	@mkdir -p _build
	find _build -mindepth 1 -maxdepth 1 ! -name "homework*" -exec rm -rf {} +
	@rmdir _build 2>/dev/null || true  # it stays if it holds homework
	rm -rf .pytest_cache .ruff_cache *.egg-info .coverage

# lib/install.py says in one line what is wrong when it cannot go on.
.venv/.book: requirements.txt pyproject.toml
	@$(PYTHON) lib/install.py requirements.txt
	@touch $@

.venv/.test: .venv/.book tests/requirements.txt
	@$(PYTHON) lib/install.py tests/requirements.txt
	@touch $@

# Executed notebooks are cached by their own text; when the library changes, they all run again.
_build/.executed-with: $(SOURCES) requirements.txt
	@mkdir -p _build && rm -rf _build/.jupyter_cache _build/.doctrees _build/html/.doctrees
	@touch $@
